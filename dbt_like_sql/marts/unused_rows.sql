-- Raw rows that became no seed, by source and reason. The same raw rows are judged for several cells: those of a language
-- for each of its strategies that take them in their own language, and those in English for every language that they are
-- translated into. So the largest count of these is taken; rows in languages that a cell does not want are no loss.
WITH counted AS (
    SELECT
        source,
        outcome AS reason,
        language,
        strategy = 'translate' AS translated,
        max(rows) AS rows
    FROM marts.outcome_funnel
    WHERE stage_order = 1 AND outcome NOT IN ('kept', 'other_language')
    GROUP BY source, outcome, language, translated
)

SELECT source, reason, (CASE WHEN translated THEN max(rows) ELSE sum(rows) END)::BIGINT AS rows
FROM counted
GROUP BY source, reason, translated
HAVING max(rows) > 0
ORDER BY rows DESC, source, reason
