"""What is computed from the cells: relations, indexes, tables, the report, the catalogue.

Here: bringing all of it to the state of the cells. Not here: the cells (cells.py), releases (releases.py).

Duplicates are found again, because a row may step into the place of one that goes. Contamination and licenses are a
matter of each row alone, so their rows are only taken out: searching again would take the evaluation sets, which need
not be at hand.
Tables that no SQL file makes any more are removed, because nobody can say what they hold.
"""

import shutil
from collections.abc import Callable, Collection, Iterable

import pyarrow as pa
import pyarrow.compute as pc

from polyglot_assets.contracts.contamination import CONTAMINATION
from polyglot_assets.contracts.duplicates import DUPLICATES
from polyglot_assets.contracts.former import FORMER
from polyglot_assets.contracts.licenses import LICENSES
from polyglot_assets.contracts.table import Table
from polyglot_assets.curation import contamination, duplicates
from polyglot_assets.domain.grid import Cell
from polyglot_assets.lake.store import Lake
from polyglot_assets.lake.views import MARTS, mart_files
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
    for table in (CONTAMINATION, LICENSES):
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
    if not lake.stored_path(table).exists():
        return
    rows = lake.read_table(table)
    gone = pc.is_in(rows.column("id"), value_set=pa.array(sorted(examples), pa.string()))
    if pc.any(gone).as_py() or table.name in FORMER:  # under the former name there may be a file of earlier rows
        lake.replace_table(table, rows.filter(pc.invert(gone)))


def _tables(lake: Lake) -> None:
    """Computes the tables that there are, and those that they read."""
    models, _ = load(bundled("dbt_like_sql"))
    for model in needed(models, mart_files(lake.root)):
        compute(lake, model)
    for path in sorted((lake.root / MARTS).glob("*")):
        if path.name not in {f"{model.name}.parquet" for model in models} and path.is_file():
            path.unlink()
