-- Every example has exactly one final outcome, and there are no others.
SELECT coalesce(examples.source, curated.source) AS source, examples.id AS example, curated.id AS curated
FROM lake.examples AS examples
FULL JOIN marts.curated AS curated ON curated.id = examples.id
WHERE examples.id IS NULL OR curated.id IS NULL
