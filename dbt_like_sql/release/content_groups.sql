-- Which published rows say the same, so that a split never tears them apart. Rows belong together if they have the same
-- seed; or in one language the same prompt; or in one language the same n-grams or near ones, whoever the teacher was.
-- Belonging together passes on. A group is known by the smallest seed in it.
WITH RECURSIVE classes AS (
    SELECT row, hash('seed', seed_id) AS class
    FROM published_rows
    UNION ALL
    SELECT row, hash('prompt', language, prompt_key) AS class
    FROM published_rows
    UNION ALL
    SELECT row, hash('grams', language, grams) AS class
    FROM published_rows
    WHERE grams <> 0
),

heads AS (
    SELECT class, min(row) AS head
    FROM classes
    GROUP BY class
),

links AS (
    SELECT head AS one, row AS other
    FROM classes
    JOIN heads USING (class)
    WHERE row <> head
    UNION
    SELECT one.head AS one, two.head AS other
    FROM near_pairs
    JOIN heads AS one ON one.class = hash('grams', near_pairs.language, near_pairs.grams)
    JOIN heads AS two ON two.class = hash('grams', near_pairs.language, near_pairs.other_grams)
),

both_ways AS MATERIALIZED (
    SELECT one, other
    FROM links
    UNION ALL
    SELECT other, one
    FROM links
),

components (row, component) USING KEY (row) AS (
    SELECT row, row
    FROM published_rows
    UNION
    SELECT both_ways.other, min(components.component)
    FROM components
    JOIN both_ways ON both_ways.one = components.row
    JOIN recurring.components AS present ON present.row = both_ways.other
    WHERE components.component < present.component
    GROUP BY both_ways.other
)

SELECT published_rows.row, min(published_rows.seed_id) OVER (PARTITION BY components.component) AS smallest_seed
FROM components
JOIN published_rows USING (row)
ORDER BY published_rows.row
