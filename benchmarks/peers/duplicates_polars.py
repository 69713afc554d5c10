"""Exact duplicates with polars: the same normalisation, hashes, counts of distinct keys."""

import sys
from pathlib import Path

import polars as pl

from peers.duplicates_text import Stages


def folded(column: str) -> pl.Expr:
    """NFKC, lower case, without white space. polars has no case folding, so `ß` and `ss` stay different."""
    return pl.col(column).str.normalize("NFKC").str.to_lowercase().str.replace_all(r"\s+", "")


def main() -> None:
    """Counts rows that are left with distinct pairs, and with distinct prompts per language and teacher."""
    stages = Stages()
    rows = pl.scan_parquet(f"{Path(sys.argv[1])}/raw/**/*.parquet", hive_partitioning=True)
    keyed = (
        rows.select("teacher", "language", prompt=folded("prompt"), response=folded("response"))
        .select(
            "teacher", "language", prompt_key=pl.col("prompt").hash(), pair_key=pl.struct("prompt", "response").hash()
        )
        .collect(engine="streaming")
    )
    stages.done("keys")
    distinct = keyed["pair_key"].n_unique(), keyed.select("teacher", "language", "prompt_key").n_unique()
    stages.done("grouping")
    stages.report(distinct=distinct)


if __name__ == "__main__":
    main()
