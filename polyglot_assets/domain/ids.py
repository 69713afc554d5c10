"""Content hashes: the one place that hashes.

Here: ids of rows, and hashes of files. Not here: what goes into an id (each stage says that where it builds its rows),
and the key under which two texts count as the same (text/normal.py).
"""

import hashlib
import json
import os
from collections.abc import Iterable
from io import BufferedReader
from json.encoder import encode_basestring
from pathlib import Path

_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), sort_keys=True)


def content_id(*parts: object) -> str:
    """A 128-bit hash (32 hex digits) of `parts`, equal on every machine for equal parts.

    Args:
        parts: anything JSON can hold. The JSON text separates them, so ("ab", "c") and ("a", "bc") differ.
    """
    return hashlib.blake2b(_bytes(parts), digest_size=16).hexdigest()


def hash_points(*parts: object) -> bytes:
    """Eight independent 64-bit numbers from `parts`, little-endian, as 64 bytes: places on a hash ring."""
    return hashlib.blake2b(_bytes(parts)).digest()


def _bytes(parts: tuple[object, ...]) -> bytes:
    try:
        # Most ids are made of texts alone: the same JSON, put together without the encoder's start-up cost.
        text = "[" + ",".join(map(encode_basestring, parts)) + "]"  # type: ignore[arg-type]
    except TypeError:
        text = _ENCODER.encode(parts)
    return text.encode("utf-8", "surrogatepass")


def seed_number(identifier: str) -> int:
    """A sampling seed in [0, 2**31) taken from a content id."""
    return int(identifier[:8], 16) & 0x7FFF_FFFF


def file_digest(file: BufferedReader) -> str:
    """A hash of an open file's content."""
    return hashlib.file_digest(file, "blake2b").hexdigest()


def code_digest(*patterns: str) -> str:
    """A hash of source files that decide about rows. A number to be raised by hand would be forgotten.

    Args:
        patterns: paths or globs below the package, such as `gates/*.py`.

    Raises:
        LookupError: nothing fits a pattern: a file was renamed, and its changes would go unseen.
    """
    package = Path(__file__).parents[1]
    files: set[Path] = set()
    for pattern in patterns:
        if not (matches := set(package.glob(pattern))):
            raise LookupError(f"no file {pattern} in {package}")
        files |= matches
    return files_digest(files, package)


def files_digest(files: Iterable[Path], root: Path) -> str:
    """A 128-bit hash over relative names and contents of `files`: the revision of a folder of seeds."""
    digest = hashlib.blake2b(digest_size=16)
    for path in sorted(files):
        # The size tells where a name ends and where its content does.
        digest.update(os.fsencode(path.relative_to(root)) + f"\0{path.stat().st_size}\0".encode())
        with path.open("rb") as handle:
            while block := handle.read(1 << 20):
                digest.update(block)
    return digest.hexdigest()
