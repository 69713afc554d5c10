"""Adding a target language to a lake that is in use: into polyglot.toml, and into a UI that is open.

Here: the change of the file, the job for the UI, and telling an open UI to load the code location again. Not here: the
command (cli/languages.py), and reading the file (settings/).

The grid is static: its languages are those of the settings when a process starts, or when the UI loads the code
location again, which takes seconds and no restart. Dagster's dynamic partitions would be a second list beside the
settings, in the records of one Dagster instance instead of in the file that every process reads.
"""

import json
import os
import re
import tomllib
import urllib.request
from collections.abc import Sequence
from pathlib import Path

import dagster as dg

from polyglot_assets.domain.errors import UserError
from polyglot_assets.lake.files import write_text
from polyglot_assets.lake.reading import text_of
from polyglot_assets.settings import Settings, dagster_home, load
from polyglot_assets.settings.places import checkout
from polyglot_assets.settings.sources import CONFIG, FILE, find, origins
from polyglot_assets.text.languages import display_name
from polyglot_assets.text.variants import to_target

UI = "ui.url"
"""In the home of Dagster: where `polyglot dev` listens."""
LOCATION = "polyglot"
_SECONDS = 180
_RELOAD = """
mutation ($name: String!) { reloadRepositoryLocation(repositoryLocationName: $name) { __typename } }"""
_TABLE = re.compile(r"^\s*\[grid\]\s*(#.*)?$", re.MULTILINE)
_KEY = re.compile(r"^[ \t]*languages[ \t]*=[ \t]*\[[^\]]*\][^\n]*$", re.MULTILINE)


def add(codes: Sequence[str]) -> Path:
    """Adds languages to those of the settings, in polyglot.toml; returns the file.

    Raises:
        UserError: a language is unknown or there already, or a variable decides about them.
    """
    if os.environ.get(CONFIG) == os.devnull:
        raise UserError(f"{CONFIG} is {os.devnull}: no file of settings is read, so none is changed")
    settings = load()
    for code in codes:
        known = to_target(code)
        if known != code:
            raise UserError(f"{code}: unknown language" + (f"; write {known}" if known else ""))
        if code in settings.languages:
            raise UserError(f"{code} ({display_name(code)}) is one of the languages already")
    file = find().toml or (checkout() or Path.cwd()) / FILE
    said = origins(Settings).get("languages", str(file))
    if said != str(file):
        where = "the environment" if said == "environment" else said
        raise UserError(f"POLYGLOT_LANGUAGES in {where} has the last word; add {', '.join(codes)} there")
    text = text_of(file) if file.exists() else ""
    write_text(with_languages(text, [*settings.languages, *dict.fromkeys(codes)]), file)
    return file


def with_languages(text: str, languages: Sequence[str]) -> str:
    """The text of a polyglot.toml with these languages, and all else as it was, comments too."""
    line = f"languages = [{', '.join(json.dumps(code) for code in languages)}]"
    table = _TABLE.search(text)
    if table is None:
        before = text if not text or text.endswith("\n") else f"{text}\n"
        return f"{before}{'' if not before else chr(10)}[grid]\n{line}\n"
    following = re.compile(r"^\s*\[", re.MULTILINE).search(text, table.end())
    end = following.start() if following else len(text)
    if key := _KEY.search(text, table.end(), end):
        changed = text[: key.start()] + line + text[key.end() :]
    else:
        changed = f"{text[: table.end()]}\n{line}{text[table.end() :]}"
    if tomllib.loads(changed)["grid"]["languages"] != list(languages):
        raise UserError(f"{FILE}: the languages in [grid] are written in a way that cannot be changed here")
    return changed


def remember_ui(settings: Settings, host: str, port: int) -> None:
    """Notes where the UI of a lake listens. What is noted of one that was closed leads nowhere, and that is all."""
    home = dagster_home(settings)
    if home.is_dir():
        name = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}.get(host, host)  # noqa: S104 what others wrote
        write_text(f"http://{f'[{name}]' if ':' in name else name}:{port}\n", home / UI)


def reload_ui(settings: Settings) -> bool:
    """Lets an open UI load the code location again, with its new grid; whether one is open."""
    try:
        url = (dagster_home(settings) / UI).read_text(encoding="utf-8").strip()
        body = json.dumps({"query": _RELOAD, "variables": {"name": LOCATION}}).encode()
        request = urllib.request.Request(f"{url}/graphql", body, {"Content-Type": "application/json"})  # noqa: S310 our own
        with urllib.request.urlopen(request, timeout=_SECONDS) as answer:  # noqa: S310 our own
            return bool(answer.status == 200)
    except (OSError, ValueError):
        return False


@dg.op(config_schema={"languages": dg.Field([str], description="Codes of languages, such as fr or pt.")})
def add_to_the_settings(context: dg.OpExecutionContext) -> None:
    """Writes the languages into polyglot.toml and loads the code location again."""
    file = add(context.op_config["languages"])
    context.log.info("%s has %s", file, ", ".join(load().languages))
    if not reload_ui(load()):
        context.log.warning("load the definitions again, under Deployment, to see the new cells")


@dg.job(description="Adds target languages, without a restart: into polyglot.toml, and then into this UI.")
def add_languages() -> None:
    """See `add`."""
    add_to_the_settings()
