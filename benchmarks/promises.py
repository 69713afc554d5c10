"""The line in which a benchmark holds what it measured against what is promised.

Here: printing it, and keeping it for the documentation. Not here: measuring.

`make bench` names a file in the variable MEASUREMENTS: JSON, a row for each promise, from which docs/measurements.md is
made. A measurement takes the place of the earlier one of the same promise; those of other promises stay.
"""

import json
import os
from datetime import UTC, datetime
from pathlib import Path

_CPU = Path("/proc/cpuinfo")
_INSTRUCTIONS = ("amx_bf16", "avx512_bf16", "avx512f", "avx2")


def promise(what: str, bar: str, measured: str) -> None:
    """Prints a promise, what it asks for, and what was measured; keeps it where MEASUREMENTS names a file."""
    print(f"promise: {what}: {measured} (bar: {bar})", flush=True)
    if named := os.environ.get("MEASUREMENTS"):
        keep(Path(named), {"promise": what, "bar": bar, "measured": measured, "on": _machine()})


def keep(file: Path, row: dict[str, str]) -> None:
    """Puts a row in the place of the one with the same promise, or at the end."""
    rows = json.loads(file.read_text(encoding="utf-8")) if file.exists() else []
    known = [entry["promise"] for entry in rows]
    if row["promise"] in known:
        rows[known.index(row["promise"])] = row
    else:
        rows.append(row)
    lines = ",\n".join(json.dumps(entry, ensure_ascii=False) for entry in rows)
    file.write_text(f"[\n{lines}\n]\n", encoding="utf-8")


def _machine() -> str:
    """The day, the number of cores, and the widest instructions that decide about speed here."""
    flags = _CPU.read_text(encoding="utf-8").split() if _CPU.exists() else []
    widest = next((name for name in _INSTRUCTIONS if name in flags), os.uname().machine)
    return f"{datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} cores, {widest}"
