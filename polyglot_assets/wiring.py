"""What all assets share in their dealings with Dagster.

Here: the cells of a run, per-cell metadata, table schemas, sample rows as Markdown, cross-cutting attributes. Not
here: anything that computes rows; those modules do not know Dagster.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import dagster as dg

from polyglot_assets import locks
from polyglot_assets.grid import Cell, cell_of
from polyglot_assets.lake import Lake
from polyglot_assets.records import Table
from polyglot_assets.settings import Settings

OWNERS = ["team:data"]
EAGER = dg.AutomationCondition.eager().without(~dg.AutomationCondition.any_deps_missing())
"""Of what follows from other assets and costs little: made again whenever one of them was, if all are there."""
_SAMPLES = 3
_CELL_TEXT = 160


@dataclass(frozen=True)
class Place:
    """What every asset factory is given: the settings, the lake they name, and the grid."""

    settings: Settings
    lake: Lake
    grid: dg.MultiPartitionsDefinition

    def cell_asset(
        self, key: dg.AssetKey, table: Table, *, kinds: set[str], description: str, **options: Any
    ) -> Callable[[Callable[..., dg.MaterializeResult[Any]]], dg.AssetsDefinition]:
        """The decorator of every cell-wise asset: one grid, and one run for whatever part of it is asked for.

        Args:
            key: asset key; its first part is the group.
            table: the contract of what is written.
            kinds: tags for the UI.
            description: Markdown.
            options: further arguments of `dg.asset`.
        """
        metadata = {"dagster/column_schema": column_schema(table), **options.pop("metadata", {})}
        decorator: Callable[[Callable[..., dg.MaterializeResult[Any]]], dg.AssetsDefinition] = dg.asset(
            key=key,
            group_name=key.path[0],
            kinds=kinds,
            description=description,
            metadata=metadata,
            owners=OWNERS,
            partitions_def=self.grid,
            backfill_policy=dg.BackfillPolicy.single_run(),
            **options,
        )
        return decorator


class _Locked(dg.Executor):
    """An executor whose runs hold the lake's lock, so that no rows are deleted under them."""

    def __init__(self, inner: dg.Executor, lake: Lake) -> None:
        self._inner, self._lake = inner, lake

    @property
    def retries(self) -> Any:
        return self._inner.retries

    def execute(self, plan_context: Any, execution_plan: Any) -> Iterator[dg.DagsterEvent]:
        with locks.shared(self._lake):
            yield from self._inner.execute(plan_context, execution_plan)


def locked_executor(place: Place) -> dg.ExecutorDefinition:
    """Dagster's in-process executor under the lake's lock. It goes by the same name, so run configurations stay."""
    plain = dg.in_process_executor
    schema: Any = plain.config_schema  # of a type that the constructor takes and does not name
    make: Any = plain.executor_creation_fn
    return dg.ExecutorDefinition(
        plain.name, schema, executor_creation_fn=lambda context: _Locked(make(context), place.lake)
    )


def cells_of(context: dg.AssetExecutionContext | dg.AssetCheckExecutionContext) -> list[Cell]:
    """The cells this run is about: one, a language, or the whole grid."""
    execution = context.op_execution_context if isinstance(context, dg.AssetCheckExecutionContext) else context
    return [cell_of(str(key)) for key in execution.partition_keys]


def report_cell(context: dg.AssetExecutionContext, cell: Cell, row_count: int, metadata: Mapping[str, Any]) -> None:
    """Attaches metadata to one cell's materialization, whatever else the run carries."""
    context.add_asset_metadata({"dagster/partition_row_count": row_count, **metadata}, partition_key=cell.key)


def column_schema(table: Table) -> dg.TableSchema:
    """A table's contract as Dagster shows it."""
    key = dg.TableColumnConstraints(nullable=False)
    return dg.TableSchema(
        columns=[
            dg.TableColumn(name, str(kind), description=doc, constraints=key if name in table.key else None)
            for name, kind, doc in table.fields
        ]
    )


def counts_table(counts: Mapping[str, int]) -> dg.MarkdownMetadataValue:
    """Reasons or outcomes with their number of rows, largest first."""
    rows = [{"what": what, "rows": rows} for what, rows in sorted(counts.items(), key=lambda c: (-c[1], c[0]))]
    return dg.MetadataValue.md(markdown(rows, ("what", "rows")))


def sample_rows(rows: Iterable[Mapping[str, Any]], columns: Sequence[str]) -> dg.MarkdownMetadataValue:
    """The first rows, cut to a readable width."""
    return dg.MetadataValue.md(markdown(islice(rows, _SAMPLES), columns))


def markdown(rows: Iterable[Mapping[str, Any]], columns: Sequence[str]) -> str:
    """A Markdown table; `none` where there are no rows."""
    lines = ["| " + " | ".join(_plain(row[column]) for column in columns) + " |" for row in rows]
    if not lines:
        return "none"
    return "\n".join(["| " + " | ".join(columns) + " |", "|" + " --- |" * len(columns), *lines])


def _plain(value: Any) -> str:
    if value is None:
        return ""
    text = " ".join(f"{value:.4g}".split()) if isinstance(value, float) else " ".join(str(value).split())
    shown = text if len(text) <= _CELL_TEXT else text[: _CELL_TEXT - 1] + "…"
    return shown.replace("|", "\\|").replace("<", "&lt;")
