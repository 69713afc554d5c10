-- From raw row to kept row, per source. A source is read once for all cells and each raw row may become a seed in
-- several of them, so seeds can outnumber raw rows; each prompt is answered once per teacher.
WITH by_cell AS (
    SELECT source, language, strategy, sum(rows) AS raw_rows
    FROM marts.outcome_funnel
    WHERE stage_order = 1
    GROUP BY source, language, strategy
),

raw AS (
    SELECT source, max(raw_rows)::BIGINT AS raw_rows
    FROM by_cell
    GROUP BY source
),

later AS (
    SELECT
        source,
        coalesce(sum(rows) FILTER (stage_order = 1 AND outcome = 'kept'), 0)::BIGINT AS seeds,
        coalesce(sum(rows) FILTER (stage_order = 2 AND outcome = 'kept'), 0)::BIGINT AS prompts,
        coalesce(sum(rows) FILTER (stage_order = 3), 0)::BIGINT AS answers,
        coalesce(sum(rows) FILTER (stage_order = 4), 0)::BIGINT AS accepted,
        coalesce(sum(rows) FILTER (stage_order = 4 AND outcome = 'contaminated'), 0)::BIGINT AS contaminated,
        coalesce(sum(rows) FILTER (stage_order = 4 AND outcome = 'outside_policy'), 0)::BIGINT AS outside_policy,
        coalesce(sum(rows) FILTER (stage_order = 4 AND outcome = 'duplicate'), 0)::BIGINT AS duplicates,
        coalesce(sum(rows) FILTER (stage_order = 4 AND outcome = 'ok'), 0)::BIGINT AS kept
    FROM marts.outcome_funnel
    GROUP BY source
)

SELECT
    source,
    coalesce(raw_rows, 0) AS raw_rows,
    seeds,
    prompts,
    answers,
    accepted,
    contaminated,
    outside_policy,
    duplicates,
    kept,
    round(kept / nullif(answers, 0), 6) AS kept_share
FROM later
LEFT JOIN raw USING (source)
ORDER BY kept DESC, answers DESC, source
