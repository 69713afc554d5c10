"""Dagster wiring of the responses: one asset per enabled teacher."""

import time
from typing import Any

import dagster as dg

from polyglot_assets.grid import Cell
from polyglot_assets.prompts.assets import KEY as PROMPTS_KEY
from polyglot_assets.records import RESPONSES
from polyglot_assets.responses.generate import CellResponses, respond
from polyglot_assets.teachers.registry import Teacher
from polyglot_assets.teachers.resource import VllmResource
from polyglot_assets.wiring import Place, cells_of, counts_table, report_cell, sample_rows


def response_key(teacher: Teacher) -> dg.AssetKey:
    """The asset key of a teacher's responses."""
    return dg.AssetKey(["responses", teacher.asset_name])


def response_assets(place: Place, teachers: list[Teacher]) -> list[dg.AssetsDefinition]:
    """The response assets of the enabled teachers."""
    return [_response_asset(place, teacher) for teacher in teachers]


def _response_asset(place: Place, teacher: Teacher) -> dg.AssetsDefinition:
    @place.cell_asset(
        response_key(teacher),
        RESPONSES,
        deps=[PROMPTS_KEY],
        kinds={"vllm", "parquet"},
        description=f"Answers of `{teacher.model}` ({teacher.license}). Every prompt ends in one outcome; "
        "answers are kept in a ledger as they arrive, so nothing is asked twice.",
        metadata={
            "model": teacher.model,
            "license": teacher.license,
        },
        pool="teacher",  # two runs would each load a model; the second waits instead
    )
    def responses(context: dg.AssetExecutionContext, vllm: VllmResource) -> dg.MaterializeResult[Any]:
        started, loads = time.monotonic(), vllm.loads
        results = respond(
            place.lake, teacher, cells_of(context), lambda: vllm.engine(teacher, context.log.info), context.log.info
        )
        for cell, result in results.items():
            report_cell(context, cell, sum(result.outcomes.values()), _metadata(place, teacher, cell, result))
        place.lake.publish_catalogue()
        return dg.MaterializeResult(
            metadata={
                "engine_loads": vllm.loads - loads,
                "newly_asked": sum(result.asked for result in results.values()),
                "seconds": round(time.monotonic() - started, 1),
            }
        )

    return responses


def _metadata(place: Place, teacher: Teacher, cell: Cell, result: CellResponses) -> dict[str, object]:
    rows = place.lake.read_cell(RESPONSES, cell, teacher=teacher.name)
    return {
        "outcomes": counts_table(result.outcomes),
        "kept": result.outcomes.get("ok", 0),
        "newly_asked_in_cell": result.asked,
        "tokens_written": result.tokens,
        "seconds_until_last_answer": round(result.seconds, 1),
        "samples": sample_rows(rows, ("outcome", "reason", "prompt", "raw_text")),
    }
