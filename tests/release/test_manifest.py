"""The manifest as a contract: whatever somebody else's release says, a command ends in a result or in one line."""

import json
import os
import shutil
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from hypothesis import HealthCheck, given
from hypothesis import settings as fuzz
from hypothesis import strategies as st
from release.released import fill_all

from polyglot_assets.cli.main import main
from polyglot_assets.domain.errors import UserError
from polyglot_assets.domain.ids import content_id
from polyglot_assets.gates import registry
from polyglot_assets.lake.store import Lake
from polyglot_assets.licenses.policy import stated
from polyglot_assets.release import manifest as manifest_
from polyglot_assets.release import versions
from polyglot_assets.release.contents import sha256
from polyglot_assets.release.diff import compare
from polyglot_assets.release.render import render
from polyglot_assets.release.sft import write
from polyglot_assets.release.subset import Options
from polyglot_assets.release.subset import write as write_subset
from polyglot_assets.release.verify import verify
from polyglot_assets.settings import Settings

Values = dict[str, Any]
HUGE = "a whole number that Python does not read"


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A release that nobody changes."""
    lake = Lake(tmp_path_factory.mktemp("lake"))
    lake.prepare()
    return write(fill_all(lake), Settings(lake=lake.root)).folder


@pytest.fixture
def folder(original: Path, tmp_path: Path) -> Path:
    """A copy of it."""
    return Path(shutil.copytree(original, tmp_path / "release"))


def signed(folder: Path, values: Values) -> None:
    """Writes a manifest whose version is that of its content, as somebody does who wants it to be believed."""
    version = content_id(manifest_.FORMAT, content_of(values))[:12]
    text = json.dumps({**values, "version": version}).replace(f'"{HUGE}"', "9" * 5000)
    (folder / "manifest.json").write_text(text)


def content_of(values: Values) -> Values:
    """What a manifest says; releases of earlier versions say nothing of what was added later."""
    added_later: Values = {"made_with": {}, "example": {}}
    return added_later | {name: value for name, value in values.items() if name not in ("format", "version")}


def values_of(folder: Path) -> Values:
    return json.loads((folder / "manifest.json").read_text())


def run(*arguments: object) -> Result:
    """A command: its own errors are one line, anything else is a traceback and fails the test."""
    result = CliRunner().invoke(main, list(map(str, arguments)))
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exc_info
    if result.exit_code == 2:
        assert len(result.output.splitlines()) == 1, result.output
    return result


def test_a_release_gives_back_what_was_written(folder: Path) -> None:
    values = values_of(folder)
    assert {"format": 1, "version": values["version"], **asdict(manifest_.read(folder))} == values


def put(*place: str | int, value: object) -> Callable[[Values], object]:
    """Sets what is at a place."""

    def change(values: Values) -> None:
        inner: Any = values
        for key in place[:-1]:
            inner = inner[key]
        inner[place[-1]] = value

    return change


def drop(*place: str | int) -> Callable[[Values], object]:
    """Removes what is at a place."""

    def change(values: Values) -> None:
        inner: Any = values
        for key in place[:-1]:
            inner = inner[key]
        del inner[place[-1]]

    return change


SHARD = "data/ja/respond/train-00000-of-00001.parquet"
BREACHES = [
    (put("format", value=True), "not a manifest of format 1"),
    (put("format", value=None), "not a manifest of format 1"),
    (drop("rows"), "'rows': Field required"),
    (put("rows", value="12"), "'rows': Input should be a valid integer"),
    (put("rows", value=True), "'rows': Input should be a valid integer"),
    (put("rows", value=-1), "'rows': Input should be greater than or equal to 0"),
    (put("rows", value=2**63), "'rows': Input should be less than"),
    (put("rows", value=HUGE), "not JSON: number out of range"),
    (put("rows", value=float("nan")), "not JSON"),
    (put("cells", value=None), "'cells': Input should be a valid list"),
    (put("cells", value={"de": 1}), "'cells': Input should be a valid list"),
    (put("cells", 0, value="de"), "'cells[0]': Input should be a valid dictionary"),
    (put("cells", 0, "language", value="qqq"), "'cells[0].language': no language has this code"),
    (put("cells", 0, "language", value="../de"), "'cells[0].language': String should match"),
    (put("cells", 0, "strategy", value="a\x00b"), "'cells[0].strategy': String should match"),
    (put("cells", 0, "strategy", value="\ud800"), "not JSON"),
    (drop("files", 1, "sha256"), "'files[1].sha256': Field required"),
    (put("files", 1, "sha256", value="x"), "'files[1].sha256': String should match"),
    (put("files", 0, "path", value="/etc/passwd"), "'files[0].path': String should match"),
    (put("files", 0, "path", value="data/../../secret.parquet"), "'files[0].path': String should match"),
    (put("files", 0, "path", value=f"{SHARD}\n"), "'files[0].path': String should match"),
    (put("files", 0, "path", value=SHARD), f"'files': {SHARD} is listed 2 times"),
    (put("sources", 0, "revision", value=None), "'sources[0].revision': Input should be a valid string"),
    (put("teachers", 0, "rows", value=1.5), "'teachers[0].rows': Input should be a valid integer"),
    (put("licenses", 0, "licenses", value="mit"), "'licenses[0].licenses': Input should be a valid list"),
    (put("license", value=[]), "'license': Input should be a valid dictionary"),
    (drop("license", "id"), "'license.id': Field required"),
    (put("policy", "require", value=["everything"]), "'policy.require[0]': Input should be 'granted', "),
    (put("policy", "sources", value={"exclude": 5}), "'policy.sources.exclude': Input should be a valid list"),
    (put("policy", "licenses", value={"acme": {"url": "x"}}), "'policy.licenses.acme.name': Field required"),
    (put("policy", "licences", value={"acme": {"url": "x"}}), "'policy.licences.acme.name': Field required"),
    (put("policy", "licences", value={}), "'policy': should hold licenses or, as earlier releases do, licences, not"),
    (put("settings", "languages", value="de"), "'settings.languages': Input should be a valid list"),
    (put("settings", "rows_per_cell", value="many"), "'settings.rows_per_cell': Input should be a valid integer"),
    (put("deleted", value={"of": 5}), "'deleted.of': Input should be a valid string"),
    (put("deleted", value={"": None}), "'deleted': should hold both rows and of, or nothing"),
    (put("deleted", value={"rows": 1}), "'deleted': should hold both rows and of, or nothing"),
    (put("deleted", value={"of": "x"}), "'deleted': should hold both rows and of, or nothing"),
    (put("\x1b[2J", value=1), "'\\x1b[2J': Unexpected keyword argument"),
]


@pytest.mark.parametrize(("change", "message"), BREACHES, ids=[message[:60] for _, message in BREACHES])
def test_every_breach_of_the_contract_is_named(
    change: Callable[[Values], object], message: str, original: Path, tmp_path: Path
) -> None:
    values = values_of(original)
    change(values)
    signed(tmp_path, values)
    with pytest.raises(UserError) as caught:
        manifest_.read(tmp_path)
    assert message in str(caught.value)
    assert str(tmp_path / "manifest.json") in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_breach_is_one_line_in_every_command(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    values = values_of(folder)
    values["files"][0]["path"] = "../../etc/passwd"
    signed(folder, values)
    monkeypatch.setenv("POLYGLOT_LAKE", str(tmp_path / "lake"))
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    for command in (("verify",), ("diff", folder), ("subset", "-o", tmp_path / "part"), ("publish", "--repo", "a/b")):
        result = run(command[0], folder, *command[1:])
        assert result.exit_code == 2
        assert "'files[0].path': String should match" in result.output
    assert not (tmp_path / "part").exists()


@pytest.mark.parametrize(
    "text", [b"", b"\xff", b"null", b"[" * 100_000, b'{"format": 1' + b" " * 9, b'{"a": "\\ud800"}']
)
def test_what_is_not_json(folder: Path, text: bytes) -> None:
    (folder / "manifest.json").write_bytes(text)
    assert run("verify", folder).exit_code == 2


def test_manifests_that_are_no_files(folder: Path) -> None:
    place = folder / "manifest.json"
    place.unlink()
    os.mkfifo(place)
    assert "it has no manifest.json" in run("verify", folder).output, "and nobody waits for a writer"
    place.unlink()
    place.mkdir()
    assert "it has no manifest.json" in run("verify", folder).output
    assert run("verify", "x" * 5000).exit_code == 2


def test_releases_of_earlier_versions_stay_readable(folder: Path, tmp_path: Path) -> None:
    """The first ones said nothing of engines and policies; one of a version to come says more of a row."""
    values = values_of(folder)
    for row in values["teachers"]:
        del row["engine"]
    values["policy"] = {}
    values["license"]["link"] = ""
    values["cells"][0]["characters"] = 5
    signed(folder, values)
    assert manifest_.read(folder).cells[0]["characters"] == 5
    assert {name for name, problems in verify(folder).items() if problems} == {"sums", "card"}
    assert compare(folder, folder).changes
    assert write_subset(folder, tmp_path / "part", Options()).rows == 12


def test_the_version_of_an_earlier_release_holds_over_the_former_name_of_its_licenses(tmp_path: Path) -> None:
    acme = {"name": "Acme", "commercial": True}
    counted = [
        "cells",
        "files",
        "inputs",
        "sources",
        "teachers",
        "templates",
        "licenses",
        "outcomes",
        "stages",
        "software",
    ]
    values: Values = {name: [] for name in counted}
    values |= {"rows": 0, "license": {"id": "other", "name": "", "sentences": []}}
    values |= {"settings": {}, "deleted": {}}
    values |= {"policy": {"name": "own", "require": ["commercial"], "licences": {"acme": acme}}}
    (tmp_path / "manifest.json").write_text(json.dumps({"format": 1, "version": "731887450e84", **values}))
    found = manifest_.read(tmp_path)
    assert stated(found.policy).breach(["acme"], "a/b", "small") is None
    assert stated(found.policy).breach(["unknown"], "a/b", "small") == ("unknown", "require commercial")


def resigned(values: Values, folder: Path, content: bytes) -> None:
    """Puts another content in the place of a shard."""
    (folder / SHARD).write_bytes(content)
    for file in values["files"]:
        if file["path"] == SHARD:
            file["sha256"] = sha256(folder / SHARD)
    signed(folder, values)


def test_shards_that_are_no_parquet(folder: Path, tmp_path: Path) -> None:
    whole = (folder / SHARD).read_bytes()
    for content in (b"", b"PAR1", whole[:-9], whole[: len(whole) // 2]):
        resigned(values_of(folder), folder, content)
        assert verify(folder)["columns"] == [f"{SHARD}: is no Parquet file"]
        for command in (("diff", folder), ("subset", "-o", tmp_path / "part")):
            assert run(command[0], folder, *command[1:]).exit_code == 2
    broken = bytearray(whole)
    broken[100:2000] = b"\x00" * 1900
    resigned(values_of(folder), folder, bytes(broken))
    assert run("verify", folder).exit_code in (1, 2)


def test_cards_that_cannot_be_read(folder: Path) -> None:
    for content in (b"", b"\xff\xfe", b"---\na: [\n---\n"):
        (folder / "README.md").write_bytes(content)
        assert verify(folder)["card"][0] == "README.md is not what the manifest gives"
    (folder / "README.md").unlink()
    (folder / "README.md").mkdir()
    assert verify(folder)["card"] == ["README.md is missing"]


class TestHistory:
    @pytest.mark.parametrize(
        ("line", "message"),
        [
            ("{", "Invalid JSON"),
            ("[]", "Input should be an object"),
            ('{"release": "x"}', "'recorded_at': Field required"),
            ('{"recorded_at": null, "release": "x", "what": "released", "rows": 1}', "'recorded_at'"),
            ('{"recorded_at": "x", "release": "x", "what": "lost", "rows": 1}', "'what': Input should be 'released'"),
            ('{"recorded_at": "x", "release": "x", "what": "removed", "rows": "many"}', "'rows'"),
            ('{"recorded_at": "x", "release": "x", "what": "removed", "rows": 1, "more": 1}', "'more'"),
        ],
    )
    def test_a_broken_line_is_named(
        self, filled: Lake, settings: Settings, monkeypatch: pytest.MonkeyPatch, line: str, message: str
    ) -> None:
        write(filled, settings)
        monkeypatch.setenv("POLYGLOT_LAKE", str(filled.root))
        file = versions.history_path(filled)
        file.write_text(file.read_text() + line + "\n")
        for command in (("releases",), ("prune", "--keep", "1"), ("verify",)):
            result = run(*command)
            assert result.exit_code == 2
            assert "history.jsonl, line 2: " in result.output
            assert message in result.output

    def test_a_damaged_release_can_be_removed(
        self, filled: Lake, settings: Settings, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        first = write(filled, settings)
        shutil.rmtree(filled.root / "examples" / "language=ja")
        write(filled, settings)
        monkeypatch.setenv("POLYGLOT_LAKE", str(filled.root))
        (first.folder / "manifest.json").write_text("{")
        assert run("verify", first.manifest.version).exit_code == 2
        assert run("prune", "--keep", "1", "--yes").exit_code == 0
        assert not first.folder.exists()
        assert versions.history(filled)[-1].rows == first.manifest.rows
        assert run("releases").exit_code == 0


KEYS = st.text(max_size=8) | st.sampled_from(
    ["rows", "of", "name", "id", "exclude", "licenses", "licences", "teacher", "path"]
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**20), 10**20) | st.floats() | st.text(max_size=20)
    | st.sampled_from(["de", "/etc/passwd", "../x", "data/de/x/train-00000-of-00001.parquet", "ok", HUGE]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=5,
)  # fmt: skip


def places(value: Any, place: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """All places in a JSON value."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [place, *(deeper for key, one in inner for deeper in places(one, (*place, key)))]


@fuzz(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_change_of_a_manifest_breaks_the_contract_or_gives_a_card(
    data: st.DataObject, original: Path, tmp_path: Path
) -> None:
    values = values_of(original)
    values["deleted"] = {"rows": 1, "of": "0123456789ab"}
    values["policy"]["licenses"] = {"acme": {"name": "Acme", "granted": True, "passes_to": ["mit"]}}
    place = data.draw(st.sampled_from([place for place in places(values) if place and place[0] != "version"]))
    (drop(*place) if data.draw(st.booleans()) else put(*place, value=data.draw(JSON)))(values)
    signed(tmp_path, values)
    try:
        found = manifest_.read(tmp_path)
    except UserError as error:
        assert "\n" not in str(error)  # noqa: PT017 both ends are right
        return
    assert asdict(found) == content_of(values)
    assert stated(found.policy).breach(["mit"], "a/b", "small") is None or found.policy
    assert render(found)


ODD = [
    (put("rows", value=0), "sums"),
    (put("cells", value=[]), "sums"),
    (put("cells", 0, "strategy", value="x"), "sums"),
    (put("license", "id", value="no such license"), "license"),
    (put("policy", "allow", value=["cc0-1.0"]), "license"),
    (put("outcomes", value=[]), "sums"),
    (drop("files", 0), "files"),
    (put("sources", 0, "source", value="'); DROP TABLE x; --|\u202e"), "sums"),
]


@pytest.mark.parametrize(("change", "check"), ODD)
def test_what_the_contract_allows_and_the_files_do_not_hold(
    change: Callable[[Values], object], check: str, folder: Path
) -> None:
    values = values_of(folder)
    change(values)
    signed(folder, values)
    assert verify(folder)[check]
    assert compare(folder, folder).changes


class TestSettings:
    """A release says under which gates it was made."""

    def test_every_setting_that_decides_about_rows_is_named(self, original: Path) -> None:
        named = manifest_.read(original).settings
        assert named == Settings().deciding()
        assert {f"gate_{name}" for name in registry.thresholds()} <= named.keys()
        assert named.keys().isdisjoint(("lake", "cache", "teacher_url", "teacher_api_key", "commit_rows"))

    def test_other_gates_are_another_release(self, filled: Lake, settings: Settings) -> None:
        first = write(filled, settings)
        strict = write(filled, settings.model_copy(update={"gate_refusal_share": 0.05}))
        fewer = write(filled, settings.model_copy(update={"gates": ("length",)}))
        assert strict.manifest.settings["gate_refusal_share"] == 0.05
        assert fewer.manifest.settings["gates"] == ["length"]
        assert len({release.manifest.version for release in (first, strict, fewer)}) == 3
        assert first.manifest.files == strict.manifest.files

    def test_an_earlier_release_that_names_no_threshold_can_be_read_and_verified(self, folder: Path) -> None:
        values = json.loads((folder / "manifest.json").read_text())
        values["settings"] = {name: value for name, value in values["settings"].items() if "gate_" not in name}
        signed(folder, values)
        earlier = manifest_.read(folder)
        assert "gates" in earlier.settings
        (folder / "README.md").write_text(render(earlier))
        assert not any(verify(folder).values())
