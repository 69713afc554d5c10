-- Each example that the policy keeps out exists, and is named once.
SELECT licenses.id, count(*) AS times
FROM lake.licenses AS licenses
LEFT JOIN lake.examples AS examples ON examples.id = licenses.id
GROUP BY licenses.id
HAVING count(*) > 1 OR bool_or(examples.id IS NULL)
