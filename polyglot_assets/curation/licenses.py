"""Which examples the policy of the release keeps out.

Here: from the lake's examples and a policy to the table contracts.LICENSES. Not here: what a policy says and how a row
is judged (licenses/policy.py), what becomes of the rows (the marts).

Rows are judged by their set of licenses, source and teacher, of which a lake has few, so this costs next to nothing
and is done for the whole lake each time.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import duckdb
import pyarrow as pa

from polyglot_assets.contracts.licenses import LICENSES
from polyglot_assets.lake.store import Lake
from polyglot_assets.licenses.policy import EXCLUDED_SOURCE, Policy

AS_EXAMPLE = f"{EXCLUDED_SOURCE}, shown as an example"
_SET = "coalesce(list_sort(licenses), [])"
_VERDICTS = pa.schema(
    [("set", pa.list_(pa.string()))] + [(name, pa.string()) for name in ("source", "teacher", "license", "rule")]
)


@dataclass(frozen=True)
class Judged:
    """What a policy does to a lake.

    Attributes:
        examples: how many there are.
        left_out: how many of them are kept out, by (license, rule).
    """

    examples: int = 0
    left_out: Counter[tuple[str | None, str]] = field(default_factory=Counter)


def find(lake: Lake, policy: Policy, report: Callable[[str], None] = lambda _: None) -> Judged:
    """Judges all examples and writes the table `licenses`; equal examples and policies give equal bytes.

    Args:
        lake: the lake.
        policy: what a release may contain.
        report: is told of teachers that the policy excludes and that wrote nothing here.
    """
    with lake.connect() as connection:
        if policy.keeps_everything:  # no need to look at the rows
            lake.replace_table(LICENSES, LICENSES.schema.empty_table())
            [(examples,)] = connection.sql("SELECT count(*) FROM lake.examples").fetchall()
            return Judged(examples)
        kinds = connection.sql(
            f"SELECT {_SET} AS set, source, teacher, count(*) FROM lake.examples GROUP BY ALL"
        ).fetchall()
        for teacher in sorted({*policy.excluded_teachers} - {teacher for _, _, teacher, _ in kinds}):
            report(f"policy {policy.name}: no example was written by {teacher}, which it excludes")
        verdicts = [
            {"set": licenses, "source": source, "teacher": teacher, "license": breach[0], "rule": breach[1]}
            for licenses, source, teacher, _ in kinds
            if (breach := policy.breach(licenses, source, teacher))
        ]
        table = LICENSES.schema.empty_table()
        if verdicts or policy.excluded_sources:
            connection.register("verdicts", pa.Table.from_pylist(verdicts, schema=_VERDICTS))
            table = _left_out(connection, policy.excluded_sources)
        lake.replace_table(LICENSES, table)
    pairs = zip(table["license"].to_pylist(), table["rule"].to_pylist(), strict=True)
    return Judged(sum(rows for *_, rows in kinds), Counter(pairs))


def _left_out(connection: duckdb.DuckDBPyConnection, excluded_sources: Sequence[str]) -> pa.Table:
    """The rows of the table, by the view `verdicts`.

    A row's `source` is that of its seed alone, so rows that were made after examples of an excluded source are looked
    up by the seeds they were shown.
    """
    shown = "SELECT NULL AS id LIMIT 0"
    if excluded_sources:
        names = ", ".join("'" + name.replace("'", "''") + "'" for name in excluded_sources)
        shown = (
            "SELECT DISTINCT id FROM (SELECT id, unnest(exemplar_ids) AS seed_id FROM lake.examples) "
            f"SEMI JOIN (SELECT seed_id FROM lake.seeds WHERE source IN ({names})) USING (seed_id)"
        )
    left_out = connection.sql(
        f"""
        SELECT examples.id, verdicts.license, coalesce(verdicts.rule, '{AS_EXAMPLE}') AS rule,
            examples.language, examples.strategy, examples.source, examples.teacher
        FROM (SELECT id, language, strategy, source, teacher, {_SET} AS set FROM lake.examples) AS examples
        LEFT JOIN verdicts USING (set, source, teacher)
        LEFT JOIN ({shown}) AS shown ON shown.id = examples.id
        WHERE verdicts.rule IS NOT NULL OR shown.id IS NOT NULL
        ORDER BY examples.id
        """
    )
    return left_out.to_arrow_table().cast(LICENSES.schema)
