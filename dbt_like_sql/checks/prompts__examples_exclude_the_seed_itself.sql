-- Few-shot examples are three different other seeds, and only for generate.
SELECT language, strategy, source, prompt_id, seed_id, exemplar_ids
FROM lake.prompts
WHERE list_contains(exemplar_ids, seed_id)
    OR len(list_distinct(exemplar_ids)) <> CASE strategy WHEN 'generate' THEN 3 ELSE 0 END
