-- The languages with an example of the same prompt and response as one of the chosen languages: what is kept there may
-- depend on what is kept here. Prompts and n-grams alone are compared within a language.
CREATE OR REPLACE TEMP TABLE reached AS
WITH contents AS (
    SELECT DISTINCT content_key
    FROM lake.examples
    WHERE list_contains(getvariable('languages'), language)
)

SELECT DISTINCT language
FROM lake.examples
SEMI JOIN contents USING (content_key)
