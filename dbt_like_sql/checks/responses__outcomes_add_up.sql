-- Every prompt of a cell has exactly one outcome per teacher.
WITH asked AS (
    SELECT prompts.language, prompts.strategy, prompts.source, prompts.prompt_id, teachers.teacher
    FROM lake.prompts AS prompts
    CROSS JOIN (SELECT DISTINCT teacher FROM lake.responses) AS teachers
),

answered AS (
    SELECT language, strategy, prompt_id, teacher, count(*) AS outcomes
    FROM lake.responses
    GROUP BY ALL
)

SELECT language, strategy, source, teacher, prompt_id, coalesce(outcomes, 0) AS outcomes
FROM asked
FULL JOIN answered USING (language, strategy, prompt_id, teacher)
WHERE asked.prompt_id IS NULL OR coalesce(outcomes, 0) <> 1
