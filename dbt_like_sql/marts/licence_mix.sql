-- Kept rows by the set of licences they carry: of the seed, of the examples shown, of the teacher.
SELECT
    array_to_string(licenses, ' + ') AS licences,
    count(*) AS rows,
    round(count(*) / sum(count(*)) OVER (), 6) AS share,
    list_has_any(licenses, ['cc-by-nc-4.0']) AS non_commercial,
    list_has_any(licenses, ['unlicensed', 'unknown']) AS unclear
FROM lake.examples
GROUP BY licenses
ORDER BY rows DESC, licences
