"""Keys and passwords of teachers: nothing that a run leaves behind holds one, whatever the server says."""

import base64
import sqlite3
import zlib
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from urllib.parse import quote

import pytest
from click.testing import CliRunner, Result
from fake_server import KEY, TEACHER, Call, FakeServer, Reply, chat, failure

from polyglot_assets.cli.main import main
from polyglot_assets.inference.resource import with_credentials
from polyglot_assets.settings import Settings

PASSWORD = "pa/ss wörd@x:1"  # noqa: S105 nobody's


def _asked(monkeypatch: pytest.MonkeyPatch, url: str, key: str | None) -> Result:
    monkeypatch.setenv("POLYGLOT_TEACHERS", TEACHER.model)
    monkeypatch.setenv("POLYGLOT_TEACHER_URL", url)
    monkeypatch.setenv("POLYGLOT_TEACHER_API_KEY", key or "")
    if key is None:
        monkeypatch.delenv("POLYGLOT_TEACHER_API_KEY")
    monkeypatch.setenv("POLYGLOT_ROWS_PER_CELL", "2")
    select = 'key:"seeds/aya" or key:"prompts" or key:"responses/*"'
    return CliRunner().invoke(main, ["materialize", "-l", "de", "-s", "respond", "--select", select])


def _contents(path: Path) -> Iterator[bytes]:
    """The bytes of a file; of Dagster's databases also what it stores compressed."""
    yield path.read_bytes()
    if path.suffix != ".db":
        return
    with closing(sqlite3.connect(path)) as connection:
        for (table,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
            for row in connection.execute(f'SELECT * FROM "{table}"'):
                for value in row:
                    if isinstance(value, bytes):
                        with suppress(zlib.error):
                            yield zlib.decompress(value)


def _found(root: Path, *secrets: str) -> list[Path]:
    """The files of the lake, with what Dagster stored in it, that hold one of them in any of the usual forms."""
    forms = {form for secret in secrets for form in (secret, quote(secret, safe=""), quote(secret))}
    forms |= {base64.b64encode(secret.encode()).decode() for secret in secrets}
    files = sorted(path for path in root.rglob("*") if path.is_file())
    return [path for path in files if any(form.encode() in content for content in _contents(path) for form in forms)]


@pytest.mark.parametrize("status", [200, 400, 401])
def test_a_key_that_the_server_repeats_is_nowhere_in_the_lake(
    server: FakeServer, settings: Settings, monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    def answer(call: Call) -> Reply:
        said = f"not with {call.headers['Authorization']}"
        return chat("Das ist eine gute Antwort.") if status == 200 else failure(status, said)

    server.answer = answer
    result = _asked(monkeypatch, server.url, KEY)
    assert server.calls
    assert server.calls[0].headers["Authorization"] == f"Bearer {KEY}"
    assert KEY not in result.output
    assert _found(settings.lake, KEY) == []
    assert _found(settings.lake, server.url), "the scan finds what is there"


def test_a_key_that_stands_in_dotenv_is_sent_and_nowhere_in_the_lake(
    server: FakeServer, settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "project" / "polyglot.toml"
    file.parent.mkdir()
    file.touch()
    file.with_name(".env").write_text(f"POLYGLOT_TEACHER_API_KEY={KEY}\n")
    monkeypatch.setenv("POLYGLOT_CONFIG", str(file))
    server.answer = lambda _: chat("Das ist eine gute Antwort.")
    result = _asked(monkeypatch, server.url, None)
    assert server.calls[0].headers["Authorization"] == f"Bearer {KEY}", result.output
    assert KEY not in result.output
    assert _found(settings.lake, KEY) == []


def test_user_and_password_come_with_the_key_and_are_nowhere_in_the_lake(
    server: FakeServer, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.answer = lambda call: failure(400, f"not with {call.headers['Authorization']} or {PASSWORD}")
    result = _asked(monkeypatch, server.url, f"Basic me:{PASSWORD}")
    token = base64.b64encode(f"me:{PASSWORD}".encode()).decode()
    assert server.calls[0].headers["Authorization"] == f"Basic {token}"
    assert PASSWORD not in result.output
    assert _found(settings.lake, PASSWORD, f"me:{PASSWORD}", token) == []


def test_a_url_with_a_password_stores_nothing(
    server: FakeServer, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    result = _asked(monkeypatch, server.url.replace("//", "//me:hunter2@"), "")
    assert result.exit_code == 2
    assert "POLYGLOT_TEACHER_API_KEY" in result.output
    assert "hunter2" not in result.output
    assert not server.calls
    assert _found(settings.lake, "hunter2") == []


@pytest.mark.parametrize("key", ["", "sk-1", "Basic", "Basic dXNlcjpwYXNz", "id:secret", "Bearer a:b"])
def test_other_keys_are_keys(key: str) -> None:
    assert with_credentials(["http://a/v1"], key) == (["http://a/v1"], key)
