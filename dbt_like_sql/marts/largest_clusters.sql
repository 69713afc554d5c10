-- The fifty largest clusters of duplicates, by the row that is kept. One that is far larger than the next deserves a
-- look: that is what a merge of things that do not belong together looks like.
WITH smallest AS (
    SELECT min(cluster_size) AS size
    FROM (SELECT cluster_size FROM marts.curated WHERE cluster_size > 1 ORDER BY cluster_size DESC LIMIT 50)
)

SELECT id AS kept_id, language, strategy, source, teacher, cluster_kind AS kind, cluster_size AS size
FROM marts.curated
WHERE cluster_size >= (SELECT size FROM smallest)
ORDER BY cluster_size DESC, id
LIMIT 50
