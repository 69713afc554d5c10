-- A duplicate names the row that is kept in its place, and that row is kept.
SELECT duplicate.source, duplicate.id, duplicate.kept_id, kept.outcome AS outcome_of_kept
FROM marts.curated AS duplicate
LEFT JOIN marts.curated AS kept ON kept.id = duplicate.kept_id
WHERE duplicate.outcome = 'duplicate' AND kept.outcome IS DISTINCT FROM 'ok'
