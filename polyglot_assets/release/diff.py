"""What changed between two releases: which rows were added, removed and changed, and why.

Here: comparing, from the releases' own files and, for reasons they cannot know, from the lake. Not here: showing it
(diff_command.py, diff_page.py).

A row's id is a hash of its request, so a row that was made anew has another id. Rows that only one release has are
therefore paired by what they answer: the same prompt by the same teacher, else the same seed by the same teacher in
the same language and strategy, else the same seed there by another teacher. A pair is a changed row. Of several
reasons that hold the first in the order of REASONS is given.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from polyglot_assets.lake.store import Lake
from polyglot_assets.release import manifest as manifest_
from polyglot_assets.release.contents import opened
from polyglot_assets.release.manifest import Manifest
from polyglot_assets.settings import bundled

SAME, REMOVED, CHANGED, ADDED = CHANGES = ("same", "removed", "changed", "added")

REASONS = {
    CHANGED: {
        "template": "another version of the templates",
        "teacher": "another teacher, or another revision of its model",
        "seeds": "another text of the seed, or other seeds shown as examples",
        "asked_again": "the same prompt asked again: other sampling settings, or a retry",
        "read_again": "the same answer, read in another way",
    },
    REMOVED: {
        "deletion": "deleted on request",
        "language_left_out": "the language is not among those of the new release",
        "teacher_gone": "the new release has no row of this teacher",
        "source_gone": "the new release has no row of this source",
        "seed_gone": "the seed is no longer in the lake",
        "not_asked": "the seed is in the lake, but not chosen for a prompt",
        "not_answered": "its prompt has no answer of this teacher now",
        "unknown": "not known",
    },
    ADDED: {
        "new_language": "the old release had no row of this language",
        "new_source": "the old release had no row of this source",
        "new_teacher": "the old release had no row of this teacher",
        "new_seed": "a seed that the old release did not have, from another revision of its source",
        "more_asked": "the settings ask for more rows in a cell, or more seeds",
        "accepted": "its answer is kept now; before it was not, or was not there yet",
    },
}
"""By change and name. A removed row may also have an outcome (gates/registry.py, domain/outcomes.py) as its reason:
what the lake now says of the answer."""

_KEYS = ("language", "strategy", "source")
_COLUMNS = (
    "id, language, strategy, source, seed_id, prompt_id, request_id, teacher, model, model_revision, source_revision, "
    "template_version, exemplar_ids"
)
_HASHES = "md5(synth_prompt) AS asked, md5(to_json([prompt, response])::VARCHAR) AS texts"
_PAIRED_BY = (
    (*_KEYS, "seed_id", "teacher", "prompt_id"),
    (*_KEYS, "seed_id", "teacher"),
    (*_KEYS, "seed_id"),
)
_MORE = ("rows_per_cell", "seeds_per_cell")

Row = dict[str, Any]


@dataclass(frozen=True)
class Difference:
    """Two releases and what lies between them.

    Attributes:
        old: version.
        new: version.
        changes: language, strategy, source, change (one of CHANGES), reason (empty for `same`), rows.
        with_lake: the lake could be asked for reasons.
    """

    old: str
    new: str
    changes: list[Row]
    with_lake: bool

    def sums(self, *names: str) -> list[Row]:
        """Rows by the columns `names`: how many the old one has, how many of each change, how many the new one has."""
        groups: dict[tuple[str, ...], Counter[str]] = {} if names else {(): Counter()}
        for row in self.changes:
            groups.setdefault(tuple(row[name] for name in names), Counter())[row["change"]] += row["rows"]
        return [
            {
                **dict(zip(names, group, strict=True)),
                "old": counts[SAME] + counts[CHANGED] + counts[REMOVED],
                **{change: counts[change] for change in CHANGES},
                "new": counts[SAME] + counts[CHANGED] + counts[ADDED],
            }
            for group, counts in sorted(groups.items())
        ]

    def reasons(self) -> list[Row]:
        """change, reason, meaning, rows: most rows of a change first."""
        counts: Counter[tuple[str, str]] = Counter()
        for row in self.changes:
            if row["change"] != SAME:
                counts[row["change"], row["reason"]] += row["rows"]
        ordered = sorted(counts.items(), key=lambda item: (CHANGES.index(item[0][0]), -item[1], item[0][1]))
        return [
            {"change": change, "reason": reason, "meaning": self.meaning(change, reason), "rows": rows}
            for (change, reason), rows in ordered
        ]

    def meaning(self, change: str, reason: str) -> str:
        """A reason in words."""
        if reason == "unknown" and not self.with_lake:
            return "not known, the lake is not at hand"
        return REASONS[change].get(reason, f"the lake now says of its answer: {reason}")


def compare(old: Path, new: Path, lake: Lake | None = None) -> Difference:
    """What lies between two releases.

    Args:
        old: folder of a release.
        new: folder of another.
        lake: the lake that `new` is of, as far as it is at hand.

    Raises:
        UserError: one of them is no release.
    """
    manifests = manifest_.read(old), manifest_.read(new)
    changes = compare_rows(_rows(old), _rows(new), manifests, lake)
    return Difference(manifests[0].version, manifests[1].version, changes, lake is not None)


def compare_rows(old: pa.Table, new: pa.Table, manifests: tuple[Manifest, Manifest], lake: Lake | None) -> list[Row]:
    """Difference.changes of rows with the columns that `_rows` gives."""
    with duckdb.connect(":memory:") as connection:
        connection.register("old", old)
        connection.register("new", new)
        _pair(connection)
        left = connection.sql("SELECT * FROM old WHERE id NOT IN (SELECT old_id FROM pairs)").to_arrow_table()
        connection.register("gone", left)
        connection.register("fates", _fates(lake, left))
        relation = connection.sql(
            f"SELECT language, strategy, source, change, reason, count(*) AS rows "
            f"FROM ({_paired_sql()} UNION ALL {_removed_sql(manifests)} UNION ALL {_added_sql(manifests)}) "
            "GROUP BY ALL ORDER BY ALL"
        )
        return [dict(zip(relation.columns, row, strict=True)) for row in relation.fetchall()]


def _rows(folder: Path) -> pa.Table:
    """What is compared of a release: no texts, only hashes of them."""
    with opened(folder) as connection:
        return connection.sql(f"SELECT {_COLUMNS}, {_HASHES} FROM published JOIN lineage USING (id)").to_arrow_table()


def _pair(connection: duckdb.DuckDBPyConnection) -> None:
    """Makes the table `pairs`: old_id and new_id of the rows that are the same one or answer the same."""
    same = " AND ".join(f"old.{name} = new.{name}" for name in ("id", *_KEYS))
    connection.execute(f"CREATE TABLE pairs AS SELECT old.id AS old_id, new.id AS new_id FROM old JOIN new ON {same}")
    for names in _PAIRED_BY:
        keys = ", ".join(names)
        numbered = f"row_number() OVER (PARTITION BY {keys} ORDER BY prompt_id, teacher, id) AS number"
        connection.execute(
            f"INSERT INTO pairs SELECT gone.id, come.id "
            f"FROM (SELECT *, {numbered} FROM old WHERE id NOT IN (SELECT old_id FROM pairs)) AS gone "
            f"JOIN (SELECT *, {numbered} FROM new WHERE id NOT IN (SELECT new_id FROM pairs)) AS come "
            f"USING ({keys}, number)"
        )


def _paired_sql() -> str:
    """language, strategy, source, change and reason of each pair."""
    return f"""
        SELECT new.language, new.strategy, new.source, if(reason = '', '{SAME}', '{CHANGED}') AS change, reason
        FROM (
            SELECT old_id, new_id, CASE
                WHEN old.id = new.id AND old.texts = new.texts AND old.asked = new.asked THEN ''
                WHEN old.template_version <> new.template_version THEN 'template'
                WHEN (old.teacher, old.model, old.model_revision) <> (new.teacher, new.model, new.model_revision)
                    THEN 'teacher'
                WHEN old.asked <> new.asked OR old.exemplar_ids <> new.exemplar_ids THEN 'seeds'
                WHEN old.request_id <> new.request_id THEN 'asked_again'
                ELSE 'read_again' END AS reason
            FROM pairs JOIN old ON old.id = old_id JOIN new ON new.id = new_id
        ) JOIN new ON new.id = new_id"""


def _removed_sql(manifests: tuple[Manifest, Manifest]) -> str:
    before, after = manifests
    deleted = after.deleted.get("of") == before.version
    languages = after.settings.get("languages", [cell["language"] for cell in after.cells])
    return f"""
        SELECT language, strategy, source, '{REMOVED}' AS change, CASE
            WHEN {deleted} OR fate = 'deletion' THEN 'deletion'
            WHEN {_not_in("language", languages)} AND language NOT IN (SELECT language FROM new)
                THEN 'language_left_out'
            WHEN fate IN ({", ".join(map(_text, ("seed_gone", "not_asked", "not_answered")))}) THEN CASE
                WHEN teacher NOT IN (SELECT teacher FROM new) THEN 'teacher_gone'
                WHEN source NOT IN (SELECT source FROM new) THEN 'source_gone'
                ELSE fate END
            WHEN fate IS NOT NULL THEN fate
            WHEN teacher NOT IN (SELECT teacher FROM new) THEN 'teacher_gone'
            WHEN source NOT IN (SELECT source FROM new) THEN 'source_gone'
            ELSE 'unknown' END AS reason
        FROM gone LEFT JOIN fates USING (id)"""


def _added_sql(manifests: tuple[Manifest, Manifest]) -> str:
    before, after = manifests
    more = any(after.settings.get(name, 0) > before.settings.get(name, 0) for name in _MORE)
    revisions = [row["source"] + " " + row["revision"] for row in before.sources]
    return f"""
        SELECT language, strategy, source, '{ADDED}' AS change, CASE
            WHEN language NOT IN (SELECT language FROM old) THEN 'new_language'
            WHEN source NOT IN (SELECT source FROM old) THEN 'new_source'
            WHEN teacher NOT IN (SELECT teacher FROM old) THEN 'new_teacher'
            WHEN {_not_in("source || ' ' || source_revision", revisions)}
                AND seed_id NOT IN (SELECT seed_id FROM old UNION SELECT unnest(exemplar_ids) FROM old) THEN 'new_seed'
            WHEN {more} THEN 'more_asked'
            ELSE 'accepted' END AS reason
        FROM new WHERE id NOT IN (SELECT new_id FROM pairs)"""


def _fates(lake: Lake | None, gone: pa.Table) -> pa.Table:
    """What the lake says (`fate`) of rows without a partner, by `id`; null for those that it would publish now."""
    nothing = pa.table({"id": pa.array([], pa.string()), "fate": pa.array([], pa.string())})
    if lake is None or not gone.num_rows:
        return nothing
    cell = "seed_id, language, strategy"
    with lake.connect() as connection:
        connection.register("gone", gone)
        # As it is now, and not as of when the mart was last materialized.
        curated = (bundled("dbt_like_sql") / "marts" / "curated.sql").read_text(encoding="utf-8")
        connection.execute(f"CREATE TABLE ends AS SELECT id, outcome FROM ({curated})")
        return connection.sql(f"""
            WITH answers AS (
                SELECT gone.id, arg_max(
                    coalesce(ends.outcome, responses.outcome),
                    2 * (responses.request_id = gone.request_id)::INT + (responses.prompt_id = gone.prompt_id)::INT
                ) AS outcome
                FROM gone JOIN lake.responses AS responses USING ({cell}, teacher)
                LEFT JOIN lake.examples AS examples ON examples.prompt_id = responses.prompt_id
                    AND examples.request_id = responses.request_id
                LEFT JOIN ends ON ends.id = examples.id
                GROUP BY gone.id
            ),
            deleted AS (
                SELECT DISTINCT id FROM (SELECT id, unnest(list_append(exemplar_ids, seed_id)) AS seed_id FROM gone)
                SEMI JOIN lake.deletions USING (seed_id)
            )
            SELECT gone.id, CASE
                WHEN deleted.id IS NOT NULL THEN 'deletion'
                WHEN outcome = 'ok' THEN NULL
                WHEN outcome IS NOT NULL THEN outcome
                WHEN ({cell}) NOT IN (SELECT ({cell}) FROM lake.seeds) THEN 'seed_gone'
                WHEN ({cell}) NOT IN (SELECT ({cell}) FROM lake.prompts) THEN 'not_asked'
                ELSE 'not_answered' END AS fate
            FROM gone LEFT JOIN answers ON answers.id = gone.id LEFT JOIN deleted ON deleted.id = gone.id
        """).to_arrow_table()


def _not_in(sql: str, values: Iterable[str]) -> str:
    return f"NOT list_contains([{', '.join(map(_text, values))}]::VARCHAR[], {sql})"


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
