-- Lengths of the kept rows per language. Tokens are the teacher's own; a prompt's tokens are those of the whole
-- request that was sent, template included.
WITH lengths AS (
    SELECT language, teacher, unnest([
        {
            'measure': 'prompt_chars', 'rows': count(prompt_chars),
            'shortest': min(prompt_chars), 'longest': max(prompt_chars), 'mean': avg(prompt_chars),
            'quantiles': quantile_cont(prompt_chars, [0.1, 0.5, 0.9, 0.99])
        },
        {
            'measure': 'response_chars', 'rows': count(response_chars),
            'shortest': min(response_chars), 'longest': max(response_chars), 'mean': avg(response_chars),
            'quantiles': quantile_cont(response_chars, [0.1, 0.5, 0.9, 0.99])
        },
        {
            'measure': 'request_tokens', 'rows': count(prompt_tokens),
            'shortest': min(prompt_tokens), 'longest': max(prompt_tokens), 'mean': avg(prompt_tokens),
            'quantiles': quantile_cont(prompt_tokens, [0.1, 0.5, 0.9, 0.99])
        },
        {
            'measure': 'response_tokens', 'rows': count(response_tokens),
            'shortest': min(response_tokens), 'longest': max(response_tokens), 'mean': avg(response_tokens),
            'quantiles': quantile_cont(response_tokens, [0.1, 0.5, 0.9, 0.99])
        }
    ]) AS figures
    FROM marts.curated
    WHERE outcome = 'ok'
    GROUP BY language, teacher
)

SELECT
    language,
    teacher,
    figures.measure AS measure,
    figures.rows AS rows,
    figures.shortest AS shortest,
    figures.quantiles[1] AS p10,
    figures.quantiles[2] AS p50,
    figures.quantiles[3] AS p90,
    figures.quantiles[4] AS p99,
    figures.longest AS longest,
    round(figures.mean, 2) AS mean
FROM lengths
ORDER BY language, teacher, measure
