"""The sample seeds: their script makes exactly the tracked files, and no text is there twice by mistake."""

import gzip
import json
import shutil
import subprocess
import sys
import zlib
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from polyglot_assets.domain.grid import LANGUAGES
from polyglot_assets.seeds.sources import SOURCES
from polyglot_assets.text.normal import text_key

SAMPLES = Path(__file__).parents[1] / "data" / "samples"


def native_files(folder: Path) -> dict[str, Path]:
    return {path.relative_to(folder).as_posix(): path for path in folder.rglob("train*") if path.is_file()}


def rows_of(path: Path) -> list[dict[str, Any]]:
    if path.suffix == ".parquet":
        return pq.read_table(path, partitioning=None).to_pylist()
    return [json.loads(line) for line in gzip.decompress(path.read_bytes()).splitlines()]


def build(folder: Path) -> Path:
    shutil.copytree(SAMPLES / "texts", folder / "texts")
    shutil.copy(SAMPLES / "build.py", folder)
    subprocess.run([sys.executable, str(folder / "build.py")], check=True, capture_output=True)
    return folder


@pytest.fixture(scope="module")
def built(tmp_path_factory) -> Path:
    """A copy of the samples made anew from the texts."""
    return build(tmp_path_factory.mktemp("samples"))


def test_the_script_makes_the_tracked_files_and_no_others(built):
    assert sorted(native_files(built)) == sorted(native_files(SAMPLES))
    assert {name.split("/")[0] for name in native_files(SAMPLES)} == {source.folder for source in SOURCES}


@pytest.mark.parametrize("name", sorted(native_files(SAMPLES)))
def test_the_tracked_rows_are_what_the_script_makes(built, name):
    assert rows_of(built / name) == rows_of(SAMPLES / name)
    if name.endswith(".parquet"):
        assert pq.read_schema(built / name) == pq.read_schema(SAMPLES / name)


@pytest.mark.parametrize("name", [name for name in native_files(SAMPLES) if name.endswith(".gz")])
def test_gzip_gives_the_tracked_bytes(built, name):
    made, tracked = (built / name).read_bytes(), (SAMPLES / name).read_bytes()
    assert gzip.decompress(made) == gzip.decompress(tracked)
    if sys.platform == "linux" and "ng" not in zlib.ZLIB_RUNTIME_VERSION:
        assert made == tracked


def test_running_it_again_changes_no_byte(built, tmp_path):
    again = build(tmp_path / "again")
    for name, path in native_files(built).items():
        assert path.read_bytes() == (again / name).read_bytes(), name


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.name)
def test_a_sample_has_the_columns_that_the_adapter_reads(source):
    for path in (SAMPLES / source.folder).rglob("train*"):
        if path.suffix == ".parquet":
            assert set(source.columns) <= set(pq.read_schema(path).names)
        elif path.is_file():
            assert all(set(source.columns) <= set(row) for row in rows_of(path))


def texts() -> Iterator[tuple[str, int, dict[str, Any]]]:
    for path in sorted((SAMPLES / "texts").glob("*.jsonl")):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
            yield path.stem, number, json.loads(line)


def prompt_of(row: dict[str, Any]) -> str:
    if "tree" in row:
        return row["tree"]["text"]
    if "turns" in row or "context" in row:
        turns = row.get("turns") or row["context"]
        return next(turn["content"] for turn in turns if turn["role"] == "user")
    if "instruction" in row:
        return f"{row['instruction']} {row.get('input') or ''}"
    return row[next(name for name in ("question", "inputs", "input") if name in row)]


def test_there_are_texts_for_every_language():
    assert {language for language, *_ in texts()} == {*LANGUAGES, "en"}


def test_no_prompt_is_there_twice_unless_it_says_so():
    places = defaultdict(list)
    for language, number, row in texts():
        if row.get("note") != "duplicate":
            places[text_key(prompt_of(row))].append(f"{language}.jsonl:{number}")
    assert {key: found for key, found in places.items() if len(found) > 1} == {}


def test_what_calls_itself_a_duplicate_is_one():
    seen, strangers = set(), []
    for language, number, row in texts():
        key = text_key(prompt_of(row))
        if row.get("note") == "duplicate" and key not in seen:
            strangers.append(f"{language}.jsonl:{number}")
        seen.add(key)
    assert strangers == []
