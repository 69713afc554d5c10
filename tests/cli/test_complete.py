"""What the shell completes: choices as they are in the settings and the lake, without waiting for Dagster or DuckDB."""

import subprocess
import sys
from pathlib import Path

import pytest
from click.shell_completion import ShellComplete
from click.testing import CliRunner

from polyglot_assets.cli.main import main


def completed(*words: str) -> list[str]:
    *before, last = words
    return [
        item.value for item in ShellComplete(main, {}, "polyglot", "_POLYGLOT_COMPLETE").get_completions(before, last)
    ]


@pytest.mark.parametrize(
    ("words", "choices"),
    [
        (["materialize", "-l", "d"], ["de"]),
        (["materialize", "-l", ""], ["ar", "cs", "de", "es", "id", "ja", "tl"]),
        (["materialize", "-l", "de", "-l", ""], ["ar", "cs", "es", "id", "ja", "tl"]),
        (["materialize", "-s", "t"], ["translate"]),
        (["materialize", "-t", "smol"], ["smollm2-135m"]),
        (["retry", "--outcome", "trunc"], ["truncated"]),
        (["retry", "--outcome", "truncated,inv"], ["truncated,invalid_json"]),
        (["retry", "--outcome", "ok"], []),
        (["forget", "--source", "wild"], ["wildchat"]),
        (["verify", ""], ["abcdef012345", "latest"]),
        (["diff", "latest", "a"], ["abcdef012345"]),
        (["sql", "FROM x", "--format", "pa"], ["parquet"]),
        (["compl"], ["completion"]),
    ],
)
def test_choices(words: list[str], choices: list[str], tmp_path: Path) -> None:
    (tmp_path / "lake" / "release" / "sft" / "abcdef012345").mkdir(parents=True)
    assert completed(*words) == choices


def test_a_wrong_setting_completes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POLYGLOT_LANGUAGES", "klingon")
    assert completed("materialize", "-l", "") == []


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_line_for_a_shell(shell: str) -> None:
    comment, line = CliRunner().invoke(main, ["completion", shell]).output.splitlines()
    assert comment.startswith("# ")
    assert f"_POLYGLOT_COMPLETE={shell}_source polyglot" in line


def test_completing_imports_nothing_that_takes_long() -> None:
    code = (
        "import sys; from click.shell_completion import ShellComplete; from polyglot_assets.cli.main import main\n"
        "ShellComplete(main, {}, 'polyglot', '').get_completions(['materialize', '-l'], '')\n"
        "print([name for name in ('dagster', 'duckdb', 'vllm', 'torch') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
