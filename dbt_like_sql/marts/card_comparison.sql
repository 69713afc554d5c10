-- The lake's languages beside those of the published cards: rows and shares of both, and how far the shares differ.
WITH published AS (
    SELECT card, language, rows, rows / sum(rows) OVER (PARTITION BY card) AS share
    FROM marts.published_card
),

pairs AS (
    SELECT card, language
    FROM (SELECT DISTINCT card FROM published)
    CROSS JOIN (SELECT language FROM marts.language_distribution UNION SELECT language FROM published)
)

SELECT
    pairs.card,
    pairs.language,
    coalesce(published.rows, 0)::BIGINT AS published_rows,
    round(coalesce(published.share, 0), 6) AS published_share,
    coalesce(own.rows, 0) AS rows,
    coalesce(own.share, 0) AS share,
    round(coalesce(own.share, 0) - coalesce(published.share, 0), 6) AS share_difference
FROM pairs
LEFT JOIN published USING (card, language)
LEFT JOIN marts.language_distribution AS own ON own.language = pairs.language
ORDER BY pairs.card, published_rows DESC, pairs.language
