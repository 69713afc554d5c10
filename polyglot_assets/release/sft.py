"""Writing the SFT dataset folder: Parquet with the ten published columns, and its card.

Here: files. Not here: the card's wording (card.md.jinja) and Dagster (assets.py).
"""

import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import jinja2
import pyarrow as pa

from polyglot_assets.lake import Lake, quoted, write_parquet
from polyglot_assets.languages import display_name
from polyglot_assets.records import CURATED_OUTCOMES, EXAMPLES, OUTCOMES, PUBLISHED
from polyglot_assets.settings import bundled

DATA = "data/train-00000-of-00001.parquet"
_TEMPLATE = Path(__file__).with_name("card.md.jinja")


@dataclass(frozen=True)
class Release:
    """A written release."""

    folder: Path
    rows: int
    card: str
    languages: list[dict[str, Any]]


def release_folder(lake: Lake) -> Path:
    """Where the SFT dataset lies."""
    return lake.root / "release" / "sft"


def write(lake: Lake) -> Release:
    """Writes the dataset folder from the examples of the lake and puts it in place of the one before.

    The rows are sorted by language, strategy and id, so the same lake gives the same bytes.
    """
    target = release_folder(lake)
    target.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(dir=target.parent, prefix=".draft-"))
    try:
        with lake.connect() as connection:
            _curate(connection)
            columns = ", ".join(PUBLISHED)
            data = connection.sql(f"SELECT {columns} FROM published ORDER BY language, strategy, id").to_arrow_table()
            write_parquet(data.cast(_published_schema()), draft / DATA)
            values = card_values(connection, draft / DATA)
            card = render_card(values)
        (draft / "README.md").write_text(card, encoding="utf-8")
        draft.chmod(0o755)
        _replace(draft, target)
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise
    return Release(target, data.num_rows, card, values["languages"])


def _curate(connection: duckdb.DuckDBPyConnection) -> None:
    """Makes `curated`, the last outcome of every example, and `published`, the examples whose outcome is still ok.

    By the mart's SQL and not from its file: whatever was materialized when, a release leaves out what is known now.
    """
    curated = (bundled("dbt_like_sql") / "marts" / "curated.sql").read_text(encoding="utf-8")
    connection.execute(f"CREATE TEMP TABLE curated AS SELECT id, outcome FROM ({curated})")
    connection.execute(
        "CREATE TEMP VIEW published AS FROM lake.examples WHERE id IN (SELECT id FROM curated WHERE outcome = 'ok')"
    )


def _published_schema() -> pa.Schema:
    schema = EXAMPLES.schema
    return pa.schema([schema.field(name) for name in PUBLISHED])


def _replace(draft: Path, target: Path) -> None:
    """Puts `draft` in the place of `target`; a reader that opened the old files keeps reading them."""
    if target.exists():
        old = Path(tempfile.mkdtemp(dir=target.parent, prefix=".old-"))
        target.rename(old / target.name)
        draft.rename(target)
        shutil.rmtree(old)
    else:
        draft.rename(target)


def card_values(connection: duckdb.DuckDBPyConnection, data: Path) -> dict[str, Any]:
    """Everything the card says about the data, from SQL.

    Args:
        connection: the lake, with `curated` and `published`, for the funnel and the licences.
        data: the published Parquet file; all counts of published rows are taken from it and nothing else.
    """
    published = f"read_parquet({quoted(data)})"

    def query(sql: str) -> list[dict[str, Any]]:
        relation = connection.sql(sql)
        return [dict(zip(relation.columns, row, strict=True)) for row in relation.fetchall()]

    by_language = query(f"SELECT language, count(*) AS rows FROM {published} GROUP BY ALL ORDER BY rows DESC, language")
    licenses = query(
        "SELECT license, count(*) AS rows FROM (SELECT unnest(licenses) AS license FROM published) "
        "GROUP BY ALL ORDER BY rows DESC, license"
    )
    return {
        "total": query(f"SELECT count(*) AS rows FROM {published}")[0]["rows"],
        "languages": [{**row, "name": display_name(row["language"])} for row in by_language],
        "cells": query(
            f"PIVOT {published} ON strategy IN ('generate', 'respond', 'translate') USING count(*) "
            "GROUP BY language ORDER BY language"
        ),
        "sources": query(f"SELECT source, count(*) AS rows FROM {published} GROUP BY ALL ORDER BY rows DESC, source"),
        "models": query(f"SELECT model, count(*) AS rows FROM {published} GROUP BY ALL ORDER BY rows DESC, model"),
        "outcomes": sorted(
            query(
                "SELECT outcome, count(*) AS rows FROM (SELECT outcome FROM lake.responses WHERE outcome <> 'ok' "
                "UNION ALL SELECT outcome FROM curated) GROUP BY ALL"
            ),
            key=lambda row: (*OUTCOMES, *CURATED_OUTCOMES).index(row["outcome"]),
        ),
        "licenses": licenses,
        "license": _overall_license([row["license"] for row in licenses]),
        "num_bytes": data.stat().st_size,
        "columns": [(name, str(kind), doc) for name, kind, doc in EXAMPLES.fields if name in PUBLISHED],
    }


def render_card(values: dict[str, Any]) -> str:
    """The dataset card in Markdown with YAML front matter, from `card_values`."""
    environment = jinja2.Environment(
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=False,  # noqa: S701 Markdown
    )
    return environment.from_string(_TEMPLATE.read_text(encoding="utf-8")).render(**values)


def _overall_license(licenses: list[str]) -> str:
    """The licence of the whole: the common one if there is one, else `other`, never one that a part contradicts."""
    return licenses[0] if len(licenses) == 1 and licenses[0] not in ("unknown", "unlicensed") else "other"
