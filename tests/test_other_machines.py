"""Machines unlike the developer's: no home, odd paths, no links, full disks, a lake of a group or of somebody else."""

import errno
import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner
from release.released import CELLS, example, fill
from users import COLLEAGUE, GROUP, OWNER, as_user, needs_root, open_to_all

from polyglot_assets.cli import run as running
from polyglot_assets.cli.common import clear_errors
from polyglot_assets.cli.main import main
from polyglot_assets.domain.errors import UserError
from polyglot_assets.lake.store import Lake
from polyglot_assets.release import versions
from polyglot_assets.release.sft import write
from polyglot_assets.release.verify import verify
from polyglot_assets.settings import Settings, dagster_home, load

SEEDS = running.Selection(("de",), ("translate",), 'key:"seeds/gsm8k"')


class TestNoHome:
    @pytest.fixture(autouse=True)
    def no_home(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def unknown(*_: object) -> Path:
            raise RuntimeError("Could not determine home directory.")

        monkeypatch.setattr(Path, "home", unknown)
        monkeypatch.setattr(Path, "expanduser", lambda path: unknown() if str(path).startswith("~") else path)
        monkeypatch.delenv("POLYGLOT_CACHE", raising=False)

    def test_nothing_needs_it(self, monkeypatch: pytest.MonkeyPatch) -> None:
        assert load().cache == Path("/nonexistent/.cache/polyglot-assets")
        monkeypatch.setenv("POLYGLOT_CACHE", "/some/where")
        assert load().cache == Path("/some/where")

    @pytest.mark.parametrize("name", ["POLYGLOT_LAKE", "POLYGLOT_CACHE", "POLYGLOT_EVALSETS", "DAGSTER_HOME"])
    def test_a_tilde_is_one_line(self, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
        monkeypatch.setenv(name, "~/x")
        with pytest.raises(UserError, match=rf"^{name}=~/x: the home that ~ stands for is not known; [^\n]*$"):
            dagster_home(load())


@needs_root
def test_a_user_without_home_or_entry_in_the_list_of_users() -> None:
    done = as_user(
        OWNER, "import sys; sys.argv = ['polyglot', 'settings']; from polyglot_assets.cli.main import run; run()"
    )
    assert done.returncode == 0, done.stderr
    assert "POLYGLOT_CACHE=/nonexistent/.cache/polyglot-assets\n" in done.stdout


class TestKernels:
    CODE = """
import numpy as np
from polyglot_assets.text.duplicate_kernels import _mixed
print(int(_mixed(np.uint64(7))), _mixed.stats.cache_path)
"""

    def _run(self, cache: Path) -> list[str]:
        environment = {**os.environ, "POLYGLOT_CACHE": str(cache), "HOME": "/nonexistent"}
        environment.pop("NUMBA_CACHE_DIR", None)
        done = subprocess.run(
            [sys.executable, "-c", self.CODE], env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.split()

    def test_they_are_kept_below_the_cache_if_that_can_be_written(self, tmp_path: Path) -> None:
        value, place = self._run(tmp_path)
        assert Path(place).is_relative_to(tmp_path / "kernels")
        assert list((tmp_path / "kernels").rglob("*.nbc"))
        assert self._run(Path("/proc/nobody"))[0] == value, "and the same is computed where it cannot"


class TestDagsterHome:
    def test_it_may_be_relative_or_below_the_home(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, settings: Settings
    ) -> None:
        monkeypatch.chdir(tmp_path)
        monkeypatch.setenv("HOME", str(tmp_path / "home"))
        for text, place in (("~/dagster", "home/dagster"), ("relative", "relative")):
            monkeypatch.setenv("DAGSTER_HOME", text)
            assert running.prepare_home(settings) == tmp_path / place
            assert os.environ["DAGSTER_HOME"] == str(tmp_path / place)
        assert {path.name for path in tmp_path.iterdir()} == {"home", "relative", "lake"}

    def test_one_that_cannot_be_written(self, monkeypatch: pytest.MonkeyPatch, settings: Settings) -> None:
        monkeypatch.setenv("DAGSTER_HOME", "/proc/dagster")
        with pytest.raises(UserError, match=r"^cannot write to DAGSTER_HOME=/proc/dagster: [^\n]+$"):
            running.prepare_home(settings)

    @pytest.mark.parametrize(
        ("text", "reason"),
        [
            ("storage:\n  postgres:\n    postgres_url: postgresql://a@localhost/b\n", "dagster_postgres"),
            ("storage: [\n", "while parsing"),
            ("nonsense: 1\n", "dagster.yaml"),
            ("storage:\n  sqlite:\n    base_dir: /proc/dagster\n", "No such file"),
            ("telemetry:\n  enabled: false  # f\udcfcr alle\n", "utf-8"),
            ("telemetry:\n  enabled: \x00\n", "not allowed"),
            ("- 1\n", "dict"),
        ],
        ids=["package missing", "no yaml", "unknown key", "place", "Latin-1", "NUL", "list"],
    )
    def test_one_that_is_configured_for_what_is_not_there(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, settings: Settings, text: str, reason: str
    ) -> None:
        home = tmp_path / "home"
        home.mkdir()
        (home / "dagster.yaml").write_text(text, errors="surrogateescape")
        monkeypatch.setenv("DAGSTER_HOME", str(home))
        with (
            pytest.raises(UserError, match=rf"^DAGSTER_HOME={home}: cannot be opened: [^\n]*{reason}"),
            running.recorded(settings),
        ):
            pass
        assert (home / "dagster.yaml").read_text(errors="surrogateescape") == text


class TestOddPaths:
    LONG = "/".join(["x" * 100] * 6)

    @pytest.mark.parametrize("name", ["a%20b", LONG], ids=["percent", "600 characters"])
    def test_where_dagster_cannot_keep_its_records_it_is_said(self, tmp_path: Path, name: str) -> None:
        settings = Settings(lake=tmp_path / name / "lake")
        with pytest.raises(UserError, match=r"^Dagster cannot keep its records in [^\n]*Set DAGSTER_HOME to another"):
            running.prepare_home(settings)
        assert list(tmp_path.iterdir()) == []

    def test_a_question_mark_is_refused(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lake: Lake) -> None:
        with pytest.raises(UserError, match=r"^POLYGLOT_LAKE=[^\n]*a\?b/lake: [^\n]*; choose another$"):
            running.prepare_home(Settings(lake=tmp_path / "a?b" / "lake"))
        monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "a?b"))
        with pytest.raises(UserError, match=r"^Dagster cannot keep its records in [^\n]*a\?b: "):
            running.prepare_home(Settings(lake=tmp_path / "new"))
        monkeypatch.chdir(tmp_path)
        monkeypatch.setenv("DAGSTER_HOME", "rel?x")
        with pytest.raises(UserError, match=r"^Dagster cannot keep its records in [^\n]*rel\?x: "):
            running.prepare_home(Settings(lake=tmp_path / "new"))
        assert set(tmp_path.iterdir()) <= {lake.root}, "what is refused leaves nothing behind"

    @pytest.mark.parametrize("name", ["a#b;&c", "it's [old] %(x)s $x"])
    def test_other_characters_do_not_matter(self, tmp_path: Path, name: str) -> None:
        settings = Settings(lake=tmp_path / name / "lake")
        with running.recorded(settings) as instance:
            assert instance.get_runs_count() == 0
        assert (tmp_path / name / "lake" / "dagster" / "history" / "runs.db").exists()
        assert {path.name for path in tmp_path.iterdir()} == {name}

    @pytest.mark.parametrize("name", ["a%20b", "a#b [x]", LONG], ids=["%", "#[]", "600 characters"])
    def test_all_else_works_there(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: Settings, name: str
    ) -> None:
        lake = Lake(tmp_path / name / "lake")
        monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "dagster"))
        assert running.prepare_home(Settings(lake=lake.root)) == tmp_path / "dagster"
        fill(lake, CELLS[0], [example(CELLS[0], number) for number in range(3)])
        release = write(lake, settings)
        lake.publish_catalogue()
        assert not any(verify(release.folder).values())
        with lake.connect() as connection:
            (counts,) = connection.execute(
                "SELECT (SELECT count(*) FROM lake.examples), (SELECT count(*) FROM release.sft)"
            ).fetchall()
        assert counts == (3, 3)


class TestNoLinks:
    """As on exfat: what links would do is done by other means."""

    @pytest.fixture(autouse=True)
    def no_links(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def refused(*_: object, **__: object) -> None:
            raise PermissionError(errno.EPERM, "Operation not permitted")

        monkeypatch.setattr(os, "link", refused)
        monkeypatch.setattr(os, "symlink", refused)
        monkeypatch.setattr(Path, "symlink_to", refused)

    def test_latest_is_a_file(self, lake: Lake, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
        made = []
        for rows in (2, 3):
            fill(lake, CELLS[0], [example(CELLS[0], number) for number in range(rows)])
            made.append(write(lake, settings).manifest.version)
            pointer = versions.folder(lake) / "latest"
            assert pointer.read_text() == f"{made[-1]}\n"
            assert versions.latest(lake) == versions.resolve(lake, "latest") == made[-1]
        monkeypatch.setenv("POLYGLOT_LAKE", str(lake.root))
        for command in (["verify"], ["verify", str(pointer)], ["audit-card", str(pointer)]):
            result = CliRunner().invoke(main, command)
            assert result.exit_code == 0, result.output
        with versions.alone(lake):
            versions.remove(lake, made[1], "")
            assert versions.latest(lake) == made[0]
            versions.remove(lake, made[0], "")
        assert versions.latest(lake) is None
        assert [event.what for event in versions.history(lake)] == ["released", "released", "removed", "removed"]

    def test_queries_read_the_files_in_their_place(self, lake: Lake) -> None:
        fill(lake, CELLS[0], [example(CELLS[0], number) for number in range(2)])
        with lake.connect() as connection:
            assert connection.execute("SELECT count(*) FROM lake.examples").fetchall() == [(2,)]
        assert not list(lake.root.glob(".*"))


def test_a_release_is_not_noted_before_it_can_be_the_latest(
    lake: Lake, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(lake, CELLS[0], [example(CELLS[0], 0)])
    with monkeypatch.context() as patch:

        def full(*_: object, **__: object) -> None:
            raise OSError(errno.ENOSPC, "No space left on device")

        patch.setattr(Path, "symlink_to", full)
        patch.setattr(versions, "write_text", full)
        with pytest.raises(OSError, match="No space left"):
            write(lake, settings)
    assert versions.history(lake) == []
    assert versions.latest(lake) is None
    made = write(lake, settings).manifest.version
    assert versions.latest(lake) == made
    assert [event.release for event in versions.history(lake)] == [made]


class TestDisksAndPermissions:
    @pytest.mark.parametrize("number", [errno.EACCES, errno.ENOSPC, errno.EROFS, errno.EDQUOT, errno.EIO])
    def test_they_are_one_line_wherever_they_are_met(self, number: int) -> None:
        @click.command()
        @clear_errors
        def command() -> None:
            raise OSError(number, os.strerror(number), "/the/file")

        result = CliRunner().invoke(command)
        assert (result.exit_code, result.output) == (2, f"polyglot: /the/file: {os.strerror(number)}\n")

    def test_a_file_that_should_be_there_and_is_not_is_a_fault_of_the_program(self) -> None:
        @click.command()
        @clear_errors
        def command() -> None:
            Path("/nowhere/file").read_text()

        assert isinstance(CliRunner().invoke(command).exception, FileNotFoundError)

    @pytest.fixture
    def small_disk(self, tmp_path: Path) -> Iterator[Path]:
        place = tmp_path / "disk"
        place.mkdir()
        command = ["mount", "-t", "tmpfs", "-o", "size=1200k", "tmpfs", str(place)]
        if subprocess.run(command, capture_output=True, check=False).returncode:
            pytest.skip("no small file system can be mounted here")
        yield place
        subprocess.run(["umount", "-l", str(place)], check=True)

    @needs_root
    @pytest.mark.parametrize("when", ["before", "meanwhile"])
    def test_a_full_disk_that_hits_dagsters_records_is_one_line(
        self, small_disk: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: Any, when: str
    ) -> None:
        class Filling(logging.Handler):
            def emit(self, record: logging.LogRecord) -> None:
                _fill_up(small_disk)

        monkeypatch.setenv("DAGSTER_HOME", str(small_disk))
        if when == "before":
            running.prepare_home(settings)
            _fill_up(small_disk)
        handler = Filling() if when == "meanwhile" else logging.NullHandler()
        one = settings.model_copy(update={"languages": ("de",)})
        with pytest.raises(UserError, match=rf"^DAGSTER_HOME={small_disk}[^\n]* (full|I/O error|No space)[^\n]*$"):
            running.materialize(one, SEEDS, handler)
        assert "sqlite3" not in capsys.readouterr().err


def _fill_up(place: Path) -> None:
    try:
        with (place / "filler").open("ab") as file:
            while True:
                file.write(bytes(4096))
                file.flush()
    except OSError:
        pass


WORK = """
import logging, sys
from pathlib import Path
from polyglot_assets.cli import run as running
from polyglot_assets.domain.grid import Cell
from polyglot_assets.lake.store import Lake
from polyglot_assets.responses.ledger import Commit, Ledger, ledger_path
from polyglot_assets.settings import load
settings = load()
chosen = running.Selection(("de",), ("translate",), 'key:"seeds/gsm8k"')
assert running.materialize(settings, chosen, logging.NullHandler())
lake = Lake(settings.lake)
Ledger(ledger_path(lake.root, "model", Cell("de", "respond")), Commit()).close()
lake.publish_catalogue()
"""


@needs_root
def test_a_lake_of_a_group_can_be_used_by_each_of_its_members(tmp_path: Path) -> None:
    open_to_all(tmp_path)
    root = tmp_path / "lake"
    root.mkdir()
    os.chown(root, OWNER, GROUP)
    root.chmod(0o2775)
    for user in (OWNER, COLLEAGUE):
        done = as_user(user, WORK, umask=0o002, POLYGLOT_LAKE=str(root), POLYGLOT_LANGUAGES="de")
        assert done.returncode == 0, done.stderr[-2000:]
    for path in root.rglob("*"):
        assert path.stat().st_gid == GROUP, path


COMMANDS = """
import os, sys
from click.testing import CliRunner
from polyglot_assets.cli.main import main
changing = (["prune", "--keep", "1", "--yes"], ["report"], ["forget", "--yes"], ["materialize", "-l", "de", "--yes"])
for arguments in changing:
    result = CliRunner().invoke(main, arguments)
    print(result.exit_code, result.output.strip().splitlines()[-1], type(result.exception).__name__, sep="|")
for arguments in (["prune", "--keep", "1"], ["forget", "--verify"], ["status"], ["releases"], ["verify"]):
    result = CliRunner().invoke(main, arguments)
    print(result.exit_code, result.output.strip().splitlines()[-1], sep="|")
"""


@needs_root
@pytest.mark.parametrize("locks", ["none", "of the owner"])
def test_somebody_elses_lake_can_be_read_and_the_rest_is_one_line(
    lake: Lake, settings: Settings, tmp_path: Path, locks: str
) -> None:
    for rows in (1, 2):
        fill(lake, CELLS[0], [example(CELLS[0], number) for number in range(rows)])
        write(lake, settings)
    if locks == "none":
        (lake.root / "release" / ".sft.lock").unlink()
    else:
        (lake.root / ".lock").touch()
    open_to_all(tmp_path)
    done = as_user(OWNER, COMMANDS, POLYGLOT_LAKE=str(lake.root))
    assert done.returncode == 0, done.stderr
    lines = [line.split("|") for line in done.stdout.splitlines()]
    for code, text, kind in lines[:4]:
        assert (code, kind) == ("2", "SystemExit"), text
        assert text.startswith("polyglot: ")
        assert "cannot write" in text or "Permission denied" in text
    assert [code for code, *_ in lines[4:]] == ["0"] * 5, lines[4:]
    assert len(versions.names(lake)) == 2
