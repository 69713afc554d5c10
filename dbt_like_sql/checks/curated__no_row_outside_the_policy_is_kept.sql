-- No row that the policy of the release keeps out is kept.
SELECT id, license, rule
FROM lake.licenses
SEMI JOIN (SELECT id FROM marts.curated WHERE outcome NOT IN ('contaminated', 'outside_policy')) AS others USING (id)
