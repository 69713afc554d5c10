-- Classes of rows of which only one can be kept: same content (kind 1), same prompt in a language from one teacher (2),
-- same n-grams (3). The number of a class is four times its best row, and its kind. A class of n-grams is there even for a
-- single row if the set is near another one.
CREATE OR REPLACE TEMP TABLE classes AS
WITH contents AS (
    SELECT content, 4 * min(rank)::BIGINT + 1 AS class
    FROM ranked
    GROUP BY content
    HAVING count(*) > 1
),

prompts AS (
    SELECT party, prompt, 4 * min(rank)::BIGINT + 2 AS class
    FROM ranked
    GROUP BY ALL
    HAVING count(*) > 1
),

near_sets AS (
    SELECT language, grams
    FROM near_pairs
    UNION
    SELECT language, other_grams
    FROM near_pairs
),

sets AS (
    SELECT party, grams, 4 * min(rank)::BIGINT + 3 AS class
    FROM ranked
    LEFT JOIN near_sets USING (language, grams)
    WHERE grams <> 0
    GROUP BY ALL
    HAVING count(*) > 1 OR count(near_sets.grams) > 0
)

SELECT rank, class
FROM ranked
JOIN contents USING (content)
UNION ALL
SELECT rank, class
FROM ranked
JOIN prompts USING (party, prompt)
UNION ALL
SELECT rank, class
FROM ranked
JOIN sets USING (party, grams)
