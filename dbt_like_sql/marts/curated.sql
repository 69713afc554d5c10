-- What finally becomes of every example. Contamination comes first, the policy of the release second. A duplicate shares
-- the fate of the row that is kept in its place: where that one is contaminated or outside the policy, so is the
-- duplicate, because it holds the same prompt or most of the same text, and no other member of its cluster is put
-- forward. Texts stay in lake.examples; what tables count and measure is here, so that they read one small file.
WITH fates AS (
    SELECT id, min(contamination) AS contamination, min(breach) AS breach
    FROM (
        SELECT id, eval_set || ' ' || item || ' in the ' || side AS contamination, NULL AS breach
        FROM lake.contamination
        UNION ALL
        SELECT id, NULL, coalesce(license || ': ', '') || rule
        FROM lake.licenses
    )
    GROUP BY id
),

twins AS (
    -- A duplicate of a row that is no longer there is none.
    SELECT
        duplicates.id,
        duplicates.kept_id,
        duplicates.kind,
        fates.contamination IS NOT NULL AS of_contaminated,
        fates.breach IS NOT NULL AS of_outsider
    FROM lake.duplicates AS duplicates
    SEMI JOIN lake.examples AS kept ON kept.id = duplicates.kept_id
    LEFT JOIN fates ON fates.id = duplicates.kept_id
),

clusters AS (
    SELECT kept_id, count(*) + 1 AS size, max(list_position(['exact_pair', 'exact_prompt', 'near'], kind)) AS loosest
    FROM twins
    ANTI JOIN fates ON fates.id = twins.id
    WHERE NOT of_contaminated AND NOT of_outsider
    GROUP BY kept_id
),

judged AS (
    SELECT
        examples.*,
        fates.contamination,
        fates.breach,
        twins.kept_id AS twin_id,
        twins.kind,
        twins.of_contaminated,
        twins.of_outsider,
        coalesce(clusters.size, 1) AS cluster_size,
        ['exact_pair', 'exact_prompt', 'near'][clusters.loosest] AS cluster_kind,
        CASE
            WHEN fates.contamination IS NOT NULL OR twins.of_contaminated THEN 'contaminated'
            WHEN fates.breach IS NOT NULL OR twins.of_outsider THEN 'outside_policy'
            WHEN twins.id IS NOT NULL THEN 'duplicate'
            ELSE 'ok'
        END AS outcome
    FROM lake.examples AS examples
    LEFT JOIN fates ON fates.id = examples.id
    LEFT JOIN twins ON twins.id = examples.id
    LEFT JOIN clusters ON clusters.kept_id = examples.id
)

SELECT
    id,
    language,
    strategy,
    source,
    teacher,
    outcome,
    CASE WHEN outcome = 'duplicate' THEN twin_id END AS kept_id,
    CASE
        WHEN contamination IS NOT NULL THEN contamination
        WHEN of_contaminated THEN kind || ' of ' || twin_id || ', which is contaminated'
        WHEN breach IS NOT NULL THEN breach
        WHEN of_outsider THEN kind || ' of ' || twin_id || ', which is outside the policy'
        WHEN outcome = 'duplicate' THEN kind
    END AS reason,
    CASE WHEN outcome = 'ok' THEN cluster_size END AS cluster_size,
    CASE WHEN outcome = 'ok' THEN cluster_kind END AS cluster_kind,
    array_to_string(licenses, ' + ') AS licenses,
    prompt_repeated,
    prompt_chars,
    response_chars,
    prompt_tokens,
    response_tokens,
    sample_place,
    prompt_words,
    response_words
FROM judged
ORDER BY language, strategy, teacher, id
