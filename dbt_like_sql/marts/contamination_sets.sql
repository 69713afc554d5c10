-- Decontamination hits per evaluation set: how many of its items were met, and in how many examples. Distinct values of
-- short lists are counted faster than an aggregate over distinct values is set up.
SELECT
    eval_set,
    len(list_distinct(list(item))) AS items,
    len(list_distinct(list(id))) AS examples,
    len(list_distinct(list(CASE side WHEN 'prompt' THEN id END))) AS prompts,
    len(list_distinct(list(CASE side WHEN 'response' THEN id END))) AS responses,
    round(avg(overlap), 4) AS mean_overlap,
    list_sort(list_distinct(list(source))) AS sources
FROM lake.contamination
GROUP BY eval_set
ORDER BY examples DESC, eval_set
