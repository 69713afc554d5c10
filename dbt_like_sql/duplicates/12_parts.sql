-- What is remembered of each cell's part of the table: by the digest one sees whether it changed, by `leans_on` which other
-- languages keep rows that its rows are left out for.
CREATE OR REPLACE TEMP TABLE parts AS
WITH cells AS (
    SELECT language, strategy, count(*) AS examples
    FROM ranked
    GROUP BY ALL
),

left_out_of AS (
    SELECT
        language,
        strategy,
        concat_ws(' ', count(*), sum(hash(left_out))) AS digest,
        list(DISTINCT kept_language) FILTER (kept_language <> language) AS leans_on,
        count(*) FILTER (kind = 'exact_pair') AS exact_pair,
        count(*) FILTER (kind = 'exact_prompt') AS exact_prompt,
        count(*) FILTER (kind = 'near') AS near
    FROM left_out
    GROUP BY ALL
)

SELECT
    language,
    strategy,
    {
        digest: coalesce(digest, ''),
        leans_on: coalesce(leans_on, []),
        counts: {
            examples: examples,
            exact_pair: coalesce(exact_pair, 0),
            exact_prompt: coalesce(exact_prompt, 0),
            near: coalesce(near, 0)
        }
    } AS part
FROM cells
LEFT JOIN left_out_of USING (language, strategy)
