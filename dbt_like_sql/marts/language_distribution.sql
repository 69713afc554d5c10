-- Kept rows per target language: the table of the dataset card. The shares are of the sum of this very table. A
-- language for which prompts were made is listed even if no row is kept.
WITH cells AS (
    SELECT language, strategy, coalesce(sum(rows) FILTER (kept), 0)::BIGINT AS rows
    FROM (SELECT *, stage_order = 4 AND outcome = 'ok' AS kept FROM marts.outcome_funnel)
    WHERE stage_order >= 3 OR (stage_order = 2 AND outcome = 'kept' AND rows > 0)
    GROUP BY language, strategy
),

languages AS (
    SELECT
        cells.language,
        sum(cells.rows)::BIGINT AS rows,
        list({'strategy': cells.strategy, 'rows': cells.rows} ORDER BY strategies.place, cells.strategy) AS by_strategy
    FROM cells
    LEFT JOIN lake.strategies AS strategies ON strategies.strategy = cells.strategy
    GROUP BY cells.language
)

SELECT
    language,
    rows,
    round(coalesce(rows / nullif(sum(rows) OVER (), 0), 0), 6) AS share,
    by_strategy
FROM languages
ORDER BY rows DESC, language
