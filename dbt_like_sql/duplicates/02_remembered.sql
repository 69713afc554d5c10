-- Signatures of the examples that carry none of the chosen width, since an earlier version or another setting wrote them.
-- `known_signatures` are those that were computed before; the lake's index remembers them cell by cell.
CREATE OR REPLACE TEMP TABLE remembered AS
WITH computed AS MATERIALIZED (
    SELECT id, language, strategy, ngram_signature(prompt, response) AS signature
    FROM lake.examples
    ANTI JOIN known_signatures USING (id)
    WHERE signature.width IS DISTINCT FROM getvariable('width') AND list_contains(getvariable('languages'), language)
)

SELECT id, language, strategy, grams, bands
FROM known_signatures
UNION ALL
SELECT id, language, strategy, signature.grams, signature.bands
FROM computed
