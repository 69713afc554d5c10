-- Lengths of the kept rows per language. Tokens are the teacher's own; a prompt's tokens are those of the whole
-- request that was sent, template included.
WITH lengths AS (
    SELECT language, teacher, 'prompt_chars' AS measure, prompt_chars AS length
    FROM lake.examples
    UNION ALL
    SELECT language, teacher, 'response_chars', response_chars
    FROM lake.examples
    UNION ALL
    SELECT language, teacher, 'request_tokens', prompt_tokens
    FROM lake.examples
    UNION ALL
    SELECT language, teacher, 'response_tokens', response_tokens
    FROM lake.examples
)

SELECT
    language,
    teacher,
    measure,
    count(length) AS rows,
    min(length) AS shortest,
    quantile_cont(length, 0.10) AS p10,
    quantile_cont(length, 0.50) AS p50,
    quantile_cont(length, 0.90) AS p90,
    quantile_cont(length, 0.99) AS p99,
    max(length) AS longest,
    round(avg(length), 2) AS mean
FROM lengths
GROUP BY language, teacher, measure
ORDER BY language, teacher, measure
