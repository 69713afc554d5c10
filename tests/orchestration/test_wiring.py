"""What rows may do in Dagster: nothing of them is stored there unless it counts, and Markdown shows text as text."""

import shlex
from typing import Any

import dagster as dg
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token
from scripted import ScriptedVllm

from polyglot_assets.cli.main import main
from polyglot_assets.contracts.examples import EXAMPLES
from polyglot_assets.contracts.prompts import PROMPTS
from polyglot_assets.contracts.responses import RESPONSES
from polyglot_assets.contracts.seeds import SEEDS
from polyglot_assets.definitions import build_defs
from polyglot_assets.domain.grid import Cell
from polyglot_assets.lake.store import Lake
from polyglot_assets.orchestration.wiring import markdown, plain
from polyglot_assets.settings import Settings

ATTACKS = (
    "![x](http://attack.example/pixel.png)",
    "[k](javascript:alert(1))",
    "<img src=http://attack.example/x>",
    "https://attack.example/x",
    "www.attack.example",
    "someone@attack.example",
    "a | b",
    r"a \| [k](http://attack.example)",
    "`` ` ![x](http://attack.example)",
    "x `",
    "[k]: http://attack.example",
    "&lt;b&gt; ![x][k]",
    "\\",
    "**bold** _x_ ~~y~~",
)


def _cells(text: str) -> list[list[Token]]:
    """The cells of the body of a table as a viewer reads it."""
    tokens = MarkdownIt("commonmark").enable("table").parse(markdown([{"a": text, "b": 7}], ("a", "b")))
    assert not [token for token in tokens if token.type == "html_block"]
    bodies = [token.children or [] for token in tokens if token.type == "inline"]
    assert len(bodies) == 4, "two columns, a head and a row"
    return bodies[2:]


def _does_nothing(text: str) -> None:
    shown, number = _cells(text)
    assert [token.content for token in number] == ["7"]
    assert {token.type for token in shown} <= {
        "text",
        "code_inline",
        "em_open",
        "em_close",
        "strong_open",
        "strong_close",
    }
    outside = "".join(token.content for token in shown if token.type == "text")
    # Viewers also make links of bare addresses, everywhere but in code.
    assert not any(mark in outside.lower() for mark in ("://", "www", "@", "<"))


@pytest.mark.parametrize("text", ATTACKS)
def test_text_in_a_table_is_shown_and_does_nothing(text: str) -> None:
    _does_nothing(text)
    shown, _ = _cells(text)
    assert "".join(token.content for token in shown).strip() == " ".join(text.replace("|", "¦").split())


@given(st.text(max_size=200) | st.lists(st.sampled_from([*ATTACKS, "`", "\\", "|", "\n", " ", "*", "_"])).map("".join))
def test_no_text_does_anything(text: str) -> None:
    _does_nothing(text)


@pytest.mark.parametrize(("value", "shown"), [(None, ""), (3, "3"), (0.12345, "0.1235"), ("too_long", "too_long")])
def test_numbers_and_words_stay_as_they_are(value: Any, shown: str) -> None:
    assert plain(value) == shown


def test_what_rows_say_stays_out_of_dagster_and_a_command_shows_it(
    settings: Settings, lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    cell = Cell("de", "respond")
    keys = [["seeds", "aya"], ["prompts"], ["responses", "smollm2_135m"], ["examples"]]
    with dg.DagsterInstance.ephemeral() as instance:
        job = build_defs(settings, ScriptedVllm.new()).resolve_implicit_global_asset_job_def()
        result = job.execute_in_process(
            instance=instance, partition_key=cell.key, asset_selection=[dg.AssetKey(key) for key in keys]
        )
        stored = "\n".join(str(entry) for entry in instance.all_logs(result.run_id))
    rows = [lake.read_cell(PROMPTS, cell), lake.read_cell(EXAMPLES, cell)]
    rows += [lake.read_cell(SEEDS, cell, source="aya"), lake.read_cell(RESPONSES, cell, teacher="smollm2-135m")]
    texts = {
        row[name] for table in rows for row in table for name in ("prompt", "response", "raw_text") if row.get(name)
    }
    assert len(texts) > 5
    assert not [text for text in texts if text[:25] in stored]

    commands = {
        event.asset_key.to_user_string(): event.materialization.metadata["samples"].value
        for event in result.all_events
        if event.is_step_materialization and event.asset_key and "samples" in event.materialization.metadata
    }
    assert set(commands) == {"/".join(key) for key in keys}
    monkeypatch.setenv("POLYGLOT_LAKE", str(settings.lake))
    for command in commands.values():
        shown = CliRunner().invoke(main, [*shlex.split(str(command))[1:], "--format", "json"])
        assert shown.exit_code == 0, shown.output
        assert len(shown.output.splitlines()) == 3, command
