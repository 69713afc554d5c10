-- Which classes exclude one another: each class itself, and in both directions two whose n-grams are near.
CREATE OR REPLACE TEMP TABLE links AS
WITH sets AS (
    SELECT class, language, party, grams
    FROM (SELECT DISTINCT class FROM classes WHERE class % 4 = 3)
    JOIN ranked ON ranked.rank = class // 4
),

near AS (
    SELECT one.class, two.class AS other, near_pairs.similarity
    FROM near_pairs
    JOIN sets AS one ON one.language = near_pairs.language AND one.grams = near_pairs.grams
    JOIN sets AS two
        ON two.language = near_pairs.language AND two.grams = near_pairs.other_grams AND two.party = one.party
)

SELECT DISTINCT class, class AS other, 1::FLOAT AS similarity
FROM classes
UNION ALL
SELECT class, other, similarity
FROM near
UNION ALL
SELECT other, class, similarity
FROM near
