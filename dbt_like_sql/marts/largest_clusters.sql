-- The fifty largest clusters of duplicates, by the row that is kept. One that is far larger than the next deserves a
-- look: that is what a merge of things that do not belong together looks like.
WITH sizes AS (
    SELECT size, sum(sum(clusters)) OVER (ORDER BY size DESC) - sum(clusters) AS larger
    FROM marts.cluster_sizes
    GROUP BY size
)

-- The size of the fiftieth is looked up first, so that few rows are read whole.
SELECT id AS kept_id, language, strategy, source, teacher, cluster_kind AS kind, cluster_size AS size
FROM marts.curated
WHERE cluster_size >= (SELECT min(size) FROM sizes WHERE larger < 50)
ORDER BY cluster_size DESC, id
LIMIT 50
