"""Computing one table of dbt_like_sql/marts over a lake.

Here: from a model to its rows, in the lake's file. Not here: the models (models.py), and what Dagster is told about the
rows (assets.py).
"""

import pyarrow as pa

from polyglot_assets.contracts.examples import EXAMPLES
from polyglot_assets.lake.store import Lake
from polyglot_assets.marts.models import Model


def compute(lake: Lake, model: Model) -> tuple[pa.Table, dict[str, str]]:
    """Computes a table and writes it; returns its rows and DuckDB's types of its columns."""
    with lake.connect(model.reads, threads_for(model)) as connection:
        relation = connection.sql(model.sql)
        data = relation.to_arrow_table()
        types = dict(zip(relation.columns, map(str, relation.types), strict=True))
    lake.replace_mart(model.name, data)
    return data, types


def threads_for(model: Model) -> int | None:
    """One thread, or None for all of them.

    Only examples are long and many. The other tables read a few columns of small files, where more threads take more
    time than they save.
    """
    return None if ("lake", EXAMPLES.name) in model.reads else 1
