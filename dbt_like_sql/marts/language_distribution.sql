-- Kept rows per target language: the table of the dataset card. The shares are of the sum of this very table.
SELECT
    asked.language,
    count(examples.id) AS rows,
    round(coalesce(count(examples.id) / nullif(sum(count(examples.id)) OVER (), 0), 0), 6) AS share,
    count(examples.id) FILTER (examples.strategy = 'generate') AS generate_rows,
    count(examples.id) FILTER (examples.strategy = 'respond') AS respond_rows,
    count(examples.id) FILTER (examples.strategy = 'translate') AS translate_rows
FROM (SELECT DISTINCT language FROM lake.prompts) AS asked
LEFT JOIN lake.examples AS examples ON examples.language = asked.language
GROUP BY asked.language
ORDER BY rows DESC, asked.language
