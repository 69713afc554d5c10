-- How large the clusters of duplicates are (the kept row included), per source of the kept row and by the loosest kind
-- of match in the cluster.
SELECT
    source,
    cluster_kind AS kind,
    cluster_size AS size,
    count(*) AS clusters,
    (count(*) * (cluster_size - 1))::BIGINT AS rows_left_out
FROM marts.curated
WHERE cluster_size > 1
GROUP BY source, cluster_kind, cluster_size
ORDER BY source, cluster_kind, cluster_size DESC
