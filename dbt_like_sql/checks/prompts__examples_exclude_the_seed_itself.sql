-- Few-shot examples are different other seeds, as many as the strategy shows.
SELECT prompts.language, prompts.strategy, prompts.source, prompts.prompt_id, prompts.seed_id, prompts.exemplar_ids
FROM lake.prompts AS prompts
JOIN lake.strategies AS strategies USING (strategy)
WHERE list_contains(prompts.exemplar_ids, prompts.seed_id)
    OR len(list_distinct(prompts.exemplar_ids)) <> strategies.examples
