-- The lake's languages beside those of published dataset cards: rows and shares of both, and how far the shares differ.
-- Another card is compared and audited by adding its figures here: its name, the total that its text states, and the
-- rows of its language table.
WITH cards (card, stated_total, language, rows) AS (
    VALUES
        ('PolyglotTeachers-SFT-Synth', 315596, 'id', 85952),
        ('PolyglotTeachers-SFT-Synth', 315596, 'de', 83878),
        ('PolyglotTeachers-SFT-Synth', 315596, 'ar', 77770),
        ('PolyglotTeachers-SFT-Synth', 315596, 'tl', 40875),
        ('PolyglotTeachers-SFT-Synth', 315596, 'ja', 27198),
        ('PolyglotTeachers-SFT-Synth', 315596, 'es', 25609),
        ('PolyglotTeachers-SFT-Synth', 315596, 'cs', 15189)
),

pairs AS (
    SELECT totals.card, totals.stated_total, totals.table_total, languages.language
    FROM (SELECT card, stated_total, sum(rows) AS table_total FROM cards GROUP BY card, stated_total) AS totals
    CROSS JOIN (SELECT language FROM marts.language_distribution UNION SELECT language FROM cards) AS languages
)

SELECT
    pairs.card,
    pairs.stated_total::BIGINT AS stated_total,
    pairs.language,
    coalesce(cards.rows, 0)::BIGINT AS published_rows,
    round(coalesce(cards.rows / pairs.table_total, 0), 6) AS published_share,
    coalesce(own.rows, 0) AS rows,
    coalesce(own.share, 0) AS share,
    round(coalesce(own.share, 0) - coalesce(cards.rows / pairs.table_total, 0), 6) AS share_difference
FROM pairs
LEFT JOIN cards ON cards.card = pairs.card AND cards.language = pairs.language
LEFT JOIN marts.language_distribution AS own ON own.language = pairs.language
ORDER BY pairs.card, published_rows DESC, pairs.language
