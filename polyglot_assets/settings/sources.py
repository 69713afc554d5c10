"""Where the values of settings come from: the environment, then `.env`, then polyglot.toml, then the defaults.

Here: finding and reading these, and refusing names that no setting has. Not here: which settings there are (groups.py)
and whether a value can be used (model.py).

polyglot.toml is the nearest one above the working directory, else the checkout's, unless POLYGLOT_CONFIG names a file;
`.env` lies beside it, else in the working directory. So the command line and every process of Dagster read the same.
"""

import difflib
import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from pydantic_settings import BaseSettings, DotEnvSettingsSource, EnvSettingsSource, InitSettingsSource

from polyglot_assets.domain.errors import UserError, shown
from polyglot_assets.lake.reading import text_of, toml_table
from polyglot_assets.settings.groups import GROUPS, PREFIX, SECRET, Group, Located
from polyglot_assets.settings.places import absolute, checkout

CONFIG = f"{PREFIX}CONFIG"
FILE = "polyglot.toml"
NO_SETTINGS = (CONFIG, f"{PREFIX}TEXTS", f"{PREFIX}KILLS")
"""Variables of ours that are no settings: the file of settings, and what benchmarks and tests are told."""

KEYS: dict[str, tuple[type[Group], str]] = {
    name: (group, group.key_of(name)) for group in GROUPS for name in group.model_fields
}
"""Of every setting its group and its key there."""

_EMPTY = (None, "", ())
_LISTED = 20
"""Names that a message lists at most."""


class Files(NamedTuple):
    """The two files of settings; None where there is none."""

    toml: Path | None
    dotenv: Path | None


def find() -> Files:
    """The files of settings for this process; none where POLYGLOT_CONFIG is /dev/null.

    Raises:
        UserError: POLYGLOT_CONFIG names no file.
    """
    if os.environ.get(CONFIG) == os.devnull:
        return Files(None, None)
    toml = _named() or _nearest()
    try:
        dotenv = (toml.parent if toml else Path.cwd()) / ".env"
        return Files(toml, dotenv if dotenv.is_file() else None)
    except OSError:  # the working directory is gone, or nobody may look into it
        return Files(toml, None)


def _named() -> Path | None:
    if not (named := os.environ.get(CONFIG)):
        return None
    path = absolute(Path(named), CONFIG)
    if not path.exists() or path.is_dir():
        raise UserError(f"{CONFIG}: there is no file {path}; `polyglot init` writes a {FILE}")
    return path


def _nearest() -> Path | None:
    try:
        here = Path.cwd()
        folders = [here, *here.parents, *filter(None, [checkout()])]
        return next((folder / FILE for folder in folders if (folder / FILE).is_file()), None)
    except OSError:
        return None


class Environment(EnvSettingsSource):
    """Variables. An empty one empties a setting that may be empty, and says nothing of any other."""

    where = "environment"

    def __call__(self) -> dict[str, Any]:
        """What they say, by setting."""
        return _said(super().__call__())


class _DotEnv(DotEnvSettingsSource):
    """The same variables in `.env`."""

    def __init__(self, settings: type[BaseSettings], path: Path) -> None:
        text_of(path)  # what is wrong with it is one line
        self.path, self.where = path, str(path)
        super().__init__(settings, env_file=path, dotenv_filtering="only_existing")

    def __call__(self) -> dict[str, Any]:
        """What it says, by setting."""
        return {name: _beside(self.path, name, value) for name, value in _said(super().__call__()).items()}


class _Toml(InitSettingsSource):
    """polyglot.toml, one table per group."""

    def __init__(self, settings: type[BaseSettings], path: Path) -> None:
        self.where = str(path)
        super().__init__(settings, {name: _beside(path, name, value) for name, value in _read(path)})


Source = Environment | _DotEnv | _Toml


def of(settings: type[BaseSettings]) -> tuple[Source, ...]:
    """The sources of this process, the one that has the last word first.

    Raises:
        UserError: a file cannot be read, or has a name that no setting has.
    """
    files = find()
    sources: list[Source] = [Environment(settings)]
    if files.dotenv:
        sources.append(_DotEnv(settings, files.dotenv))
    if files.toml:
        sources.append(_Toml(settings, files.toml))
    return tuple(sources)


def origins(settings: type[BaseSettings]) -> dict[str, str]:
    """Of every setting that somebody chose, where: `environment` or the path of a file."""
    return {name: source.where for source in reversed(of(settings)) for name in source()}


def check_names(settings: type[BaseSettings]) -> None:
    """Refuses variables that look like settings and are none; a misspelt one would be ignored for ever.

    Raises:
        UserError: there is one; the message has the nearest name.
    """
    _check_variables("", os.environ)
    for source in of(settings):
        if isinstance(source, _DotEnv):
            _check_variables(f"{source.where}: ", (name.upper() for name in source.env_vars))


def _check_variables(where: str, names: Iterable[str]) -> None:
    for name in names:
        own = name.upper().removeprefix(PREFIX).lower()  # without what would make all of them alike
        if name.upper().startswith(PREFIX) and name.upper() not in NO_SETTINGS and own not in KEYS:
            raise UserError(f"{where}{name}: there is no such setting; {_nearest_of(own, KEYS, variable)}")


def variable(name: str) -> str:
    """The environment variable of a setting."""
    return f"{PREFIX}{name.upper()}"


def located_at(name: str) -> Located | None:
    """What is known of a setting that may be a path; None if it is none."""
    marks = KEYS[name][0].model_fields[name].metadata
    return next((mark for mark in marks if isinstance(mark, Located)), None)


def _said(values: dict[str, Any]) -> dict[str, Any]:
    defaults = {name: KEYS[name][0].model_fields[name].default for name in values}
    return {name: value for name, value in values.items() if value not in _EMPTY or defaults[name] in _EMPTY}


def _beside(file: Path, name: str, value: Any) -> Any:
    """A value of a file, of which a relative path begins where the file lies."""
    located = located_at(name)
    if not (located and isinstance(value, str)):
        return value
    return located.each(value, lambda path: path if path.startswith("~") else str(file.parent / path))


def _read(path: Path) -> Iterator[tuple[str, Any]]:
    """(setting, value) of each key in a polyglot.toml.

    Raises:
        UserError: it cannot be read, or has a table or a key that there is not; the message has the nearest name.
    """
    tables: dict[str, dict[str, str]] = {group.table: {} for group in GROUPS}
    for name, (group, key) in KEYS.items():
        tables[group.table][key] = name
    for table, entries in toml_table(path).items():
        if not isinstance(entries, dict):
            home = KEYS.get(table.lower().removeprefix(PREFIX.lower()))
            hint = f"it is `{home[1]}` in [{home[0].table}]" if home else f"there are {_listed(tables)}"
            raise UserError(f"{path}: {table}: stands in no table; {hint}")
        if table not in tables:
            raise UserError(f"{path}: [{table}]: there is no such table; {_nearest_of(table, tables)}")
        for key, value in entries.items():
            if key not in tables[table]:
                raise UserError(f"{path}: [{table}] {key}: there is no such key; {_elsewhere(key, tables[table])}")
            name = tables[table][key]
            if SECRET in KEYS[name][0].model_fields[name].metadata:
                raise UserError(
                    f"{path}: [{table}] {key}: is a secret, and this file is meant to be shared; put "
                    f"{variable(name)} into the environment or into `.env` beside it"
                )
            if isinstance(value, dict):
                raise UserError(f"{path}: [{table}] {key}: expected a value, got {shown(value)}")
            yield name, value


def _elsewhere(key: str, known: dict[str, str]) -> str:
    """Where a key may belong that its table does not have."""
    homes = [group.table for group, other in KEYS.values() if other == key]
    if key in KEYS:  # the name that it has in code and in the environment
        group, own = KEYS[key]
        return f"it is `{own}` in [{group.table}]"
    return f"it belongs into [{homes[0]}]" if homes else _nearest_of(key, known)


def _nearest_of(name: str, known: Iterable[str], written: Callable[[str], str] = str) -> str:
    near = difflib.get_close_matches(name, list(known), n=1)
    return f"did you mean {written(near[0])}?" if near else f"there are {_listed(known)}"


def _listed(names: Iterable[str]) -> str:
    names = list(names)
    return ", ".join(names) if len(names) <= _LISTED else "others, which `polyglot settings` lists"
