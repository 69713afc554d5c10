"""Asking `polyglot sql`, in this process and from a shell. For tests/test_quer*.py."""

import csv
import io
import json
import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result

from polyglot_assets.cli.main import main

ROOT = Path(__file__).parent.parent


def sql(query: str, *options: str) -> Result:
    return CliRunner().invoke(main, ["sql", query, *options])


def objects(query: str) -> list[dict[str, Any]]:
    """The rows as `--format json` prints them, read by a parser that takes nothing but JSON."""

    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is no JSON")

    result = sql(query, "--format", "json")
    assert result.exit_code == 0, result.output
    return [json.loads(line, parse_constant=refuse) for line in result.stdout.removesuffix("\n").split("\n")]


def cells(query: str, *options: str) -> list[list[str]]:
    result = sql(query, "--format", "csv", *options)
    assert result.exit_code == 0, result.output
    return list(csv.reader(io.StringIO(result.stdout)))


def shell(line: str, **environment: str) -> subprocess.CompletedProcess[bytes]:
    """A line for bash in which `polyglot` is the command as users have it."""
    start = "import sys; from polyglot_assets.cli.main import run; sys.argv[0] = 'polyglot'; sys.exit(run())"
    command = f'polyglot() {{ {shlex.join([sys.executable, "-c", start])} "$@"; }}\n{line}'
    return subprocess.run(
        ["bash", "-c", command], capture_output=True, cwd=ROOT, env=os.environ | environment, check=False
    )
