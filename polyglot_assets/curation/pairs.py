"""Which n-gram sets of the lake are near duplicates, and what of that is remembered.

Here: DuckDB over the lake with the examples ranked and the near pairs known, and the index that spares finding a pair
twice. Not here: the steps themselves (dbt_like_sql/duplicates/), and which row of a pair is kept (duplicates.py).

What is near between two cells depends on their rows alone. So it is found once for each pair of files and kept in a
file of its own, and a lake that grew by a cell costs the comparison of that cell with the others of its language. The
index can be deleted at any time and is made again from the examples.

Why two words and 0.7, and why both sides have to be alike: words (characters in Japanese) of real texts were replaced
at random, and this share of the edited texts was found again, with 1, 2, 3, 5 and 10% replaced:

                                       width 2, 0.7              width 3, 0.8              width 5, 0.8
    long answers in German      1.00 1.00 1.00  .99  .14  1.00  .98  .85  .03   0    .99  .71  .07   0    0
    long answers in Japanese    1.00  .94  .78  .27   0    .93  .36  .05   0    0
    exercises in English        1.00 1.00 1.00  .99  .70  1.00 1.00  .94  .43   0
    questions in Japanese        .95  .95  .94  .91  .26   .59  .59  .49  .18  .01

Of what was merged in real data (small talk in five languages, questions, exam items) about 75 pairs were read. Nearly
all were rewordings with the same answer. The wrong ones had only one side in common: different requests with the same
long standard answer, and different questions about the same long passage. They were a tenth of the merges of two words,
and a fifth to a half of those of three, where the longer side weighs more. LEAST keeps them apart. What remains wrong
at 0.7 are pairs that differ in the one word that matters (a number, a name, `another` for `a`); an exercise with other
numbers counts as a duplicate if most of its words and of its answer are the same. At 0.6 twice as many rewordings are
merged.
"""

import shutil
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from itertools import combinations_with_replacement
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from polyglot_assets.contracts.examples import EXAMPLES
from polyglot_assets.domain.grid import Cell
from polyglot_assets.domain.ids import code_digest, content_id, files_digest
from polyglot_assets.lake.files import READING, locked, scratch
from polyglot_assets.lake.store import Lake, stamp, write_parquet
from polyglot_assets.lake.views import quoted
from polyglot_assets.seeds.sources import PRECEDENCE
from polyglot_assets.settings import Settings, bundled
from polyglot_assets.text.sql_functions import register

LEAST = 0.2
"""Least similarity of the prompts alone, and of the responses alone; two empty ones are alike."""

_SIGNATURES = {"id": "VARCHAR", "language": "VARCHAR", "strategy": "VARCHAR", "grams": "UBIGINT", "bands": "UINTEGER[]"}
_NEAR_PAIRS = {"language": "VARCHAR", "grams": "UBIGINT", "other_grams": "UBIGINT", "similarity": "FLOAT"}
"""Columns of what is remembered, with DuckDB's types."""

Report = Callable[[str], None]


def index_of(lake: Lake) -> Path:
    """The folder of what is remembered."""
    return lake.root / "index" / "duplicates"


def versions(lake: Lake) -> dict[Cell, str]:
    """The cells of `examples` that were written, in the order of their names, each with a name for its present file."""
    folders = (lake.root / EXAMPLES.name).glob("language=*/strategy=*/cell.parquet")
    parts = sorted(path.parts[-3:-1] for path in folders)
    cells = [Cell(language.partition("=")[2], strategy.partition("=")[2]) for language, strategy in parts]
    return {cell: content_id(cell.key, stamp(lake.cell_path(EXAMPLES, cell))) for cell in cells}


def rules(settings: Settings) -> str:
    """A hash of everything but the examples that decides about the result."""
    text = (f"text/{name}.py" for name in ("characters", "duplicate_kernels", "invisible", "languages", "shingles"))
    steps = bundled("dbt_like_sql") / "duplicates"
    return content_id(
        code_digest("curation/duplicates.py", "curation/pairs.py", *text), files_digest(steps.glob("*.sql"), steps),
        unicodedata.unidata_version, *PRECEDENCE, settings.duplicates_similarity, settings.duplicates_width,
    )  # fmt: skip


@contextmanager
def opened(lake: Lake, settings: Settings) -> Iterator[duckdb.DuckDBPyConnection]:
    """DuckDB over the examples, with all that the steps call and read; who calls holds the lock of the index."""
    reads = {("lake", EXAMPLES.name)}
    with scratch(lake.root, READING) as spilled, lake.connect(reads) as connection:
        for setting, value in (
            ("memory_limit", f"'{settings.duplicates_memory}GB'"),
            ("temp_directory", quoted(spilled)),
            ("preserve_insertion_order", "false"),
        ):
            connection.execute(f"SET {setting} = {value}")
        register(connection, settings.duplicates_width)
        choose(
            connection, width=settings.duplicates_width, similarity=settings.duplicates_similarity, least=LEAST,
            sources=list(PRECEDENCE),
        )  # fmt: skip
        yield connection


def prepare(
    connection: duckdb.DuckDBPyConnection, lake: Lake, rule: str, cells: Mapping[Cell, str], languages: Collection[str],
    report: Report = lambda _: None,
) -> None:  # fmt: skip
    """Makes the tables `ranked` and `near_pairs`; finds what is near in cells that changed.

    Args:
        connection: as of `opened`.
        lake: holds the examples.
        rule: as of `rules`.
        cells: as of `versions`, from before the connection was opened.
        languages: of which the tables are made.
        report: is told about each cell that has to be compared.
    """
    index = index_of(lake)
    signatures = {cell: index / "signatures" / f"{content_id(rule, name)}.parquet" for cell, name in cells.items()}
    pairs = _pairs(index / "pairs", rule, cells)
    choose(connection, languages=sorted(languages))
    _sign(connection, {cell: path for cell, path in signatures.items() if cell.language in languages})
    step(connection, "ranked")
    own = {pair: path for pair, path in pairs.items() if pair[0].language in languages}
    _compare(connection, own, report)
    _load(connection, "near_pairs", own.values(), _NEAR_PAIRS)
    _forget_others(index, {*signatures.values(), *pairs.values()})


def known(lake: Lake, settings: Settings) -> tuple[pa.Table, pa.Table]:
    """(id and grams of each example, `near_pairs` of the lake), both brought up to date."""
    with locked(index_of(lake).with_suffix(".lock")):
        cells = versions(lake)
        with opened(lake, settings) as connection:
            prepare(connection, lake, rules(settings), cells, {cell.language for cell in cells})
            grams = connection.sql("SELECT id, grams FROM ranked").to_arrow_table()
            return grams, connection.sql("FROM near_pairs").to_arrow_table()


def step(connection: duckdb.DuckDBPyConnection, name: str) -> int:
    """Runs a step of dbt_like_sql/duplicates; returns the number of rows of the last table that it makes."""
    (file,) = (bundled("dbt_like_sql") / "duplicates").glob(f"*_{name}.sql")
    ((count,),) = connection.execute(file.read_text(encoding="utf-8")).fetchall()
    return int(count)


def grouped(connection: duckdb.DuckDBPyConnection, table: str, *names: str) -> Callable[..., pa.Table]:
    """Looks up the rows of a table by the values of some columns; they come in the order of the others."""
    keys = ", ".join(names)
    rows = connection.sql(f"SELECT {keys}, * EXCLUDE ({keys}) FROM {table} ORDER BY ALL").to_arrow_table()
    places: dict[tuple[str, ...], tuple[int, int]] = {}
    first = 0
    for *key, count in connection.sql(f"SELECT {keys}, count(*) FROM {table} GROUP BY ALL ORDER BY ALL").fetchall():
        places[tuple(key)] = first, count
        first += count
    # In one piece: Parquet begins a page with each piece, and equal rows have to give equal bytes.
    return lambda *key: rows.slice(*places.get(key, (0, 0))).combine_chunks()


def choose(connection: duckdb.DuckDBPyConnection, **variables: Any) -> None:
    """Sets what steps read with getvariable."""
    for name, value in variables.items():
        connection.execute(f"SET VARIABLE {name} = $value", {"value": value})


Pair = tuple[Cell, Cell]


def _pairs(folder: Path, rule: str, cells: Mapping[Cell, str]) -> dict[Pair, Path]:
    """The file of each pair of cells of a language, one cell with itself, too."""
    by_language: dict[str, list[Cell]] = defaultdict(list)
    for cell in cells:
        by_language[cell.language].append(cell)
    pairs = [pair for own in by_language.values() for pair in combinations_with_replacement(own, 2)]
    return {(one, other): folder / f"{content_id(rule, cells[one], cells[other])}.parquet" for one, other in pairs}


def _sign(connection: duckdb.DuckDBPyConnection, paths: Mapping[Cell, Path]) -> None:
    """Makes the table `remembered`, and the files of cells that have rows in it."""
    there = {cell for cell, path in paths.items() if path.exists()}
    _load(connection, "known_signatures", [paths[cell] for cell in there], _SIGNATURES)
    if step(connection, "remembered"):
        found = grouped(connection, "remembered", "language", "strategy")
        for cell in paths.keys() - there:
            if rows := found(cell.language, cell.strategy):
                write_parquet(rows, paths[cell])


def _compare(connection: duckdb.DuckDBPyConnection, paths: Mapping[Pair, Path], report: Report) -> None:
    """Makes the files of pairs of cells that are not there."""
    missing = [pair for pair, path in paths.items() if not path.exists()]
    changed = {one for one, other in missing if one == other}
    changed |= {one for one, other in missing if changed.isdisjoint((one, other))}
    if not changed:
        return
    for cell in sorted(changed):
        report(f"reading {cell}")
    choose(connection, changed_languages=sorted({cell.language for cell in changed}))
    connection.execute("CREATE OR REPLACE TEMP TABLE changed_cells (language VARCHAR, strategy VARCHAR)")
    connection.executemany(
        "INSERT INTO changed_cells VALUES (?, ?)", [[cell.language, cell.strategy] for cell in changed]
    )
    for name in ("sets", "candidates", "near"):
        step(connection, name)
    found = grouped(connection, "near", "language", "strategy", "other_strategy")
    for one, other in missing:
        write_parquet(found(one.language, *sorted((one.strategy, other.strategy))), paths[one, other])


def _load(
    connection: duckdb.DuckDBPyConnection, table: str, paths: Collection[Path], columns: Mapping[str, str]
) -> None:
    """Makes a table of the rows of some files, each of them once."""
    names = ", ".join(columns)
    kinds = ", ".join(f"{name} {kind}" for name, kind in columns.items())
    connection.execute(f"CREATE OR REPLACE TEMP TABLE {table} ({kinds})")
    if paths:
        files = f"read_parquet([{', '.join(map(quoted, paths))}], hive_partitioning = false)"
        connection.execute(f"INSERT INTO {table} SELECT DISTINCT {names} FROM {files}")


def _forget_others(index: Path, used: Collection[Path]) -> None:
    """Removes what no longer belongs to the index: of cells that were replaced or are gone, of earlier versions."""
    for path in index.iterdir() if index.is_dir() else ():
        if path.name in ("signatures", "pairs"):
            for file in path.iterdir():
                if file not in used:
                    file.unlink()
        elif path.is_dir():
            shutil.rmtree(path)
        elif path.name != STATE:
            path.unlink()


STATE = "parts.json"
"""What duplicates.py remembers of the table."""
