-- How different the prompts are from one another, per cell and teacher. Repetition is counted over all examples, before
-- duplicates are left out; openings and overlap over the sample of kept rows whose words are stored. The overlap is the
-- mean cosine of two prompts as sets of words, over all pairs: with unit vectors, (|sum of vectors|² − n) / (n (n − 1)).
WITH examples AS (
    SELECT
        language,
        strategy,
        teacher,
        sum(rows)::BIGINT AS examples,
        sum(unique_prompts)::BIGINT AS unique_prompts
    FROM marts.example_counts
    GROUP BY language, strategy, teacher
),

sampled AS MATERIALIZED (
    SELECT
        language,
        strategy,
        teacher,
        array_to_string(prompt_words[:3], ' ') AS opening,
        list_distinct(prompt_words) AS words,
        1 / sqrt(len(list_distinct(prompt_words))) AS weight
    FROM marts.word_sample
    WHERE len(prompt_words) > 0
),

openings AS (
    SELECT language, strategy, teacher, opening, count(*) AS rows
    FROM sampled
    GROUP BY language, strategy, teacher, opening
),

opened AS (
    SELECT
        language,
        strategy,
        teacher,
        sum(rows)::BIGINT AS sampled,
        count(*) / sum(rows) AS opening_share,
        arg_max(opening, (rows, opening)) AS most_common_opening,
        max(rows)::BIGINT AS most_common_rows
    FROM openings
    GROUP BY language, strategy, teacher
),

weights AS (
    SELECT language, strategy, teacher, unnest(words) AS word, weight
    FROM sampled
),

summed AS (
    SELECT language, strategy, teacher, sum(length * length) AS squared
    FROM (
        SELECT language, strategy, teacher, sum(weight) AS length
        FROM weights
        GROUP BY language, strategy, teacher, word
    )
    GROUP BY language, strategy, teacher
)

SELECT
    examples.language,
    examples.strategy,
    examples.teacher,
    examples.examples,
    examples.unique_prompts,
    round(examples.unique_prompts / examples.examples, 6) AS unique_share,
    coalesce(opened.sampled, 0) AS sampled,
    round(opened.opening_share, 4) AS opening_share,
    opened.most_common_opening,
    opened.most_common_rows,
    round((summed.squared - opened.sampled) / nullif(opened.sampled * (opened.sampled - 1), 0), 4) AS overlap
FROM examples
LEFT JOIN opened USING (language, strategy, teacher)
LEFT JOIN summed USING (language, strategy, teacher)
ORDER BY examples.language, examples.strategy, examples.teacher
