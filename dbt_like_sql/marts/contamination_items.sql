-- Which examples hold text of which item of an evaluation set.
WITH hits AS (
    SELECT
        eval_set,
        item,
        list_sort(list_distinct(list(id))) AS ids,
        list_sort(list_distinct(list(language))) AS languages,
        count(*) FILTER (side = 'prompt') AS prompts,
        count(*) FILTER (side = 'response') AS responses,
        round(max(overlap), 4) AS largest_overlap
    FROM lake.contamination
    GROUP BY eval_set, item
)

SELECT
    eval_set,
    item,
    len(ids) AS examples,
    prompts,
    responses,
    largest_overlap,
    languages,
    ids[:10] AS first_ids
FROM hits
ORDER BY examples DESC, eval_set, item
