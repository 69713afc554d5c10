"""Fixtures for the seed tests: native files written by hand, and the samples filled once."""

import gzip
import json
import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from polyglot_assets.domain.grid import LANGUAGES, Cell, cells
from polyglot_assets.seeds.acquire import Files, find
from polyglot_assets.seeds.fill import CellSeeds, fill
from polyglot_assets.seeds.source import Source
from polyglot_assets.seeds.sources import SOURCES
from polyglot_assets.settings import Settings

Rows = list[Mapping[str, Any]]
WriteNative = Callable[..., Path]
FillRows = Callable[..., dict[Cell, CellSeeds]]


def write_rows(path: Path, rows: Rows) -> None:
    """Parquet, JSON lines or gzipped JSON lines, by the file's name."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".parquet":
        pq.write_table(pa.Table.from_pylist(list(rows)), path)
        return
    lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()
    path.write_bytes(gzip.compress(lines) if path.suffix == ".gz" else lines)


@pytest.fixture
def write_native(tmp_path: Path) -> WriteNative:
    """Writes rows (or bytes) of a source into a local copy `native/<org>__<name>/`; returns the file."""

    def write(source: Source, content: Rows | bytes, name: str = "rows.jsonl") -> Path:
        path = tmp_path / "native" / source.folder / name
        if isinstance(content, bytes):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        else:
            write_rows(path, content)
        return path

    return write


@pytest.fixture
def fill_files() -> FillRows:
    """Fills cells (given as `de/generate` texts) from files."""

    def run(source: Source, paths: Iterable[Path], targets: Iterable[str], **settings: Any) -> dict[str, CellSeeds]:
        paths = tuple(paths)
        files = Files(paths[0].parent, paths, "rev")
        filled = fill(source, files, [Cell(*target.split("/")) for target in targets], Settings(**settings))
        return {str(cell): seeds for cell, seeds in filled.items()}

    return run


@pytest.fixture
def fill_rows(write_native: WriteNative, fill_files: FillRows) -> FillRows:
    """Fills one cell from native rows written in the test."""

    def run(source: Source, rows: Rows | bytes, target: str, name: str = "rows.jsonl", **settings: Any) -> CellSeeds:
        return fill_files(source, [write_native(source, rows, name)], [target], **settings)[target]

    return run


@pytest.fixture(scope="session")
def samples() -> dict[str, dict[Cell, CellSeeds]]:
    """All sources of the samples on the full grid: source name, then cell."""
    with pytest.MonkeyPatch.context() as patch:
        # A fixture of the session comes before the one that cleans the environment of each test.
        for name in [name for name in os.environ if name.startswith("POLYGLOT_")]:
            patch.delenv(name)
        settings = Settings()
    grid = cells(LANGUAGES)
    return {source.name: fill(source, find(source, settings), grid, settings) for source in SOURCES}
