"""README.md and docs/: pages that build without a network, links that lead somewhere, and commands that are real."""

import re
import shlex
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import dagster as dg
import lake_factory
import pytest
from click.testing import CliRunner
from markdown.extensions.toc import slugify
from mkdocs.commands.build import build
from mkdocs.config import load_config

from polyglot_assets.cli import run as running
from polyglot_assets.cli.main import main
from polyglot_assets.contracts.tables import TABLES
from polyglot_assets.domain.outcomes import CURATED, DELETED
from polyglot_assets.gates.gate import Pair
from polyglot_assets.gates.registry import GATES, OUTCOMES, in_order
from polyglot_assets.inference import registry
from polyglot_assets.lake.reading import toml_table
from polyglot_assets.lake.store import Lake
from polyglot_assets.licenses import policy
from polyglot_assets.marts.models import load
from polyglot_assets.release import sft
from polyglot_assets.seeds.sources import SOURCES
from polyglot_assets.settings import Settings, bundled
from polyglot_assets.settings import load as load_settings
from polyglot_assets.settings.sources import NO_SETTINGS

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
PAPERS = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
TEXTS = {path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8") for path in PAPERS}
TEXT = "\n".join(TEXTS.values())
TARGETS = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))

FENCED = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
POLYGLOT = re.compile(r"^(?:\$ )?((?:POLYGLOT_\w+=\S+ )*)(?:\.venv(?:-gpu)?/bin/)?polyglot (.+)$")
LOOKS = {
    "audit-card",
    "compare",
    "completion",
    "diff",
    "forget",
    "releases",
    "report",
    "settings",
    "sql",
    "status",
    "subset",
    "teachers",
    "verify",
}
FOREIGN = {"--structured-outputs-config", "--growth", "--full"}
"""Options of vLLM and of benchmarks."""


def blocks(language: str) -> list[str]:
    return [text for kind, text in FENCED.findall(TEXT) if kind == language]


def commands() -> Iterator[tuple[dict[str, str], list[str]]]:
    """(settings, words) of every polyglot command in a code block, in the order of the pages."""
    for _, block in FENCED.findall(TEXT):
        for line in block.splitlines():
            if found := POLYGLOT.match(line.strip()):
                settings = dict(word.split("=", 1) for word in found[1].split())
                yield settings, shlex.split(found[2], comments=True)


def options_of(command: click.Command) -> set[str]:
    return {name for option in command.params for name in (*option.opts, *option.secondary_opts)} | {"--help", "-h"}


def test_the_readme_is_short_and_begins_with_the_two_commands_of_a_fresh_machine() -> None:
    assert len(README.splitlines()) <= 150
    shown = [line for kind, block in FENCED.findall(README) if kind == "sh" for line in block.splitlines()]
    assert shown == ["make demo", "make test"]
    assert "make test" in (ROOT / ".ci" / "run").read_text()


def test_make_targets_exist_and_all_are_mentioned() -> None:
    assert set(re.findall(r"^make ([a-z]+)", TEXT, re.MULTILINE)) <= TARGETS
    assert set(re.findall(r"`make ([a-z]+)", TEXT)) >= TARGETS


def test_links_of_the_readme_lead_to_files_and_headings() -> None:
    links = [link for link in re.findall(r"\]\(([^)]+)\)", README) if not link.startswith("https://")]
    assert len([link for link in links if link.startswith("docs/")]) >= 10
    for link in links:
        path, _, anchor = link.partition("#")
        headings = re.findall(r"^#+ (.+)$", (ROOT / path).read_text(encoding="utf-8"), re.MULTILINE)
        assert not anchor or anchor in {slugify(heading, "-") for heading in headings}, link


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The documentation, built strictly: a link or an anchor that leads nowhere, or a page in no menu, is an error."""
    folder = tmp_path_factory.mktemp("site")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", lambda *_: pytest.fail("the documentation asked the network"))
        build(load_config(str(ROOT / "mkdocs.yml"), strict=True, site_dir=str(folder)))
    return folder


def test_pages_load_nothing_from_elsewhere(site: Path) -> None:
    pages = list(site.rglob("*.html"))
    assert len(pages) >= len(PAPERS)
    for page in pages:
        html = page.read_text(encoding="utf-8")
        loaded = re.findall(r"<(?:script|img|iframe)[^>]* src=\"?([^\" >]+)", html)
        loaded += [
            re.findall(r"href=\"?([^\" >]+)", tag)[0] for tag in re.findall(r"<link[^>]+>", html) if "stylesheet" in tag
        ]
        assert loaded
        assert not [place for place in loaded if "//" in place], page


def test_the_reference_names_everything_and_no_table_of_it_is_kept_by_hand(site: Path) -> None:
    expected = {
        "settings": [f"POLYGLOT_{name.upper()}" for name in Settings.model_fields],
        "outcomes": [*OUTCOMES, *(outcome.name for outcome in (*CURATED, DELETED))],
        "gates": [name for gate in GATES for name in (gate.name, *(column.name for column in gate.columns))],
        "tables": [f"lake.{name}" for name in TABLES]
        + [f"marts.{model.name}" for model in load(bundled("dbt_like_sql"))[0]],
        "sources": [source.repo for source in SOURCES],
        "teachers": list(registry.read(registry.REGISTRY)),
        "commands": [f"polyglot {name}" for name in main.commands],
    }
    for page, names in expected.items():
        assert not (ROOT / "docs" / "reference" / f"{page}.md").exists()
        html = (site / "reference" / page / "index.html").read_text(encoding="utf-8")
        assert [name for name in names if name not in html] == []
    for name, field in Settings.model_fields.items():
        assert field.description, name
    assert "| `POLYGLOT_" not in TEXT


def test_commands_and_options_in_the_text_exist() -> None:
    spans = [span for text in TEXTS.values() for span in re.findall(r"`([^`\n]+)`", FENCED.sub("", text))]
    seen = 0
    for span in spans:
        if found := POLYGLOT.match(span):
            name, *words = shlex.split(found[2])
            if name.startswith("-") or name == "COMMAND":
                continue
            assert name in main.commands, span
            assert {word for word in words if word.startswith("-")} <= options_of(main.commands[name]), span
            seen += 1
    assert seen >= 10
    known = set().union(*(options_of(command) for command in (main, *main.commands.values()))) | FOREIGN
    assert {word for span in spans for word in re.findall(r"(?<!\S)--[a-z-]+", span)} <= known


def test_settings_in_the_text_exist() -> None:
    benchmarks = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "benchmarks").glob("*.py"))
    known = {f"POLYGLOT_{name.upper()}" for name in Settings.model_fields}
    known |= set(re.findall(r"POLYGLOT_[A-Z]+", benchmarks)) | set(NO_SETTINGS)
    assert set(re.findall(r"POLYGLOT_[A-Z_]*[A-Z]", TEXT)) <= known


@pytest.mark.parametrize(
    ("settings", "words"), [pytest.param(*command, id=" ".join(command[1])[:60]) for command in commands()]
)
def test_commands_are_understood(
    settings: dict[str, str], words: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Options and arguments as click reads them; and what `materialize` and `retry` are asked for exists."""
    monkeypatch.chdir(tmp_path)
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    added = {code for _, words in commands() if words[:2] == ["languages", "add"] for code in words[2:]}
    chosen = load_settings()
    chosen = chosen.model_copy(update={"languages": (*chosen.languages, *sorted(added - set(chosen.languages)))})
    parent = click.Context(main, info_name="polyglot")
    values = main.commands[words[0]].make_context(words[0], words[1:], parent).params
    if words[0] in ("materialize", "retry"):
        running.choose(chosen, values["language"], values["strategy"], None)
        registry.enabled(chosen)
        dg.AssetSelection.from_string(values.get("assets") or "*")
        assert set(values.get("outcomes", "ok").split(",")) <= set(OUTCOMES)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkout's working directory with a small lake in data/lake."""
    folder = tmp_path_factory.mktemp("checkout")
    (folder / "data").mkdir()
    settings = lake_factory.settings_of(folder / "data" / "lake", rows=2)
    lake = Lake(settings.lake)
    lake.prepare()
    for step in (
        lake_factory.seeds,
        lake_factory.prompts,
        lake_factory.responses,
        lake_factory.examples,
        lake_factory.follow,
    ):
        step(lake, settings)
    sft.write(lake, settings)
    return folder


def test_commands_that_look_and_cut_run(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the order of the pages, on a small lake. What asks a teacher is run by test_chain.py and test_demo.py."""
    monkeypatch.chdir(folder)
    monkeypatch.setenv("POLYGLOT_LAKE", str(folder / "data" / "lake"))
    lines = [line for block in blocks("sh") for line in block.splitlines()]
    assert [line for line in lines if not line.startswith("make ") and not POLYGLOT.match(line)] == []
    shown = [words for line in lines if (found := POLYGLOT.match(line)) and (words := shlex.split(found[2]))]
    run = [words for words in shown if words[0] in LOOKS] + [["sql", query] for query in blocks("sql")]
    assert len(run) >= 15
    for words in run:
        result = CliRunner().invoke(main, words)
        assert result.exit_code == 0, f"{words}\n{result.output}"
    assert (folder / "examples.parquet").exists()
    assert (folder / "training" / "README.md").exists()


def test_files_that_a_user_writes_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, line in {
        "evalsets": 'id = "key"',
        "policy": "claim =",
        "teachers": "model =",
        "polyglot": "[grid]",
    }.items():
        (text,) = (block for block in blocks("toml") if line in block)
        (tmp_path / f"{name}.toml").write_text(text, encoding="utf-8")
    assert toml_table(tmp_path / "evalsets.toml") == {"mmlu_*.csv": {"text": ["question", "info.hint"], "id": "key"}}
    assert policy.read(tmp_path / "policy.toml").claim == "apache-2.0"
    (name,) = registry.read(tmp_path / "teachers.toml")
    assert f"POLYGLOT_TEACHERS={name}" in TEXT
    monkeypatch.setenv("POLYGLOT_CONFIG", str(tmp_path / "polyglot.toml"))
    assert load_settings().evalsets == tmp_path / "evalsets"


def module(line: str) -> dict[str, Any]:
    """What the module of the guide that has this line defines."""
    (block,) = (block for block in blocks("python") if line in block)
    names: dict[str, Any] = {"__name__": "guide"}
    exec(block, names)  # noqa: S102 the documentation's own code
    return names


def test_the_source_of_the_guide_is_one() -> None:
    source = module("SOURCE = ")["SOURCE"]
    row = {"id": 7, "lang": "deu", "question": "Wie lange kocht ein Ei?", "answer": "Acht Minuten.", "toxic": False}
    (seed,) = source.adapt([("file, row 1", row)])
    assert (seed.source_id, seed.language, seed.rejected) == ("7", "de", None)
    assert set(row) >= set(source.columns)


def test_the_gate_of_the_guide_is_one() -> None:
    gate = module("GATE = ")["GATE"]
    assert gate in in_order([*GATES, gate])
    for words, outcomes in ((200, []), (201, ["endless_sentence"])):
        finding = gate.assess(Pair("de", "Frage?", "Wort " * words, invented=False), gate.limits())
        assert finding.measured == {column.name: words for column in gate.columns}
        assert [outcome.name for outcome, _ in finding.objections] == outcomes
