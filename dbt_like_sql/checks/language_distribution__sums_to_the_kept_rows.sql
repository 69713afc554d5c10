-- The table's total is the number of kept rows, and each language is the sum of its strategies.
SELECT *
FROM (
    SELECT
        sum(rows) AS table_total,
        (SELECT count(*) FROM marts.curated WHERE outcome = 'ok') AS kept,
        bool_and(rows = list_sum(list_transform(by_strategy, lambda part: part.rows))) AS strategies_add_up,
        abs(sum(share) - 1) < 1e-4 AS shares_add_up
    FROM marts.language_distribution
)
WHERE table_total <> kept OR NOT strategies_add_up OR (kept > 0 AND NOT shares_add_up)
