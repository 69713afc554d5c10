-- No row that holds text of an evaluation item is kept.
SELECT source, id, eval_set, item, side
FROM lake.contamination
SEMI JOIN (SELECT id FROM marts.curated WHERE outcome <> 'contaminated') AS others USING (id)
