-- What every answer ended as, per teacher: the outcome of the answer, and for accepted ones what curation made of it.
WITH ends AS (
    SELECT teacher, outcome, sum(rows)::BIGINT AS answers
    FROM marts.outcome_funnel
    WHERE stage_order = 4 OR (stage_order = 3 AND outcome <> 'ok')
    GROUP BY teacher, outcome
)

SELECT
    teacher,
    outcome,
    answers AS rows,
    round(answers / sum(answers) OVER (PARTITION BY teacher), 6) AS share
FROM ends
ORDER BY teacher, answers DESC, outcome
