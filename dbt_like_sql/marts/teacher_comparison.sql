-- Teachers side by side, per language: what they were asked, what became of it, how long their answers are, and how sure
-- the detector is of their language. Of all answers in the lake, also those of teachers that are no longer enabled; rows
-- are kept of enabled ones only.
WITH measured AS (
    SELECT
        language,
        teacher,
        count(*) AS answers,
        count(*) FILTER (outcome = 'ok') AS accepted,
        round(median(response_tokens) FILTER (outcome = 'ok'))::BIGINT AS median_tokens,
        round(median(response_length) FILTER (outcome = 'ok'))::BIGINT AS median_length,
        round(avg(response_language_score), 3) AS language_score
    FROM lake.responses
    GROUP BY language, teacher
),

counted AS (
    SELECT language, teacher, outcome, count(*) AS answers
    FROM lake.responses
    WHERE outcome <> 'ok'
    GROUP BY language, teacher, outcome
),

failures AS (
    SELECT language, teacher, string_agg(outcome || ' ' || answers, ', ' ORDER BY answers DESC, outcome) AS why
    FROM counted
    GROUP BY language, teacher
),

kept AS (
    SELECT language, teacher, count(*) AS rows
    FROM marts.curated
    WHERE outcome = 'ok'
    GROUP BY language, teacher
)

SELECT
    measured.language,
    measured.teacher,
    measured.answers,
    measured.accepted,
    coalesce(kept.rows, 0) AS rows,
    round(measured.accepted / measured.answers, 6) AS accepted_share,
    failures.why AS not_accepted,
    measured.median_tokens,
    measured.median_length,
    measured.language_score
FROM measured
LEFT JOIN failures USING (language, teacher)
LEFT JOIN kept USING (language, teacher)
ORDER BY measured.language, measured.teacher
