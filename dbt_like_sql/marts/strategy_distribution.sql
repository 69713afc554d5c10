-- Per cell: how many prompts were made, how many answers came, how many were accepted, how many rows are kept.
SELECT
    language,
    strategy,
    coalesce(sum(rows) FILTER (stage_order = 2 AND outcome = 'kept'), 0)::BIGINT AS prompts,
    coalesce(sum(rows) FILTER (stage_order = 3), 0)::BIGINT AS responses,
    coalesce(sum(rows) FILTER (stage_order = 4), 0)::BIGINT AS accepted,
    coalesce(sum(rows) FILTER (stage_order = 4 AND outcome = 'ok'), 0)::BIGINT AS kept,
    round(kept / nullif(responses, 0), 6) AS kept_share
FROM marts.outcome_funnel
GROUP BY language, strategy
HAVING prompts > 0 OR responses > 0
ORDER BY language, strategy
