"""A small lake with everything that a deletion has to reach, made by the real stages and a scripted teacher."""

import json
import shutil
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

import pyarrow.parquet as pq
from factories import compute
from scripted import ScriptedEngine

from polyglot_assets.contracts.examples import EXAMPLES
from polyglot_assets.contracts.seeds import SEEDS
from polyglot_assets.curation import contamination, duplicates
from polyglot_assets.deletion import forget as forget_
from polyglot_assets.deletion.forget import Intent
from polyglot_assets.domain.grid import Cell, cells
from polyglot_assets.examples import stage as examples_stage
from polyglot_assets.inference.engine import Completion, Request
from polyglot_assets.inference.registry import enabled
from polyglot_assets.lake import locks
from polyglot_assets.lake.store import Lake
from polyglot_assets.lake.tombstones import Request as Deletion
from polyglot_assets.marts import report
from polyglot_assets.orchestration.wiring import markdown
from polyglot_assets.prompts import stage as prompts_stage
from polyglot_assets.prompts.templates import load
from polyglot_assets.release import sft
from polyglot_assets.responses.stage import respond
from polyglot_assets.seeds import stage as seeds_stage
from polyglot_assets.seeds.sources import SOURCES
from polyglot_assets.settings import Settings

LANGUAGES = ("de",)
TEACHER = "smollm2-135m"


def answer(request: Request) -> Completion:
    """A good German answer, different for each request, so that not all are duplicates."""
    words = "Haus Garten Brot Wasser Straße Lampe Fenster Wolke Schrank Tisch Apfel Brücke Kirche Zeitung Morgen Abend"
    chosen = [words.split()[int(digit, 16)] for digit in request.request_id]
    text = f"Am Anfang steht hier das Wort {chosen[0]}, dann folgen {', '.join(chosen[1:20])} und zuletzt {chosen[20]}."
    if request.schema:
        asked = f"Erzähle mir bitte etwas über {', '.join(chosen[20:])}."
        text = json.dumps({"prompt": asked, "response": text}, ensure_ascii=False)
    return Completion(request.request_id, text, "stop", prompt_tokens=50, response_tokens=20)


def settings_of(root: Path, evalsets: Path | None = None, rows: int = 4) -> Settings:
    return Settings(lake=root, languages=LANGUAGES, rows_per_cell=rows, evalsets=evalsets)


def seeds(lake: Lake, settings: Settings, deleted: Iterable[str] = ()) -> None:
    """As the assets seeds/*."""
    for source in SOURCES:
        seeds_stage.fill_cells(lake, source, cells(LANGUAGES), settings, frozenset(deleted))


def prompts(lake: Lake, settings: Settings) -> None:
    """As the asset prompts."""
    for cell in cells(LANGUAGES):
        prompts_stage.fill_cell(lake, cell, load()[cell.strategy], settings.rows_per_cell)


def responses(lake: Lake, settings: Settings) -> int:
    """As the assets responses/*; returns how many requests were asked."""
    engine = ScriptedEngine(answer)
    (teacher,) = enabled(settings)
    list(respond(lake, teacher, cells(LANGUAGES), lambda: engine, lambda _: None))
    return len(engine.asked)


def examples(lake: Lake, settings: Settings) -> None:
    """As the asset examples."""
    for cell in cells(LANGUAGES):
        examples_stage.fill_cell(lake, cell, [TEACHER], settings.duplicates_width)


def follow(lake: Lake, settings: Settings) -> None:
    """As what comes after the examples."""
    duplicates.find(lake, settings)
    contamination.find(lake, settings)
    compute(lake)
    report.write(lake)
    lake.publish_catalogue()


def history(lake: Lake) -> None:
    """A Dagster home with sample rows in its events, in the shape of Dagster's own."""
    home = lake.root / "dagster" / "history" / "runs"
    home.mkdir(parents=True)
    with closing(sqlite3.connect(home / "index.db")) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("CREATE TABLE event_logs (id INTEGER PRIMARY KEY, event TEXT)")
        connection.execute("CREATE TABLE asset_keys (id INTEGER PRIMARY KEY, last_materialization TEXT)")
        for cell in cells(LANGUAGES):
            for source in SOURCES:
                rows = lake.read_cell(SEEDS, cell, source=source.name)
                event = {"dagster_event": {"partition": cell.key, "metadata_entries": [_entry("samples", rows)]}}
                connection.execute("INSERT INTO event_logs (event) VALUES (?)", [json.dumps(event)])
        kept = lake.read_cell(EXAMPLES, Cell("de", "generate"))
        shown = {"metadata_entries": [_entry("rows", kept), _entry("outcomes", [])]}
        connection.execute("INSERT INTO asset_keys (last_materialization) VALUES (?)", [json.dumps(shown)])
        connection.commit()


def _entry(label: str, rows: list[dict[str, object]]) -> dict[str, object]:
    table = markdown(rows, ("seed_id", "prompt", "response"))
    return {"label": label, "entry_data": {"__class__": "MarkdownMetadataEntryData", "md_str": table}}


def make(root: Path, evalsets: Path) -> Lake:
    """A lake of nine cells and two releases, whose rows hold items of an evaluation set."""
    settings = settings_of(root, rows=2)
    lake = Lake(root)
    lake.prepare()
    seeds(lake, settings)
    evalsets.mkdir()
    for wide in (False, True):
        settings = settings_of(root, evalsets if wide else None, rows=4 if wide else 2)
        prompts(lake, settings)
        responses(lake, settings)
        examples(lake, settings)
        if wide:
            leaked = lake.read_cell(EXAMPLES, Cell("de", "respond"))[0]
            item = {"id": 1, "question": leaked["response"]}
            (evalsets / "items.jsonl").write_text(json.dumps(item) + "\n")
        follow(lake, settings)
        sft.write(lake, settings)
    history(lake)
    return lake


def copied(lake: Lake, to: Path) -> Lake:
    shutil.copytree(lake.root, to, symlinks=True)
    return Lake(to)


def request_of(lake: Lake, seed_id: str) -> Deletion:
    """A request to delete a seed of the lake."""
    for path in sorted((lake.root / SEEDS.name).rglob("*.parquet")):
        for row in pq.read_table(path, partitioning=None).to_pylist():
            if row["seed_id"] == seed_id:
                return Deletion(row["source"], row["source_id"], "the author", "mail 17")
    raise LookupError(seed_id)


def forget(lake: Lake, settings: Settings, requests: Iterable[Deletion]) -> Intent:
    """As `polyglot forget --yes`."""
    with locks.alone(lake):
        intent = forget_.intend(lake, settings, requests)
        forget_.carry_out(lake, settings, intent, lambda _: None)
    return intent


def contents(lake: Lake) -> dict[str, bytes]:
    """All files but those whose bytes hold places or times: SQLite, the catalogue, names by inode."""
    return {
        path.relative_to(lake.root).as_posix(): path.read_bytes()
        for path in sorted(lake.root.rglob("*"))
        if path.is_file()
        and not path.is_symlink()
        and path.parts[len(lake.root.parts)] not in ("dagster", "index", "lake.duckdb")
    }
