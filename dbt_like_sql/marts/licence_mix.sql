-- Rows by the set of licences they carry: of the seed, of the examples shown, of the template, of the teacher. Beside
-- the kept rows those that the policy of the release keeps out.
WITH counted AS (
    SELECT
        licences,
        coalesce(sum(rows) FILTER (outcome = 'ok'), 0)::BIGINT AS kept,
        coalesce(sum(rows) FILTER (outcome = 'outside_policy'), 0)::BIGINT AS left_out
    FROM marts.example_counts
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
