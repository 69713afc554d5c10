-- Whatever is not kept says why, and what is kept has a pair.
SELECT language, strategy, source, teacher, prompt_id, outcome, reason
FROM lake.responses
WHERE (outcome <> 'ok' AND reason IS NULL)
    OR (outcome = 'ok' AND (coalesce(prompt, '') = '' OR coalesce(response, '') = ''))
