-- Which examples hold text of which item of an evaluation set.
SELECT
    eval_set,
    item,
    count(DISTINCT id) AS examples,
    count(*) FILTER (side = 'prompt') AS prompts,
    count(*) FILTER (side = 'response') AS responses,
    round(max(overlap), 4) AS largest_overlap,
    list_sort(list(DISTINCT language)) AS languages,
    list_sort(list(DISTINCT id))[:10] AS first_ids
FROM lake.contamination
GROUP BY eval_set, item
ORDER BY examples DESC, eval_set, item
