"""The UI that is open on a lake: where it listens, where its report is, and letting it load the code location again.

Here: its address, which `polyglot dev` notes. Not here: starting it (cli/main.py).
"""

import json
import urllib.request
from pathlib import Path

from polyglot_assets.lake.files import write_text
from polyglot_assets.settings import Settings, dagster_home

LOCATION = "polyglot"
PORT = 3000
_FILE = "ui.url"
"""In the home of Dagster."""
_SECONDS = 180
_RELOAD = """
mutation ($name: String!) { reloadRepositoryLocation(repositoryLocationName: $name) { __typename } }"""


def remember(settings: Settings, host: str, port: int) -> None:
    """Notes where the UI of a lake listens. What is noted of one that was closed leads nowhere, and that is all."""
    if dagster_home(settings).is_dir():
        write_text(f"{url(host, port)}\n", _noted(settings))


def url(host: str, port: int) -> str:
    """Where this machine finds what listens on a host and port."""
    name = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}.get(host, host)  # noqa: S104 what others wrote
    return f"http://{f'[{name}]' if ':' in name else name}:{port}"


def report_url(settings: Settings) -> str:
    """Where `polyglot dev` serves the report: one port above the UI that was opened last, or will be."""
    try:
        host, _, port = _noted(settings).read_text(encoding="utf-8").strip().rpartition(":")
        return f"{host}:{int(port) + 1}/"
    except (OSError, ValueError):
        return f"{url('', PORT + 1)}/"


def reload(settings: Settings) -> bool:
    """Lets an open UI load the code location again, with its new grid; whether one is open."""
    try:
        address = _noted(settings).read_text(encoding="utf-8").strip()
        body = json.dumps({"query": _RELOAD, "variables": {"name": LOCATION}}).encode()
        request = urllib.request.Request(f"{address}/graphql", body, {"Content-Type": "application/json"})  # noqa: S310 our own
        with urllib.request.urlopen(request, timeout=_SECONDS) as answer:  # noqa: S310 our own
            return bool(answer.status == 200)
    except (OSError, ValueError):
        return False


def _noted(settings: Settings) -> Path:
    return dagster_home(settings) / _FILE
