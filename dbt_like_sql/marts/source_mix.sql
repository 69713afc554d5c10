-- Kept rows per seed source and cell.
SELECT
    source,
    language,
    strategy,
    count(*) AS rows,
    round(count(*) / sum(count(*)) OVER (), 6) AS share
FROM lake.examples
GROUP BY source, language, strategy
ORDER BY rows DESC, source, language, strategy
