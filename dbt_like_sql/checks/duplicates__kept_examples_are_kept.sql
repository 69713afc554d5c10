-- Each example that is left out exists, and the one that is kept in its place exists and is not left out itself.
SELECT duplicates.id, duplicates.kept_id
FROM lake.duplicates AS duplicates
LEFT JOIN lake.examples AS examples ON examples.id = duplicates.id
LEFT JOIN lake.examples AS kept ON kept.id = duplicates.kept_id
WHERE examples.id IS NULL
    OR kept.id IS NULL
    OR duplicates.kept_id IN (SELECT id FROM lake.duplicates)
