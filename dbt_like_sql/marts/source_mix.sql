-- Rows per language, strategy, source and teacher: what was answered, what of it was accepted, what is kept.
WITH counted AS (
    SELECT
        language,
        strategy,
        source,
        teacher,
        coalesce(sum(rows) FILTER (stage_order = 3), 0)::BIGINT AS answers,
        coalesce(sum(rows) FILTER (stage_order = 4), 0)::BIGINT AS accepted,
        coalesce(sum(rows) FILTER (stage_order = 4 AND outcome = 'duplicate'), 0)::BIGINT AS duplicates,
        coalesce(sum(rows) FILTER (stage_order = 4 AND outcome = 'contaminated'), 0)::BIGINT AS contaminated,
        coalesce(sum(rows) FILTER (stage_order = 4 AND outcome = 'outside_policy'), 0)::BIGINT AS outside_policy,
        coalesce(sum(rows) FILTER (stage_order = 4 AND outcome = 'ok'), 0)::BIGINT AS kept
    FROM marts.outcome_funnel
    WHERE stage_order >= 3
    GROUP BY language, strategy, source, teacher
)

SELECT
    language,
    strategy,
    source,
    teacher,
    answers,
    accepted,
    duplicates,
    contaminated,
    outside_policy,
    kept AS rows,
    round(coalesce(kept / nullif(sum(kept) OVER (), 0), 0), 6) AS share
FROM counted
ORDER BY kept DESC, language, strategy, source, teacher
