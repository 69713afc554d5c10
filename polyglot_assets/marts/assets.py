"""Dagster wiring of the marts, and of all checks: those of the cell-wise tables run here too, per cell."""

import time
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import dagster as dg

from polyglot_assets.contracts.tables import CELL_TABLES, TABLES
from polyglot_assets.curation.assets import CONTAMINATION_KEY, DUPLICATES_KEY, LICENSES_KEY
from polyglot_assets.domain.errors import UserError
from polyglot_assets.examples.assets import KEY as EXAMPLES_KEY
from polyglot_assets.inference.registry import Teacher
from polyglot_assets.lake.views import TableName
from polyglot_assets.marts import report
from polyglot_assets.marts.checks import Check, load_checks
from polyglot_assets.marts.compute import compute
from polyglot_assets.marts.models import Model, column_lineage, load
from polyglot_assets.marts.plots import CHARTS, PICTURES, SHOWN_IN_PLACE
from polyglot_assets.orchestration import ui
from polyglot_assets.orchestration.choices import Choices
from polyglot_assets.orchestration.versions import code_version, data_version
from polyglot_assets.orchestration.wiring import EAGER, OWNERS, LakeContext, cells_of, group, markdown
from polyglot_assets.prompts.assets import KEY as PROMPTS_KEY
from polyglot_assets.responses.assets import response_key
from polyglot_assets.seeds.assets import seed_key
from polyglot_assets.seeds.source import Source
from polyglot_assets.seeds.sources import sources_of
from polyglot_assets.settings import bundled

_REPORT = ("answers", "charts", "figures", "values")
_PREVIEW_ROWS = 30
_ROW_TEXT = {"prompt_words", "response_words"}
"""Columns that hold what a row says, which stays out of Dagster's history."""


def mart_key(name: str) -> dg.AssetKey:
    """The asset key of a mart."""
    return dg.AssetKey(["marts", name])


class _Keys:
    """Which assets write the tables that SQL reads."""

    def __init__(self, sources: Sequence[Source], teachers: Sequence[Teacher]) -> None:
        seeds = [seed_key(source) for source in sources]
        self.of_lake: dict[str, list[dg.AssetKey]] = {
            "seeds": seeds,
            "prompts": [PROMPTS_KEY],
            "responses": [response_key(teacher) for teacher in teachers],
            "examples": [EXAMPLES_KEY],
            "counts": [*seeds, PROMPTS_KEY, EXAMPLES_KEY],
            "duplicates": [DUPLICATES_KEY],
            "contamination": [CONTAMINATION_KEY],
            "licenses": [LICENSES_KEY],
            "deletions": [],
            "strategies": [],
        }

    def of(self, table: TableName) -> list[dg.AssetKey]:
        """The assets behind a table."""
        schema, name = table
        return self.of_lake[name] if schema == "lake" else [mart_key(name)]


def mart_assets(lake_context: LakeContext, teachers: Sequence[Teacher]) -> list[dg.AssetsDefinition]:
    """One asset per file in dbt_like_sql/marts/."""
    models, _ = load(bundled("dbt_like_sql"))
    keys = _Keys(sources_of(lake_context.settings), teachers)
    columns = {model.name: dict.fromkeys(model.described.columns, "VARCHAR") for model in models}
    return [_mart_asset(lake_context, model, keys, columns) for model in models]


def _mart_asset(
    lake_context: LakeContext, model: Model, keys: _Keys, columns: Mapping[str, Mapping[str, str]]
) -> dg.AssetsDefinition:
    @dg.asset(
        key=mart_key(model.name),
        deps=sorted({key for table in model.reads for key in keys.of(table)}),
        group_name=group("marts", "between" if model.described.private else ""),
        kinds={"duckdb", "sql", "parquet"},
        owners=OWNERS,
        description=model.described.description,
        metadata={"sql": dg.MetadataValue.md(f"```sql\n{model.sql}```".ljust(SHOWN_IN_PLACE))},  # on a click
        code_version=code_version(("marts/compute.py",), model.sql),
        automation_condition=EAGER,
    )
    def mart(context: dg.AssetExecutionContext) -> dg.MaterializeResult[Any]:  # noqa: ARG001 Dagster's signature
        lake_context.lake.prepare()
        for schema, name in sorted(model.reads):
            if schema == "marts" and not lake_context.lake.mart_path(name).exists():
                raise UserError(
                    f"marts.{model.name} reads marts.{name}, which was not computed yet: materialize it too"
                )
        started = time.monotonic()
        data, types = compute(lake_context.lake, model)
        lake_context.lake.publish_catalogue()
        shown = [name for name in data.column_names if name not in _ROW_TEXT]
        rows = data.select(shown).slice(0, _PREVIEW_ROWS).to_pylist()
        metadata: dict[str, Any] = {}
        if model.name in CHARTS:  # first, so that it is seen without scrolling
            metadata["chart"] = dg.MetadataValue.md(CHARTS[model.name](data.to_pylist()))
        if model.name in PICTURES:
            metadata["picture"] = dg.MetadataValue.md(PICTURES[model.name](data.to_pylist()))
        metadata |= {
            "dagster/row_count": data.num_rows,
            "dagster/column_schema": _schema(model, types),
            "dagster/column_lineage": _lineage(model, keys, columns),
            "rows": dg.MetadataValue.md(markdown(rows, shown)),
            "seconds": round(time.monotonic() - started, 3),
        }
        return dg.MaterializeResult(
            data_version=data_version([lake_context.lake.mart_path(model.name)]), metadata=metadata
        )

    return mart


def report_asset(lake_context: LakeContext) -> dg.AssetsDefinition:
    """The HTML report, after all marts."""
    models, _ = load(bundled("dbt_like_sql"))

    @dg.asset(
        key=dg.AssetKey(["marts", "report"]),
        deps=[mart_key(model.name) for model in models],
        group_name=group("marts"),
        code_version=code_version((*(f"marts/{name}.py" for name in _REPORT), "marts/report.*")),
        kinds={"html"},
        owners=OWNERS,
        description="What the lake holds, as a page to look at: one HTML file that needs no network.",
        automation_condition=EAGER,
    )
    def page(context: dg.AssetExecutionContext) -> dg.MaterializeResult[Any]:  # noqa: ARG001 Dagster's signature
        lake_context.lake.prepare()
        path = report.write(lake_context.lake)
        opened = dg.MetadataValue.url(
            ui.report_url(lake_context.settings)
        )  # a browser follows no link to a file from there
        return dg.MaterializeResult(
            metadata={"open": opened, "page": dg.MetadataValue.path(path), "bytes": path.stat().st_size}
        )

    return page


def _schema(model: Model, types: Mapping[str, str]) -> dg.TableSchema:
    described = model.described.columns
    return dg.TableSchema(
        columns=[dg.TableColumn(name, kind, description=described.get(name)) for name, kind in types.items()]
    )


def _lineage(model: Model, keys: _Keys, columns: Mapping[str, Mapping[str, str]]) -> dg.TableColumnLineage:
    lake = {t.name: {name: str(kind) for name, kind, _ in t.fields} for t in TABLES.values()}
    schema = {"lake": lake, "marts": columns}
    return dg.TableColumnLineage(
        deps_by_column={
            column: [
                dg.TableColumnDep(asset_key=key, column_name=origin)
                for schema_name, table, origin in sorted(origins)
                for key in keys.of((schema_name, table))
            ]
            for column, origins in column_lineage(model, schema).items()
        }
    )


def check_definitions(lake_context: LakeContext, teachers: Sequence[Teacher]) -> list[dg.AssetChecksDefinition]:
    """All checks, one definition per asset so that an asset's checks share one step."""
    by_asset: dict[tuple[dg.AssetKey, tuple[str, ...]], list[Check]] = defaultdict(list)
    keys = _Keys(sources_of(lake_context.settings), teachers)
    for check in load_checks(bundled("dbt_like_sql")):
        if check.table == "responses":
            for teacher in teachers:
                by_asset[response_key(teacher), (teacher.name,)].append(check)
        else:
            key = keys.of_lake[check.table][0] if check.table in TABLES else mart_key(check.table)
            by_asset[key, tuple(teacher.name for teacher in teachers)].append(check)
    return [_checks(lake_context, key, names, checks) for (key, names), checks in by_asset.items()]


def _checks(
    lake_context: LakeContext, key: dg.AssetKey, teachers: tuple[str, ...], checks: list[Check]
) -> dg.AssetChecksDefinition:
    cellwise = checks[0].table in CELL_TABLES
    specs = [
        dg.AssetCheckSpec(
            check.name,
            asset=key,
            description=check.description,
            blocking=True,
            partitions_def=lake_context.grid if cellwise else None,
        )
        for check in checks
    ]

    @dg.multi_asset_check(name=f"checks_of_{'_'.join(key.path)}", specs=specs)
    def run_checks(context: dg.AssetCheckExecutionContext, choices: Choices) -> Iterable[dg.AssetCheckResult]:
        cells = cells_of(context) if cellwise else []
        # Of a teacher that the run does not ask, answers may be there for other prompts, and become no examples.
        names = [name for name in teachers if name in choices.teachers] if cellwise else teachers
        over_a_range = not context.op_execution_context.has_partition_key
        with lake_context.lake.connect({table for check in checks for table in check.reads}) as connection:
            connection.execute(f"SET VARIABLE max_duplicate_share = {lake_context.settings.max_duplicate_share}")
            for check in checks:
                offences = check.offences(connection, cells, names) if names else []
                decided = {name: getattr(lake_context.settings, name.lower()) for name in check.settings}
                # A run over a range of cells may report a check only once; these events say it for each cell.
                for cell in cells if over_a_range else []:
                    offences_here = [
                        row for row in offences if (row["language"], row["strategy"]) == (cell.language, cell.strategy)
                    ]
                    evaluation = dg.AssetCheckEvaluation(
                        asset_key=key,
                        check_name=check.name,
                        passed=not offences_here,
                        metadata=_found(offences_here, decided),
                        partition=cell.key,
                    )
                    # The annotation of log_event lags behind what it takes.
                    context.op_execution_context.log_event(evaluation)  # type: ignore[arg-type]
                yield dg.AssetCheckResult(
                    asset_key=key, check_name=check.name, passed=not offences, metadata=_found(offences, decided)
                )

    return run_checks


def _found(offences: list[dict[str, Any]], decided: Mapping[str, Any]) -> dict[str, Any]:
    """What an evaluation says: how many rows, the first of them, and the settings by which they are offences."""
    metadata: dict[str, Any] = {"offending_rows": len(offences)}
    if offences and decided:
        metadata["settings"] = ", ".join(f"POLYGLOT_{name}={value}" for name, value in decided.items())
    if offences:
        metadata["first_offences"] = dg.MetadataValue.md(markdown(offences[:5], list(offences[0])))
    return metadata
