-- How varied the words of the kept rows are, per language, teacher and side. Such figures fall with the size of a
-- text, so all of them are taken over the same number of words: the first 2,000 of the sample, strategy by turns.
-- Where there are fewer, `complete` is false and the figures compare only with ones of equal size, but for segment_ttr.
WITH texts AS (
    -- Only equality of words matters, and numbers are compared faster.
    SELECT
        language,
        teacher,
        'prompt' AS side,
        place,
        strategy,
        list_transform(prompt_words, lambda word: hash(word)) AS words
    FROM marts.word_sample
    UNION ALL
    SELECT language, teacher, 'response', place, strategy, list_transform(response_words, lambda word: hash(word))
    FROM marts.word_sample
),

placed AS (
    SELECT
        language,
        teacher,
        side,
        words,
        sum(len(words)) OVER (PARTITION BY language, teacher, side ORDER BY place, strategy) - len(words) AS before
    FROM texts
),

words AS (
    -- Side by side, shorter lists are filled up with nulls: the last word of a text begins no pair.
    SELECT
        language,
        teacher,
        side,
        before + unnest(range(len(words))) AS place,
        unnest(words) AS first,
        unnest(words[2:]) AS second,
        unnest(words[3:]) AS third
    FROM placed
    WHERE before < 2000
),

counted AS (
    SELECT
        language,
        teacher,
        side,
        count(*) AS words,
        count(DISTINCT first) AS types,
        count(DISTINCT hash(first, second)) FILTER (second IS NOT NULL) / nullif(count(second), 0) AS distinct_2,
        count(DISTINCT hash(first, second, third)) FILTER (third IS NOT NULL) / nullif(count(third), 0) AS distinct_3
    FROM words
    WHERE place < 2000
    GROUP BY language, teacher, side
),

segments AS (
    SELECT language, teacher, side, avg(types) / 100 AS segment_ttr
    FROM (
        SELECT language, teacher, side, count(DISTINCT first) AS types
        FROM words
        WHERE place < 2000
        GROUP BY language, teacher, side, place // 100
        HAVING count(*) = 100
    )
    GROUP BY language, teacher, side
)

SELECT
    counted.language,
    counted.teacher,
    counted.side,
    counted.words,
    counted.words = 2000 AS complete,
    counted.types,
    round(counted.types / counted.words, 4) AS distinct_1,
    round(counted.distinct_2, 4) AS distinct_2,
    round(counted.distinct_3, 4) AS distinct_3,
    round(segments.segment_ttr, 4) AS segment_ttr
FROM counted
LEFT JOIN segments USING (language, teacher, side)
ORDER BY counted.language, counted.teacher, counted.side
