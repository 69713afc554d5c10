-- What duplicates cost, per source and cell: by kind, and as a share of the examples.
SELECT
    source,
    language,
    strategy,
    sum(rows)::BIGINT AS examples,
    sum(exact_pair)::BIGINT AS exact_pair,
    sum(exact_prompt)::BIGINT AS exact_prompt,
    sum(near)::BIGINT AS near,
    coalesce(sum(rows) FILTER (outcome = 'duplicate'), 0)::BIGINT AS duplicates,
    round(duplicates / sum(rows), 6) AS share
FROM marts.example_counts
GROUP BY source, language, strategy
ORDER BY duplicates DESC, source, language, strategy
