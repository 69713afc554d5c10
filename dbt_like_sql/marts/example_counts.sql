-- Examples counted by all that the other tables count them by, in one pass over `curated`. (Summing truth values takes
-- half the time of FILTER.)
SELECT
    language,
    strategy,
    source,
    teacher,
    outcome,
    licenses,
    count(*) AS rows,
    sum((NOT prompt_repeated)::INTEGER)::BIGINT AS unique_prompts,
    sum((outcome = 'duplicate' AND reason = 'exact_pair')::INTEGER)::BIGINT AS exact_pair,
    sum((outcome = 'duplicate' AND reason = 'exact_prompt')::INTEGER)::BIGINT AS exact_prompt,
    sum((outcome = 'duplicate' AND reason = 'near')::INTEGER)::BIGINT AS near
FROM marts.curated
GROUP BY language, strategy, source, teacher, outcome, licenses
ORDER BY language, strategy, source, teacher, outcome, licenses
