-- Does a card's table add up? Its sum beside the total that the card states; where one language alone makes up the
-- difference, that language.
WITH totals AS (
    SELECT card, stated_total, sum(published_rows)::BIGINT AS table_total
    FROM marts.card_comparison
    GROUP BY card, stated_total
)

SELECT
    totals.card,
    totals.stated_total,
    totals.table_total,
    totals.table_total - totals.stated_total AS difference,
    totals.table_total = totals.stated_total AS adds_up,
    min(missing.language) AS forgotten_language
FROM totals
LEFT JOIN marts.card_comparison AS missing
    ON missing.card = totals.card
    AND missing.published_rows > 0
    AND missing.published_rows = totals.table_total - totals.stated_total
GROUP BY totals.card, totals.stated_total, totals.table_total
ORDER BY totals.card
