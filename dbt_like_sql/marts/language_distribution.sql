-- Kept rows per target language: the table of the dataset card. The shares are of the sum of this very table. A
-- language for which prompts were made is listed even if no row is kept.
WITH languages AS (
    SELECT
        language,
        coalesce(sum(rows) FILTER (kept), 0)::BIGINT AS rows,
        coalesce(sum(rows) FILTER (kept AND strategy = 'generate'), 0)::BIGINT AS generate_rows,
        coalesce(sum(rows) FILTER (kept AND strategy = 'respond'), 0)::BIGINT AS respond_rows,
        coalesce(sum(rows) FILTER (kept AND strategy = 'translate'), 0)::BIGINT AS translate_rows
    FROM (SELECT *, stage_order = 4 AND outcome = 'ok' AS kept FROM marts.outcome_funnel)
    WHERE stage_order >= 3 OR (stage_order = 2 AND outcome = 'kept' AND rows > 0)
    GROUP BY language
)

SELECT
    language,
    rows,
    round(coalesce(rows / nullif(sum(rows) OVER (), 0), 0), 6) AS share,
    generate_rows,
    respond_rows,
    translate_rows
FROM languages
ORDER BY rows DESC, language
