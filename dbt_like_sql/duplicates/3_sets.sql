-- The distinct n-gram sets of each cell of a language, by their best row, with the keys of its 25 bands. `changed` cells
-- are those that are compared with all cells of the language.
CREATE OR REPLACE TEMP TABLE sets AS
WITH leaders AS (
    SELECT strategy, grams, min(rank) AS rank
    FROM ranked
    WHERE language = getvariable('language') AND grams <> 0
    GROUP BY ALL
)

SELECT
    leaders.*,
    list_contains(getvariable('changed'), leaders.strategy) AS changed,
    coalesce(remembered.bands, examples.signature.bands) AS bands
FROM leaders
JOIN ranked ON ranked.rank = leaders.rank
JOIN lake.examples AS examples ON examples.id = ranked.id AND examples.language = getvariable('language')
LEFT JOIN remembered ON remembered.id = ranked.id
