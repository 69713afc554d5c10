"""What Dagster knows of the state of an asset: the version of its code and the version of its data.

Here: how both are made. Not here: which code and which settings decide about an asset (its own assets.py).

The version of the code covers the settings that decide about the rows, so the UI shows an asset as out of date when a
rule, a template or a setting changes. The version of the data is a hash of the files: what was made again and came out
the same makes nothing after it out of date.
"""

from collections.abc import Iterable
from pathlib import Path

import dagster as dg

from polyglot_assets.domain.ids import code_digest, content_id, file_digest

DATA_VERSION = "dagster/data_version"
"""The tag under which Dagster keeps the version of an asset's data."""
_DIGITS = 12


def code_version(patterns: Iterable[str], *decisions: object) -> str:
    """The version of the code that decides about an asset's rows.

    Args:
        patterns: its files, as `code_digest` takes them.
        decisions: settings and whatever else decides, as JSON can hold it.
    """
    return content_id(code_digest(*patterns), list(decisions))[:_DIGITS]


def data_version(paths: Iterable[Path]) -> dg.DataVersion:
    """The version of the files that an asset wrote; one that is not there counts as well."""
    digests = []
    for path in paths:
        if path.exists():
            with path.open("rb") as file:
                digests.append(file_digest(file))
        else:
            digests.append("")
    return dg.DataVersion(content_id(digests)[:_DIGITS])
