"""Dagster wiring of the responses: one asset per enabled teacher."""

import time
from typing import Any

import dagster as dg

from polyglot_assets.contracts.responses import RESPONSES
from polyglot_assets.domain.grid import Cell
from polyglot_assets.domain.ids import content_id
from polyglot_assets.gates import language
from polyglot_assets.inference.registry import Teacher
from polyglot_assets.inference.resource import VllmResource
from polyglot_assets.lake import made_with
from polyglot_assets.orchestration import endings, liveness, removal
from polyglot_assets.orchestration.choices import Choices
from polyglot_assets.orchestration.versions import data_version
from polyglot_assets.orchestration.wiring import EAGER, LakeContext, cells_of, counts_table, report_cell, samples
from polyglot_assets.prompts.assets import KEY as PROMPTS_KEY
from polyglot_assets.prompts.templates import load
from polyglot_assets.responses.compact import Rules, code
from polyglot_assets.responses.ledger import Commit
from polyglot_assets.responses.stage import CellResponses, respond
from polyglot_assets.text.languages import display_name, is_known
from polyglot_assets.text.tags import base_of
from polyglot_assets.text.variants import how_judged


def response_key(teacher: Teacher) -> dg.AssetKey:
    """The asset key of a teacher's responses."""
    return dg.AssetKey(["responses", teacher.asset_name])


def response_assets(lake_context: LakeContext, teachers: list[Teacher]) -> list[dg.AssetsDefinition]:
    """The response assets of the enabled teachers."""
    return [_response_asset(lake_context, teacher, [other.name for other in teachers]) for teacher in teachers]


def _response_asset(lake_context: LakeContext, teacher: Teacher, enabled: list[str]) -> dg.AssetsDefinition:
    @lake_context.cell_asset(
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
        code_version=_code_version(lake_context, teacher),
        automation_condition=EAGER,
        pool=liveness.TEACHERS,  # two runs would each load a model; the second waits instead
    )
    def responses(context: dg.AssetExecutionContext, vllm: VllmResource, choices: Choices) -> dg.MaterializeResult[Any]:
        started, loads = time.monotonic(), vllm.loads
        rules, cells = Rules(lake_context.settings.to_gates(), load(lake_context.settings.templates)), cells_of(context)
        if teacher.name not in choices.chosen(enabled):
            context.log.info("is not among the teachers of this run, and stays as it is")
            return dg.MaterializeResult(metadata={"asked": False})
        sampled = teacher.sampled()
        removal.refuse(
            removal.of_model(lake_context.lake, cells, teacher.name, sampled["model"]),
            allowed=choices.allow_removal,
            warn=context.log.warning,
            stays="the answers stay as they were",
        )
        made_of = lake_context.settings.deciding("gates") | {"sampled": sampled}
        for cell in cells:
            made_with.doubt(lake_context.lake.cell_path(RESPONSES, cell, teacher=teacher.name), made_of)
        unknown = [code for code in sorted({cell.language for cell in cells}) if not is_known(base_of(code))]
        if unknown and language.GATE.name in rules.gates.enabled:
            context.log.warning(
                "no language detector knows %s: the language gate finds other languages there only where it is sure, "
                "and says nothing about the rest",
                ", ".join(f"{display_name(code)} ({code})" for code in unknown),
            )
        for sentence in filter(None, map(how_judged, sorted({cell.language for cell in cells}))):
            context.log.warning("%s", sentence)
        total = CellResponses()
        with endings.asked_again(context, vllm.patience):
            for cell, result in respond(
                lake_context.lake,
                teacher,
                cells,
                lambda: vllm.engine(teacher, context.log.info, context.log.warning),
                context.log.debug,
                Commit(lake_context.settings.commit_rows, lake_context.settings.commit_seconds),
                rules=rules,
                notice=context.log.info,
            ):
                made_with.write(lake_context.lake.cell_path(RESPONSES, cell, teacher=teacher.name), made_of)
                context.log.debug(
                    "%s: %s", cell, ", ".join(f"{name} {rows}" for name, rows in sorted(result.outcomes.items()))
                )
                report_cell(context, cell, sum(result.outcomes.values()), _metadata(teacher, cell, result))
                total.add(result)
        context.log.debug(
            "newly asked: %s", ", ".join(f"{name} {value:,}" for name, value in _spent(teacher, total).items())
        )
        if failed := total.outcomes.get("engine_error"):
            context.log.warning(
                "%d answers ended in engine_error; `polyglot retry --outcome engine_error` asks again", failed
            )
        lake_context.lake.publish_catalogue()
        return dg.MaterializeResult(
            data_version=data_version(
                lake_context.lake.cell_path(RESPONSES, cell, teacher=teacher.name) for cell in cells
            ),
            metadata={
                "engine_loads": vllm.loads - loads,
                **_spent(teacher, total),
                "seconds": round(time.monotonic() - started, 1),
            },
        )

    return responses


def _code_version(lake_context: LakeContext, teacher: Teacher) -> str:
    own = [teacher.license, teacher.fingerprint, teacher.max_tokens, teacher.max_model_len, teacher.dialect]
    return content_id(code(), own, lake_context.settings.to_gates().values())[:12]


def _metadata(teacher: Teacher, cell: Cell, result: CellResponses) -> dict[str, object]:
    return {
        "outcomes": counts_table(result.outcomes),
        "kept": result.outcomes.get("ok", 0),
        **_spent(teacher, result),
        "seconds_until_last_answer": round(result.seconds, 1),
        "samples": samples(RESPONSES, cell, ("outcome", "reason", "prompt", "raw_text"), teacher=teacher.name),
    }


def _spent(teacher: Teacher, result: CellResponses) -> dict[str, Any]:
    """What this run asked for; answers that were in the ledger cost nothing again."""
    spent: dict[str, Any] = {
        "newly_asked": result.asked,
        "prompt_tokens": result.prompt_tokens,
        "response_tokens": result.response_tokens,
    }
    if teacher.input_price or teacher.output_price:
        spent["cost_usd"] = round(teacher.cost(result.prompt_tokens, result.response_tokens), 6)
    return spent
