-- No source and no cell of 20 examples or more loses more than a set share of them as duplicates, half of them unless
-- POLYGLOT_MAX_DUPLICATE_SHARE says otherwise. marts.largest_clusters shows what was merged.
WITH parts AS (
    SELECT 'source ' || source AS part, id
    FROM lake.examples
    UNION ALL
    SELECT 'cell ' || language || '/' || strategy AS part, id
    FROM lake.examples
)

SELECT parts.part, count(*) AS examples, count(duplicates.id) AS left_out
FROM parts
LEFT JOIN lake.duplicates AS duplicates ON duplicates.id = parts.id
GROUP BY parts.part
HAVING count(*) >= 20 AND count(duplicates.id) > coalesce(getvariable('max_duplicate_share')::DOUBLE, 0.5) * count(*)
