"""The tables of benchmarks/tables.py in polars. Runs in an environment that has nothing but polars."""

import json
import resource
import sys
from pathlib import Path

import polars as pl

MEASURES = {"prompt_chars": "prompt_chars", "response_chars": "response_chars", "request_tokens": "prompt_tokens",
            "response_tokens": "response_tokens"}  # fmt: skip
KEEP = pl.col("outcome") == "ok"
CELL = ["language", "strategy", "source", "teacher"]


def cpu() -> float:
    """CPU seconds of this process so far."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def funnel(curated: pl.LazyFrame) -> pl.LazyFrame:
    """Rows per cell, source, teacher and outcome."""
    return curated.group_by([*CELL, "outcome"]).agg(pl.len().alias("rows"))


def length_quantiles(curated: pl.LazyFrame) -> pl.LazyFrame:
    """Quantiles per language and teacher, one row per measure."""
    keys = ["language", "teacher"]
    wide = curated.filter(KEEP).group_by(keys).agg(
        *(
            pl.struct(
                pl.col(column).count().alias("rows"),
                pl.col(column).min().alias("shortest"),
                *(pl.col(column).quantile(q, "linear").alias(f"p{round(100 * q)}") for q in (0.1, 0.5, 0.9, 0.99)),
                pl.col(column).max().alias("longest"),
                pl.col(column).mean().round(2).alias("mean"),
            ).alias(measure)
            for measure, column in MEASURES.items()
        )
    )  # fmt: skip
    return wide.unpivot(on=list(MEASURES), index=keys, variable_name="measure", value_name="v").unnest("v")


def lexical_diversity(curated: pl.LazyFrame) -> pl.LazyFrame:
    """Distinct n-grams and segment TTR of the first 2,000 words."""
    keys = ["language", "teacher", "side"]
    sample = curated.filter(KEEP & pl.col("sample_place").is_not_null())
    sides = []
    for side in ("prompt", "response"):
        text = pl.col(f"{side}_words")
        sides.append(
            sample.filter(text != "").select(
                "language", "teacher", pl.lit(side).alias("side"), "sample_place", "strategy",
                text.str.split(" ").alias("word"),
            )
        )  # fmt: skip
    words = (
        pl.concat(sides)
        .sort([*keys, "sample_place", "strategy"])
        .with_row_index("row")
        .with_columns((pl.col("word").list.len().cum_sum().over(keys) - pl.col("word").list.len()).alias("before"))
        .filter(pl.col("before") < 2000)
        .explode("word")
        .with_columns(
            (pl.col("before") + pl.int_range(pl.len()).over("row")).alias("place"),
            pl.col("word").shift(-1).over("row").alias("second"),
            pl.col("word").shift(-2).over("row").alias("third"),
        )
        .filter(pl.col("place") < 2000)
    )
    pairs, triples = pl.struct("word", "second"), pl.struct("word", "second", "third")
    counted = words.group_by(keys).agg(
        pl.len().alias("words"),
        (pl.len() == 2000).alias("complete"),
        pl.col("word").n_unique().alias("types"),
        (pl.col("word").n_unique() / pl.len()).round(4).alias("distinct_1"),
        (pairs.filter(pl.col("second").is_not_null()).n_unique() / pl.col("second").count())
        .round(4)
        .alias("distinct_2"),
        (triples.filter(pl.col("third").is_not_null()).n_unique() / pl.col("third").count())
        .round(4)
        .alias("distinct_3"),
    )
    segments = (
        words.group_by([*keys, pl.col("place") // 100])
        .agg(pl.col("word").n_unique().alias("types"), pl.len().alias("size"))
        .filter(pl.col("size") == 100)
        .group_by(keys)
        .agg((pl.col("types").mean() / 100).round(4).alias("segment_ttr"))
    )
    return counted.join(segments, on=keys, how="left")


def prompt_diversity(curated: pl.LazyFrame) -> pl.LazyFrame:
    """Unique prompts, openings and the mean cosine of two prompts."""
    keys = ["language", "strategy", "teacher"]
    examples = curated.group_by(keys).agg(
        pl.len().alias("examples"), (~pl.col("prompt_repeated")).sum().alias("unique_prompts")
    )
    examples = examples.with_columns((pl.col("unique_prompts") / pl.col("examples")).round(6).alias("unique_share"))
    words = pl.col("prompt_words").str.split(" ")
    sampled = curated.filter(KEEP & pl.col("sample_place").is_not_null() & (pl.col("prompt_words") != "")).select(
        *keys, words.list.head(3).list.join(" ").alias("opening"), words.list.unique().alias("word")
    )
    openings = (
        sampled.group_by([*keys, "opening"])
        .agg(pl.len().alias("rows"))
        .sort("rows", "opening", descending=True)
        .group_by(keys)
        .agg(
            pl.col("rows").sum().alias("sampled"),
            (pl.len() / pl.col("rows").sum()).round(4).alias("opening_share"),
            pl.col("opening").first().alias("most_common_opening"),
            pl.col("rows").first().alias("most_common_rows"),
        )
    )
    overlap = (
        sampled.select(*keys, "word", (1 / pl.col("word").list.len().sqrt()).alias("weight"))
        .explode("word")
        .group_by([*keys, "word"])
        .agg(pl.col("weight").sum())
        .group_by(keys)
        .agg((pl.col("weight") ** 2).sum().alias("squared"))
    )
    n = pl.col("sampled")
    joined = examples.join(openings, on=keys, how="left").join(overlap, on=keys, how="left")
    return joined.with_columns(((pl.col("squared") - n) / (n * (n - 1))).round(4).alias("overlap")).drop("squared")


def duplicate_share(curated: pl.LazyFrame) -> pl.LazyFrame:
    """Duplicates by kind, per source and cell."""
    gone = pl.col("outcome") == "duplicate"
    return (
        curated.group_by("source", "language", "strategy")
        .agg(
            pl.len().alias("examples"),
            *((gone & (pl.col("reason") == kind)).sum().alias(kind) for kind in ("exact_pair", "exact_prompt", "near")),
            gone.sum().alias("duplicates"),
        )
        .with_columns((pl.col("duplicates") / pl.col("examples")).round(6).alias("share"))
    )


def cluster_sizes(curated: pl.LazyFrame) -> pl.LazyFrame:
    """Clusters by source, kind and size."""
    return (
        curated.filter(pl.col("cluster_size") > 1)
        .group_by("source", "cluster_kind", "cluster_size")
        .agg(pl.len().alias("clusters"))
        .with_columns((pl.col("clusters") * (pl.col("cluster_size") - 1)).alias("rows_left_out"))
    )


def license_mix(curated: pl.LazyFrame) -> pl.LazyFrame:
    """Kept rows by licenses."""
    parts = pl.col("licenses").str.split(" + ")
    return (
        curated.filter(KEEP)
        .group_by("licenses")
        .agg(pl.len().alias("rows"))
        .with_columns(
            (pl.col("rows") / pl.col("rows").sum()).round(6).alias("share"),
            parts.list.contains("cc-by-nc-4.0").alias("non_commercial"),
            (parts.list.contains("unlicensed") | parts.list.contains("unknown")).alias("unclear"),
        )
    )


def main() -> None:
    """Prints the tables and what they cost, as JSON."""
    root = Path(sys.argv[1])
    started = cpu()
    curated = pl.scan_parquet(root / "marts" / "curated.parquet")
    tables = {
        "funnel": funnel(curated),
        "length_quantiles": length_quantiles(curated),
        "lexical_diversity": lexical_diversity(curated),
        "prompt_diversity": prompt_diversity(curated),
        "duplicate_share": duplicate_share(curated),
        "cluster_sizes": cluster_sizes(curated),
        "license_mix": license_mix(curated),
    }
    found = dict(zip(tables, pl.collect_all(list(tables.values())), strict=True))
    seconds = cpu() - started
    json.dump({"cpu": seconds, "tables": {name: frame.rows() for name, frame in found.items()}}, sys.stdout)


if __name__ == "__main__":
    main()
