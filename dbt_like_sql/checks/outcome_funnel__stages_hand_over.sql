-- What a stage keeps is what the next one is given: seeds, prompts, accepted answers, examples.
WITH stages AS (
    SELECT
        language,
        strategy,
        sum(rows) FILTER (stage_order = 1 AND outcome = 'kept') AS seeds_kept,
        sum(rows) FILTER (stage_order = 2) AS seeds_seen,
        sum(rows) FILTER (stage_order = 2 AND outcome = 'kept') AS prompts_made,
        sum(rows) FILTER (stage_order = 3) / nullif(count(DISTINCT teacher) FILTER (stage_order = 3), 0) AS answered,
        coalesce(sum(rows) FILTER (stage_order = 3 AND outcome = 'ok'), 0) AS accepted,
        coalesce(sum(rows) FILTER (stage_order = 4), 0) AS examples
    FROM marts.outcome_funnel
    GROUP BY language, strategy
)

SELECT *
FROM stages
WHERE (seeds_seen IS NOT NULL AND coalesce(seeds_kept, 0) <> seeds_seen)
    OR (answered IS NOT NULL AND coalesce(prompts_made, 0) <> answered)
    OR accepted <> examples
