"""Reading evaluation sets: a folder with files of many shapes becomes items with an id and texts.

Here: formats, which columns hold the text, the ids. Not here: what is done with the items (contamination.py).

JSON lines, JSON, CSV, TSV and Parquet, gzipped or not. A file's name in the folder is the name of the set. The text is
taken from the first column of `TEXT` that is there; where it is too short to be looked for, or several items of the
file have the same, the columns of `MORE` (options, choices) are added to it. Lists give one text per element, lists of
messages those of the user, and nested objects are read by the same rules; of a table without header the widest column
is the text. Files that need other columns are described in `evalsets.toml` beside them:

    ["mmlu_*.csv"]               # name or pattern, relative to the folder
    text = ["question", "info.hint"]   # each is looked for by itself; columns without header are "1", "2", …
    id = "key"
    header = true                # for CSV and TSV
    skip = false
"""

import csv
import fnmatch
import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from polyglot_assets.domain.errors import UserError
from polyglot_assets.lake.reading import (
    csv_rows,
    is_folder,
    json_object,
    json_rows,
    json_value,
    parquet,
    text_of,
    toml_table,
    whole_number,
)
from polyglot_assets.text.normal import storable

TEXT = (
    "question", "prompt", "prompts", "instruction", "problem", "query", "qas", "turns", "conversation",
    "conversations", "messages", "input", "inputs", "text", "sentence", "content", "value", "goal", "ctx", "q",
)  # fmt: skip
"""Columns that hold an item's text, best first; upper and lower case make no difference."""

MORE = (
    "input", "options", "choices", "endings", "candidates", "option_a", "option_b", "option_c", "option_d", "option_e",
    "choice_a", "choice_b", "choice_c", "choice_d", "a", "b", "c", "d", "e",
)  # fmt: skip
"""Columns that belong to a question and tell it from others that begin alike; `input`, which comes first, is part of an
instruction."""

IDS = ("id", "question_id", "item_id", "sample_id", "task_id", "uid", "uuid", "key", "qid", "_id")
"""Columns that hold an item's id; one is used if it is there in every row and different in each."""

SIDECAR = "evalsets.toml"
_SUFFIXES = (".jsonl", ".json", ".csv", ".tsv", ".parquet")
_SPEAKERS = ("role", "from")
_USERS = ("user", "human", "prompter")
_HEADER_CHARS = 40
_ENDINGS = (".", "?", "!", "؟", "。", "\uff1f")

_Row = tuple[str, Any]  # where a row is (file and row number), and the row
_Parts = tuple[str, list[str]]  # a question, and its options


@dataclass(frozen=True)
class Item:
    """One item of an evaluation set.

    Attributes:
        eval_set: the file, relative to the folder.
        item: its id in the file, else its row number from 1.
        texts: what is looked for; one of them is enough.
    """

    eval_set: str
    item: str
    texts: tuple[str, ...]


@dataclass(frozen=True)
class Choice:
    """What `evalsets.toml` says about a file."""

    text: tuple[str, ...] = ()
    id: str | None = None
    header: bool | None = None
    skip: bool = False


def read(folder: Path, long_enough: Callable[[str], bool], report: Callable[[str], None]) -> list[Item]:
    """The items of all files below `folder`, in the order of file names and rows.

    Args:
        folder: the folder; names that begin with a dot are passed over.
        long_enough: whether a text can be looked for by itself.
        report: is told of each file that is passed over.

    Raises:
        UserError: there is no such folder, or a file cannot be read or has no text; the message names file, row, field.
    """
    check_folder(folder)
    choices = _choices(folder / SIDECAR)
    used = set()
    items = []
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_dir() or name == SIDECAR or any(part.startswith(".") for part in name.split("/")):
            continue
        pattern = next((p for p in choices if fnmatch.fnmatchcase(name, p)), None)
        used.add(pattern)
        choice = choices[pattern] if pattern else Choice()
        if choice.skip:
            continue
        if not name.removesuffix(".gz").endswith(_SUFFIXES):
            report(f"evaluation sets: {name} is passed over, for it is none of {', '.join(_SUFFIXES)}")
            continue
        try:
            items += _items(path, storable(name), choice, long_enough)
        except RecursionError:  # what can just be read may still be too deep for going through it
            raise UserError(f"{path}: the values are nested too deeply") from None
    for pattern in choices.keys() - used:
        raise UserError(f"{folder / SIDECAR}: no file is called {pattern!r}")
    return items


def check_folder(folder: Path) -> None:
    """Whether there is a folder of evaluation sets.

    Raises:
        UserError: there is none.
    """
    if not is_folder(folder):
        raise UserError(f"POLYGLOT_EVALSETS: {folder} is not a folder")


def hashes(folder: Path, sets: Iterable[str]) -> dict[str, str]:
    """The SHA-256 of each set's file, as `sha256sum` gives it; those that are not there any more are left out."""
    wanted, found = set(sets), {}
    for path in sorted(folder.rglob("*")):
        name = storable(path.relative_to(folder).as_posix())
        if name in wanted and path.is_file():
            with path.open("rb") as file:
                found[name] = hashlib.file_digest(file, "sha256").hexdigest()
    return found


def _choices(path: Path) -> dict[str, Choice]:
    if not path.exists():
        return {}
    entries = toml_table(path)
    kinds = {"text": list, "id": str, "header": bool, "skip": bool}
    choices = {}
    for pattern, entry in entries.items():
        if not isinstance(entry, dict):
            raise UserError(f'{path}: {pattern!r} stands outside a section; sections are called ["file name"]')
        for key, value in entry.items():
            if key not in kinds:
                raise UserError(f"{path}, [{pattern!r}]: unknown key {key!r}; there are {', '.join(kinds)}")
            texts = isinstance(value, list) and all(isinstance(part, str) for part in value) and value
            if not isinstance(value, kinds[key]) or (key == "text" and not texts):
                expected = "a list of column names" if key == "text" else kinds[key].__name__
                raise UserError(f"{path}, [{pattern!r}]: {key} must be {expected}")
        choices[pattern] = Choice(**{**entry, "text": tuple(entry.get("text", ()))})
    return choices


def _items(path: Path, name: str, choice: Choice, long_enough: Callable[[str], bool]) -> list[Item]:
    rows = list(_rows(path, choice))
    if not rows:
        raise UserError(f"{path}: the file holds no rows")
    if choice.text:
        found = [tuple(t for field in choice.text for t in _at(where, row, field)) for where, row in rows]
    else:
        found = _specific([list(_texts(where, row)) for where, row in rows], long_enough)
    if not any(found):
        columns = dict.fromkeys(key for _, row in rows for key in row)
        wanted = f"text in {', '.join(choice.text)}" if choice.text else "column whose name is that of a text"
        raise UserError(
            f"{path}: no {wanted}; found {', '.join(map(repr, columns))}. {SIDECAR} beside it can name the columns: "
            f'["{name}"] text = ["…"]'
        )
    ids = _ids(rows, choice)
    return [Item(name, item, texts) for item, texts in zip(ids, found, strict=True)]


def _ids(rows: list[_Row], choice: Choice) -> list[str]:
    for name in (choice.id,) if choice.id else IDS:
        values = [whole_number(_field(row, name)) for _, row in rows]
        given = [str(value) for value in values if isinstance(value, str | int) and str(value)]
        if len(set(given)) == len(rows):
            return given
        if choice.id:
            at = next((i for i, value in enumerate(values) if not isinstance(value, str | int) or not str(value)), None)
            where = rows[at][0] if at is not None else rows[0][0].rsplit(",", 1)[0]
            problem = "missing or neither text nor number" if at is not None else "not different in every row"
            raise UserError(f"{where}: field {choice.id!r}: {problem}, but {SIDECAR} names it as the id")
    return [str(number) for number in range(1, len(rows) + 1)]


def _specific(rows: list[list[_Parts]], long_enough: Callable[[str], bool]) -> list[tuple[str, ...]]:
    """The texts of each row, together with what tells them from others where they are short or occur again.

    A row that is in the file twice does not make its text a common one.
    """
    times = Counter(text for text, _ in {(text, tuple(more)) for row in rows for text, more in row})
    return [
        tuple(text if long_enough(text) and times[text] == 1 else "\n".join([text, *more]) for text, more in row)
        for row in rows
    ]


def _texts(where: str, row: Any) -> Iterator[_Parts]:
    """The texts of a row whose columns nobody named, each with the other parts of its question."""
    name = next((name for name in TEXT if _field(row, name) not in (None, "", [])), None)
    if name is None:
        return
    more = [part for key in MORE if key != name for part in _strings(where, key, _field(row, key), strict=False)]
    value = _field(row, name)
    if isinstance(value, list) and any(isinstance(part, dict) for part in value):
        for part in value:
            if not isinstance(part, dict):
                raise UserError(f"{where}: field {name!r}: expected objects only, found {type(part).__name__}")
            speaker = next((part[key] for key in _SPEAKERS if key in part), "user")
            if speaker in _USERS:
                yield from _texts(where, part)
        return
    if isinstance(value, dict):
        yield from _texts(where, value)
        return
    # An instruction says what to do with its input; alone it says little.
    given = list(_strings(where, "input", _field(row, "input"), strict=False)) if name == "instruction" else []
    for text in _strings(where, name, value, strict=True):
        yield "\n".join([text, *given]), more[len(given) :]


def _field(row: Any, name: str) -> Any:
    """A field of a row by its name, by the name in other case, or by a path with dots."""
    if not isinstance(row, Mapping):
        return None
    if name in row:
        return row[name]
    folded = {str(key).casefold(): value for key, value in row.items()}
    return folded.get(name.casefold())


def _at(where: str, value: Any, path: str) -> Iterator[str]:
    """The texts at a path such as `info.hint`; lists on the way are gone through."""
    for name in path.split("."):
        values = value if isinstance(value, list) else [value]
        value = [part for entry in values for part in _flat(_field(entry, name.removesuffix("[]")))]
    yield from _strings(where, path, value, strict=True)


def _flat(value: Any) -> list[Any]:
    return [] if value is None else value if isinstance(value, list) else [value]


def _strings(where: str, name: str, value: Any, *, strict: bool) -> Iterator[str]:
    """The strings in a field; `strict` takes exception to anything else but nothing."""
    if isinstance(value, str):
        if value.strip():
            yield value
    elif isinstance(value, list):
        for part in value:
            yield from _strings(where, name, part, strict=strict)
    elif isinstance(value, dict) and not strict:
        for part in value.values():
            yield from _strings(where, name, part, strict=False)
    elif strict and value is not None:
        raise UserError(f"{where}: field {name!r}: expected text, got {type(value).__name__}")


def _rows(path: Path, choice: Choice) -> Iterator[_Row]:
    kind = path.name.removesuffix(".gz").rsplit(".", 1)[-1]
    if kind == "parquet":
        with parquet(path) as file:
            rows = file.read().to_pylist()
        yield from ((f"{path}, row {number}", row) for number, row in enumerate(rows, start=1))
    elif kind == "jsonl":
        yield from (_object(where, value) for where, value in json_rows(path))
    else:
        text = text_of(path)
        if not text.strip():
            raise UserError(f"{path}: the file is empty")
        yield from _json(path, text) if kind == "json" else _delimited(path, text, choice, tabs=kind == "tsv")


def _json(path: Path, text: str) -> Iterator[_Row]:
    try:
        data = json_value(str(path), text, whole=True)
    except UserError as error:
        if "(Extra data " not in str(error):
            raise
        # JSON lines under another name.
        yield from (_object(where, value) for where, value in json_rows(path))
        return
    rows = _list_of(data)
    if rows is None:
        raise UserError(f"{path}: expected a list of objects, or an object that holds one")
    for number, entry in enumerate(rows, start=1):
        where, row = _object(f"{path}, row {number}", entry)
        if "paragraphs" in row:
            yield from _squad(where, row)
        else:
            yield where, row["row"] if isinstance(row.get("row"), dict) else row


def _list_of(data: Any) -> list[Any] | None:
    """The list of objects that a JSON file is, or that is one of its values."""
    if isinstance(data, list):
        return data
    values = data.values() if isinstance(data, dict) else ()
    lists = [value for value in values if isinstance(value, list) and value and isinstance(value[0], dict)]
    return max(lists, key=len, default=None)


def _squad(where: str, article: dict[str, Any]) -> Iterator[_Row]:
    """Questions of an article in the shape of SQuAD: paragraphs[].qas[]; each gets its paragraph's `context`."""
    for number, entry in enumerate(_flat(article["paragraphs"]), start=1):
        above, paragraph = _object(f"{where}, paragraph {number}", entry)
        for position, question in enumerate(_flat(paragraph.get("qas")), start=1):
            place, row = _object(f"{above}, question {position}", question)
            yield place, {"context": paragraph.get("context"), **row}


def _object(where: str, row: Any) -> tuple[str, dict[str, Any]]:
    return where, json_object(where, row)


def _delimited(path: Path, text: str, choice: Choice, *, tabs: bool) -> Iterator[_Row]:
    # Tab-separated files are mostly written without quoting, and hold lone quotation marks.
    options: dict[str, Any] = {"delimiter": "\t", "quoting": csv.QUOTE_NONE} if tabs else {"strict": True}
    rows = [
        (where, [_unquoted(cell) if tabs else cell for cell in row]) for where, row in csv_rows(path, text, **options)
    ]
    names = [str(number) for number in range(1, len(rows[0][1]) + 1)]
    header = choice.header if choice.header is not None else _is_header(rows[0][1])
    if header:
        names = [name.strip() for name in rows.pop(0)[1]]
    elif not choice.text:
        sizes = [sum(len(cell) for cell in column) for column in zip(*(row for _, row in rows), strict=False)]
        names[sizes.index(max(sizes))] = "text"  # without names, the column that holds most is the text
    for where, row in rows:
        if len(row) != len(names):
            raise UserError(f"{where}: expected {len(names)} columns, found {len(row)}")
        yield where, dict(zip(names, row, strict=True))


def _unquoted(cell: str) -> str:
    return cell[1:-1].replace('""', '"') if len(cell) > 1 and cell[0] == cell[-1] == '"' else cell


def _is_header(cells: list[str]) -> bool:
    """Whether the first line names columns: short names, no numbers, no sentences."""
    if any(cell.strip().casefold() in {*TEXT, *IDS} for cell in cells):
        return True
    return not any(len(cell) > _HEADER_CHARS or cell.endswith(_ENDINGS) or _is_number(cell) for cell in cells)


def _is_number(cell: str) -> bool:
    return cell.strip().replace(",", "").replace(".", "").isdigit()
