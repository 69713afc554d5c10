-- Kept rows by the set of licences they carry: of the seed, of the examples shown, of the teacher.
SELECT
    licences,
    count(*) AS rows,
    round(count(*) / sum(count(*)) OVER (), 6) AS share,
    list_has_any(string_split(licences, ' + '), ['cc-by-nc-4.0']) AS non_commercial,
    list_has_any(string_split(licences, ' + '), ['unlicensed', 'unknown']) AS unclear
FROM marts.curated
WHERE outcome = 'ok'
GROUP BY licences
ORDER BY rows DESC, licences
