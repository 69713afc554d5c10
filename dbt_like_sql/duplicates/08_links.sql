-- Which classes exclude one another: each class itself, and in both directions two whose n-grams are near.
CREATE OR REPLACE TEMP TABLE links AS
WITH sets AS (
    SELECT class, language, party, grams
    FROM (SELECT DISTINCT class FROM classes WHERE class % 4 = 3)
    JOIN ranked ON ranked.rank = class // 4
),

-- Two steps, for a plan that begins with the few parties pairs every set with every other one.
halves AS MATERIALIZED (
    SELECT sets.class, sets.party, near_pairs.other_grams AS grams, near_pairs.similarity
    FROM near_pairs
    JOIN sets USING (language, grams)
),

near AS (
    SELECT halves.class, sets.class AS other, halves.similarity
    FROM halves
    JOIN sets USING (party, grams)
)

SELECT DISTINCT class, class AS other, 1::FLOAT AS similarity
FROM classes
UNION ALL
SELECT class, other, similarity
FROM near
UNION ALL
SELECT other, class, similarity
FROM near
