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

grams AS (
    -- The last word of a text begins no pair; that of a cut text does.
    SELECT
        language,
        teacher,
        side,
        before,
        words[:2000 - before] AS words,
        list_transform(words[2:2001 - before], lambda word, place: hash(words[place], word)) AS pairs,
        list_transform(words[3:2002 - before], lambda word, place: hash(words[place], words[place + 1], word)) AS triples
    FROM placed
    WHERE before < 2000
),

lists AS (
    -- Distinct values of short lists are counted faster than an aggregate over distinct values is set up.
    SELECT
        language,
        teacher,
        side,
        flatten(list(words ORDER BY before)) AS singles,
        flatten(list(pairs)) AS pairs,
        flatten(list(triples)) AS triples
    FROM grams
    GROUP BY language, teacher, side
)

SELECT
    language,
    teacher,
    side,
    len(singles) AS words,
    len(singles) = 2000 AS complete,
    list_unique(singles)::BIGINT AS types,
    round(types / len(singles), 4) AS distinct_1,
    round(list_unique(pairs) / len(pairs), 4) AS distinct_2,
    round(list_unique(triples) / len(triples), 4) AS distinct_3,
    round(list_avg([list_unique(singles[start + 1:start + 100]) FOR start IN range(0, len(singles) - 99, 100)]) / 100, 4)
        AS segment_ttr
FROM lists
ORDER BY language, teacher, side
