-- The candidates that are near duplicates: their texts are alike, and neither side alone is unrelated. Each two sets are
-- compared once, in whatever cells they are.
CREATE OR REPLACE TEMP TABLE near AS
WITH pairs AS (
    SELECT
        one.language,
        least(one.strategy, two.strategy) AS strategy,
        greatest(one.strategy, two.strategy) AS other_strategy,
        least(one.grams, two.grams) AS grams,
        greatest(one.grams, two.grams) AS other_grams
    FROM candidates
    JOIN sets AS one ON one.rank = candidates.rank
    JOIN sets AS two ON two.rank = candidates.other
    WHERE one.grams <> two.grams AND one.language = two.language
),

needed AS (
    SELECT grams, min(id) AS id
    FROM sets
    WHERE grams IN (SELECT grams FROM pairs UNION SELECT other_grams FROM pairs)
    GROUP BY grams
),

texts AS (
    SELECT needed.grams, examples.prompt, examples.response
    FROM lake.examples AS examples
    JOIN needed USING (id)
    WHERE list_contains(getvariable('changed_languages'), examples.language)
),

compared AS MATERIALIZED (
    SELECT
        pairs.*,
        ngram_similarity(one.prompt, one.response, two.prompt, two.response) AS alike
    FROM (SELECT DISTINCT grams, other_grams FROM pairs ORDER BY ALL) AS pairs  -- a text is cut once for its neighbours
    JOIN texts AS one ON one.grams = pairs.grams
    JOIN texts AS two ON two.grams = pairs.other_grams
)

SELECT DISTINCT
    pairs.language,
    pairs.strategy,
    pairs.other_strategy,
    grams,
    other_grams,
    compared.alike.whole::FLOAT AS similarity
FROM compared
JOIN pairs USING (grams, other_grams)
WHERE
    compared.alike.whole >= getvariable('similarity')
    AND least(compared.alike.prompts, compared.alike.responses) >= getvariable('least')
