-- The rows that are left out, each with the better row that is kept in its place. If it resembles several of those, the
-- kind is the first that applies; of near duplicates the most similar one is named, then the best.
CREATE OR REPLACE TEMP TABLE left_out AS
WITH keepers AS (
    SELECT class, rank AS kept
    FROM classes
    SEMI JOIN kept USING (rank)
),

named AS (
    SELECT classes.rank, min({
        kind: (classes.class % 4)::UTINYINT,
        distance: -links.similarity,
        kept: keepers.kept
    }) AS found
    FROM classes
    ANTI JOIN kept USING (rank)
    JOIN links USING (class)
    JOIN keepers ON keepers.class = links.other AND keepers.kept < classes.rank
    GROUP BY classes.rank
)

SELECT
    ranked.id,
    best.id AS kept_id,
    ['exact_pair', 'exact_prompt', 'near'][found.kind] AS kind,
    -found.distance AS similarity,
    ranked.language,
    ranked.strategy,
    ranked.source,
    ranked.teacher,
    best.language AS kept_language
FROM named
JOIN ranked ON ranked.rank = named.rank
JOIN ranked AS best ON best.rank = found.kept
