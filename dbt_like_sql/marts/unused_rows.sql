-- Raw rows that became no seed, by source and reason. The same raw rows are judged for every cell that the source
-- feeds, so the largest count of a cell is taken; rows in languages that a cell does not want are no loss and left out.
WITH cells AS (
    SELECT source, outcome AS reason, language, strategy, sum(rows)::BIGINT AS rows
    FROM marts.outcome_funnel
    WHERE stage_order = 1 AND outcome NOT IN ('kept', 'other_language')
    GROUP BY source, outcome, language, strategy
)

SELECT source, reason, max(rows) AS rows
FROM cells
GROUP BY source, reason
HAVING max(rows) > 0
ORDER BY rows DESC, source, reason
