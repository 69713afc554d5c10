"""The lake's files: read a cell, write a cell atomically, open DuckDB over everything.

Here: the only code that writes Parquet or opens DuckDB over the lake. Not here: what the rows mean (contracts/), the
SQL of the views (views.py), and which tables the SQL makes (marts/).

Parquet under hive paths is the truth. A cell is one file that is replaced by a rename, so whoever opens it gets the
old rows or the new ones, never half of both, and no reader ever holds up a writer. DuckDB computes in memory over the
files, which `connect` holds as they are; `lake.duckdb` is a small catalogue of views for people's own tools and is
replaced by a rename too. Its views read the files in place, so a query that meets a cell in the very moment of its
replacement can fail or be wrong (measured under constant rewriting: 1 in 1,000); repeating it helps.
"""

import os
import shutil
import tempfile
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from polyglot_assets.contracts.former import FORMER, stored_as
from polyglot_assets.contracts.table import Table
from polyglot_assets.contracts.tables import TABLES
from polyglot_assets.domain.errors import UserError
from polyglot_assets.domain.grid import Cell
from polyglot_assets.lake.files import CATALOGUE as CATALOGUE_DRAFT
from polyglot_assets.lake.files import READING, replacing, scratch
from polyglot_assets.lake.views import (
    MARTS,
    RELEASES,
    TableName,
    View,
    folder_of,
    literal,
    mart_files,
    of_marts,
    of_releases,
    of_tables,
    quoted,
)

CATALOGUE = "lake.duckdb"
_ATTEMPTS = 10
_BATCH_ROWS = 1024
_GROUP_ROWS = 8192

Stamp = tuple[int, ...]

_published: dict[Path, tuple[Stamp, frozenset[View]]] = {}
"""By the lake's root the catalogue that this process wrote, and its views."""


@dataclass(frozen=True)
class Lake:
    """A lake below the folder `root`."""

    root: Path

    def check_path(self) -> None:
        """Looks at the name alone.

        Raises:
            UserError: it has a `?`, before which DuckDB would put the ending of its log's name.
        """
        if "?" in str(self.root):
            raise UserError(f"POLYGLOT_LAKE={self.root}: DuckDB makes no database below a `?`; choose another")

    def prepare(self) -> None:
        """Makes the root and proves that it can be written.

        Raises:
            UserError: it cannot, or its path can be none of a lake.
        """
        self.check_path()
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=self.root):
                pass
        except OSError as error:
            raise UserError(f"cannot write to the lake {self.root}: {error.strerror or error}") from None

    def cell_path(self, table: Table, cell: Cell, **parts: str) -> Path:
        """The Parquet file of a cell, whether it exists or not."""
        if not table.cellwise or set(parts) != set(table.parts):
            raise ValueError(f"{table.name} is stored by {table.parts}, got {tuple(parts)}")
        above = [f"{name}={parts[name]}" for name in table.parts]
        return self.root.joinpath(table.name, *above, cell.path, "cell.parquet")

    def write_cell(self, table: Table, cell: Cell, rows: Iterable[Mapping[str, Any]], **parts: str) -> int:
        """Replaces a cell with `rows`, sorted by the table's key; equal rows give equal bytes. Returns the count."""
        ordered = sorted(rows, key=lambda row: tuple(row[name] for name in table.key))
        data = pa.Table.from_pylist([dict(row) for row in ordered], schema=table.schema)
        write_parquet(data, self.cell_path(table, cell, **parts))
        return int(data.num_rows)

    def read_cell(self, table: Table, cell: Cell, **parts: str) -> list[dict[str, Any]]:
        """The rows of a cell in key order; none where the cell was never written."""
        path = self.cell_path(table, cell, **parts)
        if not path.exists():
            return []
        # partitioning=None: the hive keys are columns already, and PyArrow would add them as dictionaries.
        return list(pq.read_table(path, schema=table.schema, partitioning=None).to_pylist())

    def write_ordered_cell(self, table: Table, cell: Cell, rows: Iterable[Mapping[str, Any]], **parts: str) -> int:
        """As `write_cell`, for rows that come in key order: holds only one row group in memory."""
        groups = _groups(rows, table)
        return write_row_groups(groups, table.schema, self.cell_path(table, cell, **parts))

    def scan_cell(
        self, table: Table, cell: Cell, columns: Sequence[str] | None = None, **parts: str
    ) -> Iterator[dict[str, Any]]:
        """As `read_cell`, one row after the other: holds only a batch in memory."""
        path = self.cell_path(table, cell, **parts)
        if path.exists():
            with pq.ParquetFile(path) as file:
                for batch in file.iter_batches(_BATCH_ROWS, columns=columns):
                    yield from batch.to_pylist()

    def table_path(self, table: Table) -> Path:
        """The Parquet file of a table about the lake as a whole."""
        if table.cellwise:
            raise ValueError(f"{table.name} is stored cell by cell")
        return self.root / table.name / f"{table.name}.parquet"

    def stored_path(self, table: Table) -> Path:
        """The same where it is now: an earlier version may have written it under another name."""
        folder = folder_of(self.root, table.name)
        return folder / f"{folder.name}.parquet"

    def read_table(self, table: Table) -> pa.Table:
        """The rows of a table about the lake as a whole, which was written before."""
        path = self.stored_path(table)
        there = pq.read_schema(path).names
        stored = pa.schema([field.with_name(stored_as(field.name, there)) for field in table.schema])
        return pq.read_table(path, schema=stored, partitioning=None).rename_columns(table.schema.names)

    def replace_table(self, table: Table, rows: pa.Table) -> None:
        """Replaces a table about the lake as a whole, under whatever name it was stored."""
        write_parquet(rows, self.table_path(table))
        if table.name in FORMER:
            shutil.rmtree(self.root / FORMER[table.name], ignore_errors=True)

    def part_path(self, table: Table, cell: Cell) -> Path:
        """The Parquet file of a cell's rows in a table about the lake as a whole that is stored in parts."""
        return self.root.joinpath(table.name, cell.path, "part.parquet")

    def mart_path(self, name: str) -> Path:
        """The Parquet file of a mart."""
        return self.root / MARTS / f"{name}.parquet"

    def replace_mart(self, name: str, rows: pa.Table) -> None:
        """Replaces a mart, under whatever name it was stored."""
        write_parquet(rows, self.mart_path(name))
        if name in FORMER:
            self.mart_path(FORMER[name]).unlink(missing_ok=True)

    @contextmanager
    def connect(
        self, reads: Collection[TableName] | None = None, threads: int | None = None, *, jailed: bool = False
    ) -> Iterator[duckdb.DuckDBPyConnection]:
        """An in-memory DuckDB with a view `lake.<table>` per table and `marts.<name>` per computed mart.

        It shows the lake as it is at this moment; what is written later takes another connection.

        Args:
            reads: the only tables that are wanted. A view over hundreds of files takes time to make.
            threads: how many may work on a query; one per core by default.
            jailed: for queries that are not ours: no file but those of tables, marts and releases can be opened, no
                extension is fetched, and no query can change that.
        """
        with ExitStack() as stack:
            root = self._held(stack, reads)
            config: dict[str, Any] = {} if threads is None else {"threads": threads}
            connection = stack.enter_context(duckdb.connect(":memory:", config=config))
            connection.execute("SET parquet_metadata_cache = true")  # a lake has hundreds of small files
            connection.execute("CREATE SCHEMA lake")
            releases = of_releases(root) if reads is None else ()
            _create(connection, [*of_tables(root, "lake", reads), *of_marts(root, reads), *releases])
            if jailed:
                _jail(connection, root, self.root)
            yield connection

    def _held(self, stack: ExitStack, reads: Collection[TableName] | None) -> Path:
        """A folder with hard links to the lake's present files, removed with `stack`.

        DuckDB opens a file more than once per query, first for its footer and then for its pages. If a writer
        replaced it in between, the query would read one file by the other's map.
        """
        try:
            folder = stack.enter_context(scratch(self.root, READING))
            for table in TABLES:
                if reads is None or ("lake", table) in reads:
                    files = sorted(folder_of(self.root, table).rglob("*.parquet"))
                    _link_all(files, folder / table, numbered=True)
            marts = mart_files(self.root).items()
            wanted = [path for name, path in marts if reads is None or (MARTS, name) in reads]
            _link_all(wanted, folder / MARTS, numbered=False)
            if reads is None:
                _link_releases(self.root / RELEASES, folder / RELEASES)
        except OSError:
            return self.root  # a lake that this user may not write to, or a file system without hard links
        return folder

    def publish_catalogue(self) -> Path:
        """Writes `lake.duckdb`, the same views in a file, and renames it into place, if any of them changed.

        DuckDB calls a database after its file, so `lake.seeds` there is the view `seeds` of the database `lake`; a
        schema of the same name would make it ambiguous.
        """
        target = self.root / CATALOGUE
        views = frozenset([*of_tables(self.root, "main"), *of_marts(self.root), *of_releases(self.root)])
        known = self._in_catalogue()
        if views == known:
            return target
        with scratch(self.root, CATALOGUE_DRAFT) as folder:
            draft = folder / CATALOGUE
            if known is not None:  # most views stay as they are, and making one reads the footers of all its files
                shutil.copyfile(target, draft)
                if self._in_catalogue() != known:  # another process replaced it meanwhile
                    draft.unlink()
                    known = None
            with duckdb.connect(str(draft)) as connection:
                _bring_up_to_date(connection, known or frozenset(), views)
            written = stamp(draft)
            _log_of(target).unlink(missing_ok=True)
            draft.replace(target)
        _published[self.root] = written, views
        return target

    def _in_catalogue(self) -> frozenset[View] | None:
        """The views of `lake.duckdb`; None unless it is still what this process wrote."""
        written, views = _published.get(self.root, ((), None))
        target = self.root / CATALOGUE
        return views if written == stamp(target) and not _log_of(target).exists() else None


def _log_of(catalogue: Path) -> Path:
    """Where DuckDB keeps what a shell changed, until that shell ends well; it belongs to that version of the file."""
    return catalogue.with_name(f"{catalogue.name}.wal")


def _bring_up_to_date(connection: duckdb.DuckDBPyConnection, known: frozenset[View], views: frozenset[View]) -> None:
    """Changes a catalogue that holds `known` to one that holds `views`."""
    for schema, view in {view.name for view in known} - {view.name for view in views}:
        connection.execute(f'DROP VIEW {schema}."{view}"')
    _create(connection, views - known)


def _create(connection: duckdb.DuckDBPyConnection, views: Iterable[View]) -> None:
    views = sorted(views, key=lambda view: view.name)
    for schema in dict.fromkeys([MARTS, *(view.name[0] for view in views)]):
        connection.execute(f"CREATE SCHEMA IF NOT EXISTS {schema}")
    for view in views:
        connection.execute(view.statement)


def _jail(connection: duckdb.DuckDBPyConnection, held: Path, root: Path) -> None:
    """Takes from DuckDB whatever lies outside the tables, marts and releases of a lake, for good."""
    folders = [base / name for base in (held, root) for name in (MARTS, str(RELEASES))]
    folders += [folder_of(base, table) for base in (held, root) for table in TABLES]
    # A pattern is compared as it is written, so that of a lake below `data [old]` has to be on the list too.
    allowed = dict.fromkeys(quoted(form) for folder in folders for form in (folder, literal(folder)))
    if held != root:
        connection.execute(f"SET temp_directory = {quoted(held / 'spilled')}")  # it is on the list by itself
    for setting in (
        f"allowed_directories = [{', '.join(allowed)}]",
        "autoinstall_known_extensions = false",
        "autoload_known_extensions = false",
        "allow_persistent_secrets = false",
        "python_enable_replacements = false",  # a table's name is never a variable of this program
        "enable_external_access = false",
        "lock_configuration = true",
    ):
        connection.execute(f"SET {setting}")


def _link_all(paths: Iterable[Path], folder: Path, *, numbered: bool) -> None:
    folder.mkdir()
    for number, path in enumerate(paths):
        link = folder / (f"{number}.parquet" if numbered else path.name)
        for attempt in range(_ATTEMPTS):
            try:
                os.link(path, link)
                break
            except FileNotFoundError:
                # The name was looked up before a writer replaced the file, and the file was gone when it was linked.
                if attempt + 1 == _ATTEMPTS:
                    raise


def _link_releases(releases: Path, folder: Path) -> None:
    """Links the files of all releases, so that one that is removed meanwhile stays whole for whoever reads it."""
    folder.mkdir(parents=True)
    for version in sorted(path for path in releases.glob("[0-9a-f]*") if path.is_dir()):
        try:
            for path in version.rglob("*.parquet"):
                link = folder / path.relative_to(releases)
                link.parent.mkdir(parents=True, exist_ok=True)
                os.link(path, link)
            whole = version.is_dir()  # a release goes away by being renamed, so until now all of it was there
        except FileNotFoundError:
            whole = False
        if not whole:
            shutil.rmtree(folder / version.name, ignore_errors=True)
    for history in releases.glob("history.jsonl"):
        os.link(history, folder / history.name)


def write_parquet(data: pa.Table, path: Path, **options: Any) -> None:
    """Writes a table to a temporary file beside `path`, flushes it to the disk and renames it into place.

    Args:
        data: what is written.
        path: the file.
        options: further arguments of `pyarrow.parquet.write_table`.
    """
    with replacing(path) as handle:
        pq.write_table(data, handle, compression="zstd", **options)


def stamp(path: Path) -> Stamp:
    """What tells one version of a file from another, nothing if there is no file; a rename leaves it as it is."""
    try:
        seen = path.stat()
    except FileNotFoundError:
        return ()
    return seen.st_ino, seen.st_size, seen.st_mtime_ns


def write_row_groups(groups: Iterable[pa.Table], schema: pa.Schema, path: Path) -> int:
    """As `write_parquet`, from one table per row group; returns the number of rows."""
    count = 0
    with replacing(path) as handle, pq.ParquetWriter(handle, schema, compression="zstd") as writer:
        for group in groups:
            writer.write_table(group)
            count += group.num_rows
    return count


def _groups(rows: Iterable[Mapping[str, Any]], table: Table) -> Iterator[pa.Table]:
    remaining, last = iter(rows), None
    while group := list(islice(remaining, _GROUP_ROWS)):
        for row in group:
            key = tuple(row[name] for name in table.key)
            if last is not None and key <= last:
                raise ValueError(f"{table.name}: {key} does not come after {last}")
            last = key
        yield pa.Table.from_pylist(group, schema=table.schema)
