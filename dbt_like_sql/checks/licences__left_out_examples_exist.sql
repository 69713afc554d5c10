-- Each example that the policy keeps out exists, and is named once.
SELECT licences.id, count(*) AS times
FROM lake.licences AS licences
LEFT JOIN lake.examples AS examples ON examples.id = licences.id
GROUP BY licences.id
HAVING count(*) > 1 OR bool_or(examples.id IS NULL)
