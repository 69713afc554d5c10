-- What a stage keeps is what the next one is given: seeds kept are seeds looked at, prompts made are prompts answered.
WITH stages AS (
    SELECT
        language,
        strategy,
        sum(rows) FILTER (stage_order = 1 AND outcome = 'kept') AS seeds_kept,
        sum(rows) FILTER (stage_order = 2) AS seeds_seen,
        sum(rows) FILTER (stage_order = 2 AND outcome = 'kept') AS prompts_made,
        sum(rows) FILTER (stage_order = 3) / nullif(count(DISTINCT teacher), 0) AS prompts_answered
    FROM marts.outcome_funnel
    GROUP BY ALL
)

SELECT *
FROM stages
WHERE (seeds_seen IS NOT NULL AND coalesce(seeds_kept, 0) <> seeds_seen)
    OR (prompts_answered IS NOT NULL AND coalesce(prompts_made, 0) <> prompts_answered)
