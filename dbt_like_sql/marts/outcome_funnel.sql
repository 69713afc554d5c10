-- What became of the rows, stage by stage: raw rows of the sources, seeds of the cells, answers of the teachers,
-- examples. Within a stage, cell and source the rows add up to what the stage was given.
SELECT
    CASE stage WHEN 'seeds' THEN 1 ELSE 2 END AS stage_order,
    CASE stage WHEN 'seeds' THEN 'raw rows' ELSE 'seeds' END AS stage,
    language,
    strategy,
    source,
    NULL AS teacher,
    reason AS outcome,
    sum(rows)::BIGINT AS rows
FROM lake.counts
WHERE counts.stage IN ('seeds', 'prompts')
GROUP BY counts.stage, language, strategy, source, reason

UNION ALL

SELECT 3, 'answers', language, strategy, source, teacher, outcome, count(*)
FROM lake.responses
GROUP BY ALL

UNION ALL

SELECT 4, 'examples', language, strategy, source, teacher, outcome, sum(rows)::BIGINT
FROM marts.example_counts
GROUP BY ALL

ORDER BY stage_order, language, strategy, source, teacher, rows DESC, outcome
