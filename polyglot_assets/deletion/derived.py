"""What is computed from the cells: relations, indexes, tables, the report, the catalogue.

Here: bringing all of it to the state of the cells. Not here: the cells (cells.py), releases (releases.py).

Duplicates are found again, because a row may step into the place of one that goes. Contamination and licences are a
matter of each row alone, so their rows are only taken out: searching again would take the evaluation sets, which need
not be at hand.
Tables that no SQL file makes any more are removed, because nobody can say what they hold.
"""

import shutil
from collections.abc import Callable, Collection, Iterable

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from polyglot_assets.contracts.contamination import CONTAMINATION
from polyglot_assets.contracts.duplicates import DUPLICATES
from polyglot_assets.contracts.licenses import LICENCES
from polyglot_assets.contracts.table import Table
from polyglot_assets.curation import contamination, duplicates
from polyglot_assets.domain.grid import Cell
from polyglot_assets.lake.store import Lake, write_parquet
from polyglot_assets.marts import report
from polyglot_assets.marts.compute import compute
from polyglot_assets.marts.models import load, needed
from polyglot_assets.settings import Settings, bundled


def remake(
    lake: Lake, settings: Settings, cells: Iterable[Cell], examples: Collection[str], report_to: Callable[[str], None]
) -> None:
    """Makes everything that follows from the cells as if the rows had never been there.

    Args:
        lake: whose cells are done.
        settings: how duplicates are found.
        cells: the cells that were concerned.
        examples: ids of the examples that are gone.
        report_to: is told what is being done.
    """
    for cell in cells:
        (lake.root / contamination.KEPT / cell.path / "cell.parquet").unlink(missing_ok=True)
    for table in (CONTAMINATION, LICENCES):
        _without(lake, table, examples)
    if next((lake.root / DUPLICATES.name).rglob("*.parquet"), None):
        duplicates.find(lake, settings, report_to)
    else:
        shutil.rmtree(lake.root / "index", ignore_errors=True)
    _tables(lake)
    if report.report_path(lake).exists():
        report.write(lake)
    lake.publish_catalogue()


def _without(lake: Lake, table: Table, examples: Collection[str]) -> None:
    path = lake.table_path(table)
    if not path.exists():
        return
    rows = pq.read_table(path, schema=table.schema, partitioning=None)
    gone = pc.is_in(rows.column("id"), value_set=pa.array(sorted(examples), pa.string()))
    if pc.any(gone).as_py():
        write_parquet(rows.filter(pc.invert(gone)), path)


def _tables(lake: Lake) -> None:
    """Computes the tables that there are, and those that they read."""
    models, _ = load(bundled("dbt_like_sql"))
    for path in sorted((lake.root / "marts").glob("*")):
        if path.name not in {f"{model.name}.parquet" for model in models} and path.is_file():
            path.unlink()
    there = [model.name for model in models if lake.mart_path(model.name).exists()]
    for model in needed(models, there):
        compute(lake, model)
