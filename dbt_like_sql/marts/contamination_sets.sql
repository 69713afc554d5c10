-- Decontamination hits per evaluation set and source: examples that hold text of its items, and how many items.
SELECT
    eval_set,
    source,
    count(DISTINCT item) AS items,
    count(DISTINCT id) AS examples,
    count(DISTINCT id) FILTER (side = 'prompt') AS prompts,
    count(DISTINCT id) FILTER (side = 'response') AS responses,
    round(avg(overlap), 4) AS mean_overlap
FROM lake.contamination
GROUP BY eval_set, source
ORDER BY examples DESC, eval_set, source
