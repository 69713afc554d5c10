-- Pairs of sets, by their best rows, that agree in a band. Of the sets of a cell in one bucket the 16 best are paired with
-- all others in it, so that a bucket of very many (texts that share a long boilerplate) costs in proportion to their
-- number, not to its square. Pairs among the rest are missed, unless another of the 25 bands brings them together.
CREATE OR REPLACE TEMP TABLE candidates AS
WITH keys AS (
    SELECT rank, strategy, changed, (band << 32) | key AS bucket
    FROM (
        SELECT rank, strategy, changed, generate_subscripts(bands, 1)::UBIGINT AS band, unnest(bands)::UBIGINT AS key
        FROM sets
    )
),

shared AS (
    SELECT bucket
    FROM keys
    GROUP BY bucket
    HAVING count(*) > 1 AND bool_or(changed)
),

placed AS (
    SELECT *, row_number() OVER (PARTITION BY bucket, strategy ORDER BY rank) AS place
    FROM keys
    SEMI JOIN shared USING (bucket)
)

SELECT DISTINCT least(best.rank, another.rank) AS rank, greatest(best.rank, another.rank) AS other
FROM placed AS best
JOIN placed AS another USING (bucket)
WHERE best.place <= 16 AND best.rank <> another.rank AND (best.changed OR another.changed)
