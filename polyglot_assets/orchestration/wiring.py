"""What all assets share in their dealings with Dagster.

Here: the cells of a run, per-cell metadata, table schemas, what data may do in Markdown, cross-cutting attributes. Not
here: anything that computes rows; those modules do not know Dagster.
"""

import re
import shlex
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import dagster as dg

from polyglot_assets.contracts.table import Table
from polyglot_assets.domain.grid import Cell, cell_of
from polyglot_assets.lake import locks
from polyglot_assets.lake.store import Lake
from polyglot_assets.orchestration import choices, endings, liveness
from polyglot_assets.settings import Settings

OWNERS = ["team:data"]
STAGES = ("seeds", "prompts", "responses", "examples", "curation", "marts", "release")
"""The groups of assets in the order of the picture."""
EAGER = dg.AutomationCondition.eager().without(~dg.AutomationCondition.any_deps_missing())
"""Made again whenever one of the assets before was, if all are there: from the prompts to the release. It does nothing
until somebody turns on the sensor of automation conditions, which is off at first, because answers may cost money."""
_SAMPLES = 3
_CELL_TEXT = 160
_HARMLESS = re.compile(r"(?!.*www)[\w ,;:%+()–…-]*|[\d.eE+-]+", re.IGNORECASE)
"""Words and numbers: nothing that Markdown could take for more."""


def group(stage: str, part: str = "") -> str:
    """The name of a group. The UI sorts groups by name, so a number puts them into the order of the picture.

    Args:
        stage: one of `STAGES`.
        part: of a stage in two groups, which one.
    """
    return "_".join(filter(None, (str(STAGES.index(stage) + 1), stage, part)))


@dataclass(frozen=True)
class LakeContext:
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
            group_name=group(key.path[0]),
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
    """An executor whose runs hold the lake's lock, so that no rows are deleted under them, and one of their own.

    Each run is tagged with the settings that decide about its rows.
    """

    def __init__(self, inner: dg.Executor, lake_context: LakeContext) -> None:
        self._inner, self._lake_context = inner, lake_context

    @property
    def retries(self) -> Any:
        return self._inner.retries

    def execute(self, plan_context: Any, execution_plan: Any) -> Iterator[dg.DagsterEvent]:
        instance, run = plan_context.instance, plan_context.dagster_run
        liveness.alive_until_exit(instance, run.run_id)
        instance.add_run_tags(run.run_id, choices.tags(self._lake_context.settings, run.run_config))
        with locks.shared(self._lake_context.lake):
            events = self._inner.execute(plan_context, execution_plan)
            yield from endings.told(instance, plan_context.log, events)


def locked_executor(lake_context: LakeContext) -> dg.ExecutorDefinition:
    """Dagster's in-process executor under the lake's lock. It goes by the same name, so run configurations stay."""
    plain = dg.in_process_executor
    schema: Any = plain.config_schema  # of a type that the constructor takes and does not name
    make: Any = plain.executor_creation_fn
    return dg.ExecutorDefinition(
        plain.name, schema, executor_creation_fn=lambda context: _Locked(make(context), lake_context)
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


def samples(table: Table, cell: Cell, columns: Sequence[str], **parts: str) -> dg.TextMetadataValue:
    """The command that shows some rows of a cell.

    The rows themselves stay out of Dagster: its history keeps everything of every run, also what was deleted since, and
    shows it to everybody who can open the UI.
    """
    chosen = {"language": cell.language, "strategy": cell.strategy, **parts}
    where = " AND ".join(f"{name} = '{value}'" for name, value in chosen.items())
    query = f"SELECT {', '.join(columns)} FROM lake.{table.name} WHERE {where} LIMIT {_SAMPLES}"
    return dg.MetadataValue.text(f"polyglot sql {shlex.quote(query)}")


def markdown(rows: Iterable[Mapping[str, Any]], columns: Sequence[str]) -> str:
    """A Markdown table; `none` where there are no rows."""
    lines = ["| " + " | ".join(plain(row[column]) for column in columns) + " |" for row in rows]
    if not lines:
        return "none"
    return "\n".join(["| " + " | ".join(columns) + " |", "|" + " --- |" * len(columns), *lines])


def rows_of(table: str) -> list[dict[str, str]]:
    """The rows of a table that `markdown` wrote."""
    if "\n" not in table:
        return []
    columns, _, *rows = ([part.strip(" `") for part in line.split("|")[1:-1]] for line in table.splitlines())
    return [dict(zip(columns, row, strict=True)) for row in rows]


def plain(value: Any) -> str:
    """A value as Markdown that shows it and does nothing else: no link, no picture, no other cell of a table."""
    if value is None:
        return ""
    text = " ".join((f"{value:.4g}" if isinstance(value, float) else str(value)).split())
    text = text if len(text) <= _CELL_TEXT else text[: _CELL_TEXT - 1] + "…"
    if _HARMLESS.fullmatch(text):
        return text
    # As code. Escapes would not do: viewers look for addresses in a text after they have read it.
    fence = "`" * (1 + max((len(ticks) for ticks in re.findall("`+", text)), default=0))
    return f"{fence} {text.replace('|', '¦')} {fence}"
