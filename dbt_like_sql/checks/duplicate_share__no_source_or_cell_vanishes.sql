-- No source, and no cell, loses more than a set share of its examples to duplicates (POLYGLOT_MAX_DUPLICATE_SHARE, half
-- of them unless set). Where it does, something has probably merged what does not belong together: look at
-- marts.largest_clusters. Fewer than 50 examples are too few to tell.
WITH groups AS (
    SELECT 'source' AS what, source AS name, sum(examples) AS examples, sum(duplicates) AS duplicates
    FROM marts.duplicate_share
    GROUP BY source
    UNION ALL
    SELECT 'cell', language || '/' || strategy, sum(examples), sum(duplicates)
    FROM marts.duplicate_share
    GROUP BY language, strategy
)

SELECT what, name, examples, duplicates, round(duplicates / examples, 4) AS share
FROM groups
WHERE examples >= 50 AND duplicates > coalesce(getvariable('max_duplicate_share')::DOUBLE, 0.5) * examples
ORDER BY share DESC
