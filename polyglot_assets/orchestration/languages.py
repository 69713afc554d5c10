"""Adding a target language to a lake that is in use: into polyglot.toml, and into a UI that is open.

Here: the change of the file, and the job for the UI. Not here: the command (cli/languages.py), reading the file
(settings/), and where the UI is (ui.py).

The grid is static: its languages are those of the settings when a process starts, or when the UI loads the code
location again, which takes seconds and no restart. Dagster's dynamic partitions would be a second list beside the
settings, in the records of one Dagster instance instead of in the file that every process reads.
"""

import json
import os
import re
import tomllib
from collections.abc import Sequence
from pathlib import Path

import dagster as dg

from polyglot_assets.domain.errors import UserError
from polyglot_assets.lake.files import write_text
from polyglot_assets.lake.reading import text_of
from polyglot_assets.orchestration import ui
from polyglot_assets.settings import Settings, load
from polyglot_assets.settings.places import checkout
from polyglot_assets.settings.sources import CONFIG, FILE, find, origins
from polyglot_assets.text.languages import display_name
from polyglot_assets.text.variants import to_target

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


@dg.op(config_schema={"languages": dg.Field([str], description="Codes of languages, such as fr or pt.")})
def add_to_the_settings(context: dg.OpExecutionContext) -> None:
    """Writes the languages into polyglot.toml and loads the code location again."""
    file = add(context.op_config["languages"])
    context.log.info("%s has %s", file, ", ".join(load().languages))
    if not ui.reload(load()):
        context.log.warning("load the definitions again, under Deployment, to see the new cells")


@dg.job(description="Adds target languages, without a restart: into polyglot.toml, and then into this UI.")
def add_languages() -> None:
    """See `add`."""
    add_to_the_settings()
