"""Targets with a script or a region through the whole chain, fed by the seeds of their language."""

import json
import logging
from pathlib import Path

import dagster as dg
from scripted import ScriptedVllm

from polyglot_assets.cli.run import RANGE_END, RANGE_START
from polyglot_assets.contracts.responses import RESPONSES
from polyglot_assets.contracts.seeds import SEEDS
from polyglot_assets.definitions import build_defs
from polyglot_assets.domain.grid import Cell
from polyglot_assets.inference.engine import Completion, Request
from polyglot_assets.lake.counts import read_counts
from polyglot_assets.lake.store import Lake
from polyglot_assets.release import manifest, versions
from polyglot_assets.release.verify import verify
from polyglot_assets.settings import Settings

TOML = 'license = "mit"\n[columns]\nprompt = "p"\nresponse = "r"\nlanguage = "l"\n'
ROWS = [
    {"p": "請問這間學校的圖書館幾點開門?", "r": "圖書館早上九點開門。", "l": "zh-Hant"},
    {"p": "请问这间学校的图书馆几点开门?", "r": "图书馆早上九点开门。", "l": "zh"},
    {"p": "Onde fica a biblioteca da escola?", "r": "Fica no centro.", "l": "pt-BR"},
    {"p": "Onde está o autocarro para a escola?", "r": "Está na praça.", "l": "pt-PT"},
]
ANSWERS = {
    "Traditional Chinese": "這是一個完整而清楚的回答、我們在學校裡學習語言、並且討論歷史與文化的關係。",
    "Simplified Chinese": "這是一個完整而清楚的回答、我們在學校裡學習語言、並且討論歷史與文化的關係。",
    "Brazilian Portuguese": "Esta é uma resposta completa e clara à pergunta que você acabou de fazer.",
    "Portuguese": "Esta é uma resposta clara e completa à pergunta que acabou de nos fazer agora mesmo.",
}


def answer(request: Request) -> Completion:
    system = request.messages[0]["content"]
    text = next(text for name, text in ANSWERS.items() if name in system)
    return Completion(request.request_id, text, "stop", prompt_tokens=5, response_tokens=5)


def test_the_chain(tmp_path: Path, lake: Lake) -> None:
    (tmp_path / "seeds" / "library").mkdir(parents=True)
    (tmp_path / "seeds" / "library" / "source.toml").write_text(TOML)
    lines = "".join(json.dumps(row) + "\n" for row in ROWS)
    (tmp_path / "seeds" / "library" / "rows.jsonl").write_text(lines)
    codes = ("pt", "pt-BR", "zh-Hans", "zh-Hant")
    settings = Settings(
        lake=lake.root, seeds=str(tmp_path / "seeds"), languages=codes, strategies=("respond",), rows_per_cell=3
    )
    vllm = ScriptedVllm.new()
    vllm.script.answer = answer
    with dg.DagsterInstance.ephemeral() as instance:
        result = (
            build_defs(settings, vllm)
            .resolve_implicit_global_asset_job_def()
            .execute_in_process(
                instance=instance,
                tags={RANGE_START: "pt|respond", RANGE_END: "zh-Hant|respond"},
                raise_on_error=False,
            )
        )
        said = [entry.user_message for entry in instance.all_logs(result.run_id) if entry.level == logging.WARNING]
    assert result.success
    assert "Brazilian Portuguese (pt-BR) is judged as Portuguese; no detector knows regions" in said

    seeds = {code: lake.read_cell(SEEDS, Cell(code, "respond"), source="library") for code in codes}
    assert {code: sorted(row["prompt"] for row in rows) for code, rows in seeds.items()} == {
        "pt": [ROWS[3]["p"], ROWS[2]["p"]],
        "pt-BR": [ROWS[3]["p"], ROWS[2]["p"]],
        "zh-Hans": [ROWS[1]["p"]],
        "zh-Hant": [ROWS[0]["p"]],
    }
    counts = read_counts(lake, Cell("zh-Hant", "respond"), stage="seeds", part="library")
    assert {by.reason: rows for by, rows in counts.items()} == {"kept": 1, "other_script": 1, "other_language": 2}
    ends = {
        code: {row["outcome"]: row["reason"] for row in lake.read_cell(
            RESPONSES, Cell(code, "respond"), teacher="smollm2-135m"
        )}
        for code in codes
    }  # fmt: skip
    assert ends["pt"] == ends["pt-BR"] == ends["zh-Hant"] == {"ok": None}
    [(outcome, reason)] = ends["zh-Hans"].items()
    assert outcome == "wrong_language"
    assert "in Traditional Chinese" in str(reason)
    assert str(reason).endswith("not in Simplified Chinese")

    release = versions.path(lake, str(versions.latest(lake)))
    assert {file["path"].split("/")[1] for file in manifest.read(release).files} == {"pt", "pt-BR", "zh-Hant"}
    assert [problem for problems in verify(release).values() for problem in problems] == []
    card = (release / "README.md").read_text()
    assert "\nlanguage:\n- pt\n- zh\nlanguage_bcp47:\n- pt-BR\n- zh-Hant\n" in card
    assert "| Brazilian Portuguese | pt-BR | " in card
