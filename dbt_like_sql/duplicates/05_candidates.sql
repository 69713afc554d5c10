-- Pairs of sets, by their best rows, that agree in a band. Of the sets of a cell in one bucket the 16 best are paired with
-- all others in it, so that a bucket of very many (texts that share a long boilerplate) costs in proportion to their
-- number, not to its square. Pairs among the rest are missed, unless another of the 25 bands brings them together.
CREATE OR REPLACE TEMP TABLE candidates AS
WITH keys AS NOT MATERIALIZED (
    SELECT rank, changed, xor(language, (band << 32) | key) AS bucket
    FROM (
        SELECT
            rank,
            changed,
            hash(language) AS language,
            generate_subscripts(bands, 1)::UBIGINT AS band,
            unnest(bands)::UBIGINT AS key
        FROM sets
    )
),

relevant AS (
    -- Of cells that did not change only the keys that changed ones have, too.
    SELECT rank, changed, bucket
    FROM keys
    WHERE changed
    UNION ALL
    SELECT rank, changed, bucket
    FROM keys
    WHERE NOT changed AND bucket IN (SELECT bucket FROM keys WHERE changed)
),

shared AS (
    SELECT bucket, count(*) AS size, min(rank) AS rank, max(rank) AS other
    FROM relevant
    GROUP BY bucket
    HAVING count(*) > 1
),

members AS (
    SELECT relevant.*, shared.size
    FROM relevant
    JOIN shared USING (bucket)
    WHERE shared.size > 2
),

placed AS (
    -- Nearly all buckets are small, and there every set is among the best.
    SELECT rank, changed, bucket, 1 AS place
    FROM members
    WHERE size <= 16
    UNION ALL
    SELECT rank, members.changed, bucket, row_number() OVER (PARTITION BY bucket, strategy ORDER BY rank) AS place
    FROM members
    JOIN sets USING (rank)
    WHERE size > 16
)

SELECT rank, other
FROM shared
WHERE size = 2
UNION
SELECT least(best.rank, another.rank) AS rank, greatest(best.rank, another.rank) AS other
FROM placed AS best
JOIN placed AS another USING (bucket)
WHERE best.place <= 16 AND best.rank <> another.rank AND (best.changed OR another.changed)
