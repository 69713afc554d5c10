-- Does a card's table add up? Its sum beside the total that the card states; where one language alone makes up the
-- difference, that language.
WITH cards AS (
    SELECT card, any_value(stated_total)::BIGINT AS stated_total, sum(rows)::BIGINT AS table_total
    FROM marts.published_card
    GROUP BY card
)

SELECT
    cards.card,
    cards.stated_total,
    cards.table_total,
    cards.table_total - cards.stated_total AS difference,
    cards.table_total = cards.stated_total AS adds_up,
    min(missing.language) AS forgotten_language
FROM cards
LEFT JOIN marts.published_card AS missing
    ON missing.card = cards.card AND missing.rows = cards.table_total - cards.stated_total
GROUP BY cards.card, cards.stated_total, cards.table_total
ORDER BY cards.card
