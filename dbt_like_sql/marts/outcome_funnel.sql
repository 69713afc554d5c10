-- What became of the rows, stage by stage: raw rows of the sources, seeds of the cells, answers of the teachers,
-- examples. Within a stage, cell and source the rows add up to what the stage was given. Answers are those that the
-- examples were made of: those of a teacher that is no longer enabled stay in lake.responses.
SELECT
    CASE stage WHEN 'seeds' THEN 1 WHEN 'prompts' THEN 2 ELSE 3 END AS stage_order,
    CASE stage WHEN 'seeds' THEN 'raw rows' WHEN 'prompts' THEN 'seeds' ELSE 'answers' END AS stage,
    language,
    strategy,
    source,
    teacher,
    reason AS outcome,
    sum(rows)::BIGINT AS rows
FROM lake.counts
GROUP BY counts.stage, language, strategy, source, teacher, reason

UNION ALL

SELECT 4, 'examples', language, strategy, source, teacher, outcome, sum(rows)::BIGINT
FROM marts.example_counts
GROUP BY ALL

ORDER BY stage_order, language, strategy, source, teacher, rows DESC, outcome
