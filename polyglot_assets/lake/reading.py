"""Reading files that other people wrote: JSON lines, JSON, TOML, CSV and Parquet, gzipped or not.

Here: the guard at the door. Whatever a file holds, reading it gives values that the lake can store, or a UserError of
one line that names the file and the line or row; and no more is read at once than a bound allows. Not here: what the
values mean, and whether they are what somebody expected; each reader says that of its own fields.
"""

import csv
import gzip
import io
import json
import re
import stat
import tomllib
import zlib
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import pyarrow as pa
import pyarrow.parquet as pq

from polyglot_assets.domain.errors import UserError, shown
from polyglot_assets.text.normal import storable

LARGEST = 128 << 20
"""Bytes that are read at once at most: a line, or a file that has no lines. Compressed, 1.3 GB of zeros are 1.3 MB."""

_DAMAGED = (OSError, EOFError, zlib.error)
_NOT_ARROW = (pa.ArrowException, OSError, ValueError, OverflowError, LookupError, NotImplementedError, RecursionError)
"""What PyArrow raises for a damaged file, and for values that Python has no type for: a year beyond 9999, a time zone
that nobody knows, text that is not UTF-8."""

_ESCAPED_HALF = re.compile(r"\\u[dD][89a-fA-F]")
_LONG_NUMBER = re.compile("[0-9]{4301}")
_EXACT = 1 << 53
"""Below this a floating-point number stands for one integer and no other."""


def lines(path: Path) -> Iterator[tuple[str, str]]:
    """("file, line 17", line) of each line of a text file. Only line feeds end a line: JSON may hold U+2028 as it is.

    Raises:
        UserError: the file cannot be read, a line is longer than LARGEST or not UTF-8.
    """
    number = 0
    try:
        with _opened(path) as handle:
            while line := handle.readline(LARGEST + 1):
                number += 1
                if len(line) > LARGEST:
                    raise UserError(f"{path}, line {number}: the line is longer than {LARGEST >> 20} MiB")
                yield f"{path}, line {number}", line.decode("utf-8-sig" if number == 1 else "utf-8")
    except UnicodeDecodeError:
        raise UserError(f"{path}, line {number}: not UTF-8") from None
    except _DAMAGED as error:
        raise UserError(f"{path}, after line {number}: cannot be read ({_reason(error)})") from None


def text_of(path: Path) -> str:
    """The text of a whole file, without a byte order mark.

    Raises:
        UserError: the file cannot be read, is larger than LARGEST or not UTF-8.
    """
    try:
        with _opened(path) as handle:
            data = handle.read(LARGEST + 1)
    except _DAMAGED as error:
        raise UserError(f"{path}: cannot be read ({_reason(error)})") from None
    if len(data) > LARGEST:
        raise UserError(f"{path}: the file is larger than {LARGEST >> 20} MiB, which is read of one at most")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        number = data.count(b"\n", 0, error.start) + 1
        raise UserError(f"{path}, line {number}: not UTF-8") from None


def json_rows(path: Path, *, unique: bool = False) -> Iterator[tuple[str, Any]]:
    """(where, value) of each line of JSON lines, or of each entry where the file is one JSON list.

    Args:
        path: the file.
        unique: an object may not name a field twice, of which the last would win.

    Raises:
        UserError: as `lines` and `json_value`.
    """
    nothing_yet = True
    for where, line in lines(path):
        if line.strip():
            if nothing_yet and line.lstrip().startswith("["):
                entries = json_value(str(path), text_of(path), whole=True, unique=unique)
                yield from ((f"{path}, row {number}", entry) for number, entry in enumerate(entries, start=1))
                return
            try:
                value = json_value(where, line, unique=unique)
            except UserError as error:
                if nothing_yet and "broken JSON" in str(error):  # such as one object that is printed over many lines
                    raise UserError(f"{error}; expected one object a line, or one list of all") from None
                raise
            nothing_yet = False
            yield where, value


def json_value(where: str, text: str, *, whole: bool = False, unique: bool = False) -> Any:
    """The value of a JSON text; half a surrogate pair, which JSON can hold and the lake cannot, is U+FFFD.

    Args:
        where: names the file, and the line unless `text` is the file as a whole.
        text: the JSON.
        whole: it is, so that messages have to name the line.
        unique: no object may name a field twice.

    Raises:
        UserError: it is broken, or holds what Python refuses: a number of too many digits, or too deep a nesting.
    """

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        if twice := [name for name, number in Counter(name for name, _ in pairs).items() if number > 1]:
            raise UserError(f"{where}: field {shown(twice[0])} stands there twice")
        return dict(pairs)

    try:
        value = json.loads(text, object_pairs_hook=once if unique else None)
        return _mended(value) if _ESCAPED_HALF.search(text) else value
    except json.JSONDecodeError as error:
        place = f"{where}, line {error.lineno}" if whole else where
        at = error.colno if whole else error.pos + 1
        raise UserError(f"{place}: broken JSON ({error.msg} at character {at})") from None
    except RecursionError:
        raise UserError(f"{where}: the JSON is nested too deeply") from None
    except ValueError:
        place = _at_long_number(where, text) if whole else where
        raise UserError(f"{place}: a number has too many digits") from None


def json_object(where: str, value: Any) -> dict[str, Any]:
    """`value`, which has to be an object.

    Raises:
        UserError: it is none.
    """
    if not isinstance(value, dict):
        raise UserError(f"{where}: expected an object, got {type(value).__name__}")
    return value


def toml_table(path: Path) -> dict[str, Any]:
    """A TOML file.

    Raises:
        UserError: the file cannot be read or is no TOML.
    """
    text = text_of(path)
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise UserError(f"{path}: {error}") from None
    except RecursionError:
        raise UserError(f"{path}: the TOML is nested too deeply") from None
    except ValueError:
        raise UserError(f"{_at_long_number(str(path), text)}: a number has too many digits") from None


def csv_rows(path: Path, text: str, **options: Any) -> Iterator[tuple[str, list[str]]]:
    """(where, fields) of each row that is not empty.

    Args:
        path: the file, for messages.
        text: its text.
        options: as for `csv.reader`.

    Raises:
        UserError: the text is no CSV.
    """
    csv.field_size_limit(LARGEST)  # of all readers of this process; the default cuts long passages off
    reader = csv.reader(io.StringIO(text, newline=""), **options)
    try:
        for row in reader:
            if row:
                yield f"{path}, line {reader.line_num}", row
    except csv.Error as error:
        raise UserError(f"{path}, line {reader.line_num}: {error}") from None


@contextmanager
def parquet(path: Path) -> Iterator[pq.ParquetFile]:
    """An open Parquet file. What PyArrow says against it, its pages or its values, while it is open, is one line.

    Raises:
        UserError: the file is damaged, or holds values that cannot be read.
    """
    _regular(path)
    try:
        file = pq.ParquetFile(path)
    except _NOT_ARROW as error:
        raise UserError(f"{path}: not a readable Parquet file ({_reason(error)})") from None
    try:
        with file:
            yield file
    except _NOT_ARROW as error:
        raise UserError(f"{path}: cannot be read ({_reason(error)})") from None


def whole_number(value: Any) -> Any:
    """`value`, as an integer where it is a floating-point number that is one: pandas writes 7 as 7.0 beside a null."""
    return int(value) if isinstance(value, float) and value.is_integer() and abs(value) < _EXACT else value


def is_folder(path: Path) -> bool:
    """Whether there is a folder of this name; a name that no folder can have is one of none."""
    try:
        return path.is_dir()
    except (OSError, ValueError):
        return False


@contextmanager
def _opened(path: Path) -> Iterator[IO[bytes]]:
    _regular(path)
    with gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb") as handle:
        yield handle  # type: ignore[misc]  # a GzipFile reads as any other


def _regular(path: Path) -> None:
    """Refuses what is no file: reading a named pipe waits for ever, and a device never ends."""
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError) as error:  # a name with a NUL is a ValueError
        raise UserError(f"{path}: {_reason(error)}") from None
    if not stat.S_ISREG(mode):
        raise UserError(f"{path}: is no regular file")


def _at_long_number(where: str, text: str) -> str:
    found = _LONG_NUMBER.search(text.replace("_", ""))  # TOML parts digits with them
    if found is None:
        return where
    number = text.count("\n", 0, found.start()) + 1
    return f"{where}, line {number}"


def _mended(value: Any) -> Any:
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, list):
        return [_mended(part) for part in value]
    if isinstance(value, dict):
        return {storable(name): _mended(part) for name, part in value.items()}
    return value


def _reason(error: BaseException) -> str:
    """The first line of what an error says: of the operating system's without the file name, which the message has."""
    text = (isinstance(error, OSError) and error.strerror) or str(error) or type(error).__name__
    return text.splitlines()[0]
