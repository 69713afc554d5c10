-- The lake in one line: what it is made from, what was asked, what is kept.
WITH read AS (
    SELECT coalesce(sum(raw_rows), 0)::BIGINT AS raw_rows, coalesce(sum(prompts), 0)::BIGINT AS prompts
    FROM marts.source_funnel
),

mix AS (
    SELECT
        coalesce(sum(answers), 0)::BIGINT AS answers,
        coalesce(sum(accepted), 0)::BIGINT AS accepted,
        coalesce(sum(contaminated), 0)::BIGINT AS contaminated,
        coalesce(sum(outside_policy), 0)::BIGINT AS outside_policy,
        coalesce(sum(duplicates), 0)::BIGINT AS duplicates,
        coalesce(sum(rows), 0)::BIGINT AS kept,
        count(DISTINCT language) FILTER (rows > 0) AS languages,
        count(DISTINCT source) FILTER (rows > 0) AS sources,
        count(DISTINCT teacher) FILTER (rows > 0) AS teachers
    FROM marts.source_mix
)

SELECT
    read.raw_rows,
    read.prompts,
    mix.answers,
    mix.accepted,
    mix.contaminated,
    mix.outside_policy,
    mix.duplicates,
    mix.kept,
    mix.languages,
    mix.sources,
    mix.teachers,
    round(mix.kept / nullif(mix.answers, 0), 6) AS kept_share
FROM read
CROSS JOIN mix
