-- Raw rows that became no seed, by source and reason. The same raw rows are judged for several cells: those of a language
-- for each of its strategies that take them in their own language, and those in English for every language that they are
-- carried over into. So the largest count of these is taken; rows in languages that a cell does not want are no loss.
WITH counted AS (
    SELECT
        funnel.source,
        funnel.outcome AS reason,
        funnel.language,
        coalesce(strategies.english, false) AS english,
        max(funnel.rows) AS rows
    FROM marts.outcome_funnel AS funnel
    LEFT JOIN lake.strategies AS strategies ON strategies.strategy = funnel.strategy
    WHERE funnel.stage_order = 1 AND funnel.outcome NOT IN ('kept', 'other_language')
    GROUP BY funnel.source, funnel.outcome, funnel.language, english
),

read_once AS (
    SELECT source, reason, CASE WHEN english THEN max(rows) ELSE sum(rows) END AS rows
    FROM counted
    GROUP BY source, reason, english
)

SELECT source, reason, sum(rows)::BIGINT AS rows
FROM read_once
GROUP BY source, reason
HAVING sum(rows) > 0
ORDER BY rows DESC, source, reason
