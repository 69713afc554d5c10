-- Rows by the set of licenses they carry: of the seed, of the examples shown, of the template, of the teacher. Beside
-- the kept rows those that the policy of the release keeps out. What the licenses allow is that of
-- polyglot_assets/licenses/known.toml, which a test compares with the lists below.
WITH counted AS (
    SELECT
        licenses,
        string_split(licenses, ' + ') AS parts,
        coalesce(sum(rows) FILTER (outcome = 'ok'), 0)::BIGINT AS kept,
        coalesce(sum(rows) FILTER (outcome = 'outside_policy'), 0)::BIGINT AS left_out
    FROM marts.example_counts
    GROUP BY licenses
)

SELECT
    licenses,
    kept AS rows,
    round(coalesce(kept / nullif(sum(kept) OVER (), 0), 0), 6) AS share,
    list_has_any(parts, [
        'cc-by-nc-2.0', 'cc-by-nc-3.0', 'cc-by-nc-4.0', 'cc-by-nc-sa-3.0', 'cc-by-nc-sa-4.0', 'cc-by-nc-nd-3.0',
        'cc-by-nc-nd-4.0'
    ]) AS non_commercial,
    NOT list_has_all([
        'cc0-1.0', 'pddl', 'unlicense', 'wtfpl', 'mit', 'isc', 'bsd-2-clause', 'bsd-3-clause', 'apache-2.0',
        'cdla-permissive-1.0', 'cdla-permissive-2.0', 'etalab-2.0', 'odc-by', 'cc-by-2.0', 'cc-by-2.5', 'cc-by-3.0',
        'cc-by-4.0', 'cdla-sharing-1.0', 'odbl', 'gfdl', 'mpl-2.0', 'gpl-3.0', 'agpl-3.0', 'cc-by-sa-3.0',
        'cc-by-sa-4.0', 'cc-by-nc-2.0', 'cc-by-nc-3.0', 'cc-by-nc-4.0', 'cc-by-nc-sa-3.0', 'cc-by-nc-sa-4.0',
        'cc-by-nd-4.0', 'cc-by-nc-nd-3.0', 'cc-by-nc-nd-4.0', 'openrail', 'bigscience-openrail-m',
        'creativeml-openrail-m', 'bigscience-bloom-rail-1.0', 'gemma', 'llama2', 'llama3', 'llama3.1', 'llama3.2',
        'llama3.3', 'llama4'
    ], parts) AS unclear,
    left_out
FROM counted
WHERE kept + left_out > 0
ORDER BY rows DESC, left_out DESC, licenses
