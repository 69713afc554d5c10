-- Per cell: how many prompts were asked, how many answers came, how many were kept.
WITH asked AS (
    SELECT language, strategy, count(*) AS prompts
    FROM lake.prompts
    GROUP BY language, strategy
),

answered AS (
    SELECT language, strategy, count(*) AS responses, count(*) FILTER (outcome = 'ok') AS kept
    FROM lake.responses
    GROUP BY language, strategy
)

SELECT
    asked.language,
    asked.strategy,
    asked.prompts,
    coalesce(answered.responses, 0) AS responses,
    coalesce(answered.kept, 0) AS kept,
    round(answered.kept / nullif(answered.responses, 0), 6) AS kept_share
FROM asked
LEFT JOIN answered ON answered.language = asked.language AND answered.strategy = asked.strategy
ORDER BY asked.language, asked.strategy
