"""Content hashes: the one place that hashes.

Here: row ids and the normalised key that decides whether two texts are the same. Not here: what goes into an id;
each layer says that where it builds its rows.
"""

import hashlib
import json
import os
from collections.abc import Iterable
from io import BufferedReader
from json.encoder import encode_basestring
from pathlib import Path

from polyglot_assets.invisible import comparable

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


def text_key(text: str) -> str:
    """The hash under which two texts count as the same: of what invisible.comparable leaves of it."""
    return content_id(comparable(text))


def seed_number(identifier: str) -> int:
    """A sampling seed in [0, 2**31) taken from a content id."""
    return int(identifier[:8], 16) & 0x7FFF_FFFF


def file_digest(file: BufferedReader) -> str:
    """A hash of an open file's content."""
    return hashlib.file_digest(file, "blake2b").hexdigest()


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
