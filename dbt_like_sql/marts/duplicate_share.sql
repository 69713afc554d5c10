-- What duplicates cost, per source and cell: by kind, and as a share of the examples.
WITH kinds AS (
    SELECT
        source,
        language,
        strategy,
        count(*) FILTER (reason = 'exact_pair') AS exact_pair,
        count(*) FILTER (reason = 'exact_prompt') AS exact_prompt,
        count(*) FILTER (reason = 'near') AS near
    FROM marts.curated
    WHERE outcome = 'duplicate'
    GROUP BY source, language, strategy
),

examples AS (
    SELECT source, language, strategy, sum(accepted)::BIGINT AS examples, sum(duplicates)::BIGINT AS duplicates
    FROM marts.source_mix
    GROUP BY source, language, strategy
)

SELECT
    source,
    language,
    strategy,
    examples.examples,
    coalesce(kinds.exact_pair, 0) AS exact_pair,
    coalesce(kinds.exact_prompt, 0) AS exact_prompt,
    coalesce(kinds.near, 0) AS near,
    examples.duplicates,
    round(examples.duplicates / nullif(examples.examples, 0), 6) AS share
FROM examples
LEFT JOIN kinds USING (source, language, strategy)
ORDER BY duplicates DESC, source, language, strategy
