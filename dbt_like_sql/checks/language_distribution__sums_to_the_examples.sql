-- The table's total is the number of examples, and each language is the sum of its strategies.
SELECT *
FROM (
    SELECT
        sum(rows) AS table_total,
        (SELECT count(*) FROM lake.examples) AS examples,
        bool_and(rows = generate_rows + respond_rows + translate_rows) AS strategies_add_up,
        abs(sum(share) - 1) < 1e-4 AS shares_add_up
    FROM marts.language_distribution
)
WHERE table_total <> examples OR NOT strategies_add_up OR (examples > 0 AND NOT shares_add_up)
