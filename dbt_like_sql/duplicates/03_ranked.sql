-- The examples of the chosen languages, best first: the earlier source, then the smaller id. Of duplicates the best one is
-- kept. `party` stands for language and teacher, `grams` for the n-grams of prompt and response (0: there are none).
CREATE OR REPLACE TEMP TABLE ranked AS
SELECT
    row_number() OVER (
        ORDER BY coalesce(list_position(getvariable('sources'), source), len(getvariable('sources')) + 1), examples.id
    )::INTEGER AS rank,
    examples.id,
    examples.language,
    examples.strategy,
    source,
    teacher,
    hash(examples.language, teacher) AS party,
    content_key::UUID AS content,
    prompt_key::UUID AS prompt,
    coalesce(remembered.grams, signature.grams) AS grams
FROM lake.examples AS examples
LEFT JOIN remembered ON remembered.id = examples.id
WHERE list_contains(getvariable('languages'), examples.language)
