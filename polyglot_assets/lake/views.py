"""The views under which the lake's files are read: their names, and the SQL over the files that there are.

Here: which files belong to a view, and its text. Not here: DuckDB itself, and holding files that are replaced
meanwhile (lake/store.py).

A view over a table of contracts/ shows the columns of its contract, whatever is in the files: a column that none of
them has yet, because the lake is older than it, is empty. So the text of a view changes only when the first file comes
or the last one goes, when files get a column that none had, or when a mart gets other columns.

What an earlier version stored under another name (contracts/former.py) is shown under the present one.
"""

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from polyglot_assets.contracts.examples import PUBLISHED
from polyglot_assets.contracts.former import FORMER, PRESENT, stored_as
from polyglot_assets.contracts.lineage import LINEAGE
from polyglot_assets.contracts.strategies import STRATEGIES
from polyglot_assets.contracts.tables import TABLES
from polyglot_assets.recipes.registry import RECIPES

TableName = tuple[str, str]
"""(schema, table): ("lake", "examples") or ("marts", "source_mix")."""

MARTS = "marts"
RELEASE = "release"
RELEASES = Path("release", "sft")
_VERSION = "[0-9a-f]*"
_KINDS = {
    "string": "VARCHAR",
    "binary": "BLOB",
    "bool": "BOOLEAN",
    "int8": "TINYINT",
    "int32": "INTEGER",
    "int64": "BIGINT",
    "uint8": "UTINYINT",
    "uint32": "UINTEGER",
    "uint64": "UBIGINT",
    "float": "FLOAT",
    "double": "DOUBLE",
}
_HISTORY = {
    "recorded_at": "TIMESTAMP",
    "release": "VARCHAR",
    "what": "VARCHAR",
    "rows": "BIGINT",
    "replaces": "VARCHAR",
    "why": "VARCHAR",
}


@dataclass(frozen=True)
class View:
    """A view.

    Attributes:
        name: (schema, view).
        query: what it shows.
        columns: names and types where the query leaves them to the files: a mart's.
    """

    name: TableName
    query: str
    columns: str = ""

    @property
    def statement(self) -> str:
        """The statement that makes it, or makes it anew."""
        schema, view = self.name
        return f'CREATE OR REPLACE VIEW {schema}."{view}" AS {self.query}'


def folder_of(root: Path, table: str) -> Path:
    """Where a table's files are below `root`: until it is written anew, where an earlier version put them."""
    folder, former = root / table, FORMER.get(table)
    if former is None or next(folder.rglob("*.parquet"), None) or not (root / former).is_dir():
        return folder
    return root / former


def mart_files(root: Path) -> dict[str, Path]:
    """The files of the marts that were computed, by the marts' names, in their order."""
    by_stem = {path.stem: path for path in (root / MARTS).glob("*.parquet")}
    names = sorted({PRESENT.get(stem, stem) for stem in by_stem})
    return {name: by_stem[stored_as(name, by_stem)] for name in names}


def of_tables(root: Path, schema: str, reads: Collection[TableName] | None = None) -> Iterator[View]:
    """The views over the tables of contracts/ below `root`, in `schema`; `reads` names the only ones wanted."""
    for table in TABLES.values():
        if reads is not None and ("lake", table.name) not in reads:
            continue
        if table is STRATEGIES:
            yield View((schema, table.name), _strategies())
        else:
            folder = folder_of(root, table.name)
            files = folder.rglob("*.parquet")
            pattern = quoted(literal(folder) / "**" / "*.parquet")
            yield View((schema, table.name), over(pattern, files, table.schema))


def _strategies() -> str:
    values = ", ".join(
        f"({_text(recipe.name)}, {recipe.place}, {recipe.english}, {recipe.examples}, {_text(recipe.does)})"
        for recipe in RECIPES.values()
    )
    columns = ", ".join(f"{field.name}::{kind_of(field.type)} AS {field.name}" for field in STRATEGIES.schema)
    return f"SELECT {columns} FROM (VALUES {values}) AS recipes ({', '.join(STRATEGIES.schema.names)})"


def of_marts(root: Path, reads: Collection[TableName] | None = None) -> Iterator[View]:
    """The views over the marts that were computed."""
    for name, path in mart_files(root).items():
        if reads is None or (MARTS, name) in reads:
            columns = _columns(path)
            renamed = ", ".join(f'"{column}" AS "{PRESENT[column]}"' for column in columns if column in PRESENT)
            query = f"FROM read_parquet({quoted(literal(path))}, hive_partitioning=false)"
            yield View((MARTS, name), f"SELECT * RENAME ({renamed}) {query}" if renamed else query, str(columns))


def of_releases(root: Path) -> Iterator[View]:
    """Views over the rows of all releases, with the version as the column `release`, and over their history."""
    folder = root / RELEASES
    published = pa.schema([field for field in TABLES["examples"].schema if field.name in PUBLISHED])
    for name, part, schema in (("sft", "data", published), ("lineage", "lineage", LINEAGE.schema)):
        files = folder.glob(f"{_VERSION}/{part}/**/*.parquet")
        pattern = quoted(literal(folder) / _VERSION / part / "**" / "*.parquet")
        # The last match: the lake itself may lie below such a path.
        version = f"regexp_extract(filename, '.*/{RELEASES}/([0-9a-f]+)/{part}/', 1)"
        yield View((RELEASE, name), over(pattern, files, schema, version))
    history = folder / "history.jsonl"
    if history.exists():
        kinds = ", ".join(f"{name}: '{kind}'" for name, kind in _HISTORY.items())
        query = f"FROM read_json({quoted(literal(history))}, columns={{{kinds}}})"
    else:
        query = f"SELECT {', '.join(f'NULL::{kind} AS {name}' for name, kind in _HISTORY.items())} LIMIT 0"
    yield View((RELEASE, "history"), query)


def over(pattern: str, files: Iterable[Path], schema: pa.Schema, release: str = "") -> str:
    """A query for the columns of `schema` in some files, in that order; columns that none of them has are null.

    Args:
        pattern: what read_parquet is given: a quoted glob, or a list of quoted paths.
        files: the files that it stands for; without any the query returns no rows.
        schema: the contract.
        release: the value of a column `release` that is put first, made of the column `filename`.
    """
    there, any_file = set[str](), False
    for path in files:
        any_file = True
        there |= _columns(path).keys()
        if there.issuperset(schema.names):  # mostly after the first file
            break
    columns = [f"{release if any_file else 'NULL'}::VARCHAR AS release"] if release else []
    for field in schema:
        stored = stored_as(field.name, there)
        value = f'"{stored}"' if stored in there else "NULL"
        columns.append(f'{value}::{kind_of(field.type)} AS "{field.name}"')
    # union_by_name: files that were written before a column was added stay readable.
    options = "union_by_name=true, hive_partitioning=false" + (", filename=true" if release else "")
    return f"SELECT {', '.join(columns)} " + (f"FROM read_parquet({pattern}, {options})" if any_file else "LIMIT 0")


def _columns(path: Path) -> dict[str, str]:
    """Names and types of a file's columns; none where it was just removed or cannot be read, which DuckDB will say."""
    try:
        return {field.name: str(field.type) for field in pq.read_schema(path)}
    except (OSError, pa.ArrowException):
        return {}


def kind_of(kind: pa.DataType) -> str:
    """DuckDB's name of an Arrow type.

    Raises:
        ValueError: no table has such columns so far.
    """
    if pa.types.is_list(kind):
        return f"{kind_of(kind.value_type)}[]"
    if pa.types.is_struct(kind):
        parts = (f'"{field.name}" {kind_of(field.type)}' for field in kind)
        return f"STRUCT({', '.join(parts)})"
    if str(kind) not in _KINDS:
        raise ValueError(f"no DuckDB type is known for {kind}")
    return _KINDS[str(kind)]


def quoted(path: Path) -> str:
    """A path as an SQL string."""
    return _text(str(path))


def _text(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def literal(path: Path) -> Path:
    """As a glob that matches this path alone: a lake may lie below a folder called `data [old]`."""
    return Path(re.sub(r"([*?\[])", r"[\1]", str(path)))
