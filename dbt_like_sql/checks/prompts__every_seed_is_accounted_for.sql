-- Each seed of a cell became a prompt or was counted with the reason why not.
WITH seeds AS (
    SELECT language, strategy, source, count(*) AS seeds
    FROM lake.seeds
    GROUP BY ALL
),

counted AS (
    SELECT language, strategy, source, sum(rows) AS counted, sum(rows) FILTER (reason = 'kept') AS kept
    FROM lake.counts
    WHERE stage = 'prompts'
    GROUP BY ALL
),

prompts AS (
    SELECT language, strategy, source, count(*) AS prompts
    FROM lake.prompts
    GROUP BY ALL
)

SELECT *
FROM seeds
FULL JOIN counted USING (language, strategy, source)
FULL JOIN prompts USING (language, strategy, source)
WHERE seeds IS DISTINCT FROM counted OR coalesce(kept, 0) <> coalesce(prompts, 0)
