-- The examples are exactly the answers whose outcome is ok.
SELECT language, strategy, source, teacher, request_id, prompt_id
FROM (SELECT language, strategy, source, teacher, request_id, prompt_id, outcome FROM lake.responses WHERE outcome = 'ok')
FULL JOIN (SELECT language, strategy, source, teacher, request_id, prompt_id, id FROM lake.examples)
    USING (language, strategy, source, teacher, request_id, prompt_id)
WHERE id IS NULL OR outcome IS NULL
