-- Rows by the set of licences they carry: of the seed, of the examples shown, of the template, of the teacher. Beside
-- the kept rows those that the policy of the release keeps out. (Summing truth values takes half the time of FILTER.)
WITH counted AS (
    SELECT
        licences,
        sum((outcome = 'ok')::INTEGER)::BIGINT AS kept,
        sum((outcome = 'outside_policy')::INTEGER)::BIGINT AS left_out
    FROM marts.curated
    GROUP BY licences
)

SELECT
    licences,
    kept AS rows,
    round(coalesce(kept / nullif(sum(kept) OVER (), 0), 0), 6) AS share,
    regexp_matches(licences, '-nc(-| |$)') AS non_commercial,
    list_has_any(string_split(licences, ' + '), ['unlicensed', 'unknown', 'proprietary', 'other', '']) AS unclear,
    left_out
FROM counted
WHERE kept + left_out > 0
ORDER BY rows DESC, left_out DESC, licences
