-- Decontamination hits per evaluation set: how many of its items were met, and in how many examples.
SELECT
    eval_set,
    count(DISTINCT item) AS items,
    count(DISTINCT id) AS examples,
    count(DISTINCT id) FILTER (side = 'prompt') AS prompts,
    count(DISTINCT id) FILTER (side = 'response') AS responses,
    round(avg(overlap), 4) AS mean_overlap,
    list_sort(list_distinct(list(source))) AS sources
FROM lake.contamination
GROUP BY eval_set
ORDER BY examples DESC, eval_set
