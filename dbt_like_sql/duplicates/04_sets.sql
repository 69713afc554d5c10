-- The distinct n-gram sets of each cell, by their best row, with the keys of their 25 bands. `changed_cells` are those that
-- are compared with all cells of their language.
CREATE OR REPLACE TEMP TABLE sets AS
WITH leaders AS (
    SELECT language, strategy, grams, min(rank) AS rank
    FROM ranked
    WHERE list_contains(getvariable('changed_languages'), language) AND grams <> 0
    GROUP BY ALL
)

SELECT
    leaders.*,
    ranked.id,
    changed_cells.strategy IS NOT NULL AS changed,
    coalesce(remembered.bands, examples.signature.bands) AS bands
FROM leaders
JOIN ranked ON ranked.rank = leaders.rank
JOIN lake.examples AS examples ON examples.id = ranked.id
LEFT JOIN remembered ON remembered.id = ranked.id
LEFT JOIN changed_cells ON changed_cells.language = leaders.language AND changed_cells.strategy = leaders.strategy
WHERE list_contains(getvariable('changed_languages'), examples.language)
