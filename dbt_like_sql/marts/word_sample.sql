-- The words of a sample of the kept rows, as they were stored with the rows: what statistics of word use read.
SELECT
    language,
    strategy,
    teacher,
    sample_place AS place,
    string_split(nullif(prompt_words, ''), ' ') AS prompt_words,
    string_split(nullif(response_words, ''), ' ') AS response_words
FROM marts.curated
WHERE sample_place >= 0 AND outcome = 'ok'
ORDER BY language, teacher, place, strategy
