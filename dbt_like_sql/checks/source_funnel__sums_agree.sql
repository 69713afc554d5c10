-- Every accepted answer of a source is kept or left out for one reason, and the sources' kept rows are all kept rows.
SELECT source, accepted, kept, duplicates, contaminated, outside_policy
FROM marts.source_funnel
WHERE accepted <> kept + duplicates + contaminated + outside_policy OR accepted > answers

UNION ALL

SELECT 'all', sum(accepted), sum(kept), sum(duplicates), sum(contaminated), sum(outside_policy)
FROM marts.source_funnel
HAVING sum(kept) <> (SELECT sum(rows) FROM marts.language_distribution)
    OR sum(kept) <> (SELECT sum(rows) FROM marts.source_mix)
