"""The tables of benchmarks/tables.py in pandas. Runs in an environment that has nothing but pandas and PyArrow."""

import json
import resource
import sys
from pathlib import Path

import pandas as pd

MEASURES = {"prompt_chars": "prompt_chars", "response_chars": "response_chars", "request_tokens": "prompt_tokens",
            "response_tokens": "response_tokens"}  # fmt: skip
CELL = ["language", "strategy", "source", "teacher"]
COLUMNS = [*CELL, "outcome", "reason", "cluster_size", "cluster_kind", "licenses", "prompt_repeated", "sample_place",
           "prompt_words", "response_words", *MEASURES.values()]  # fmt: skip


def cpu() -> float:
    """CPU seconds of this process so far."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def length_quantiles(kept: pd.DataFrame) -> pd.DataFrame:
    """Quantiles per language and teacher, one row per measure."""
    found = []
    groups = kept.groupby(["language", "teacher"], observed=True)
    for measure, column in MEASURES.items():
        quantiles = groups[column].quantile([0.1, 0.5, 0.9, 0.99]).unstack()  # type: ignore[arg-type]
        quantiles.columns = ["p10", "p50", "p90", "p99"]
        rest = groups[column].agg(rows="count", shortest="min", longest="max", mean="mean")
        frame = rest.join(quantiles).reset_index()
        frame.insert(2, "measure", measure)
        found.append(frame)
    table: pd.DataFrame = pd.concat(found)
    table["mean"] = table["mean"].round(2)
    order = ["language", "teacher", "measure", "rows", "shortest", "p10", "p50", "p90", "p99", "longest", "mean"]
    return table[order]


def lexical_diversity(sample: pd.DataFrame) -> pd.DataFrame:
    """Distinct n-grams and segment TTR of the first 2,000 words."""
    keys = ["language", "teacher", "side"]
    sides = []
    for side in ("prompt", "response"):
        own = sample[sample[f"{side}_words"] != ""]
        frame = own[["language", "teacher", "sample_place", "strategy"]].assign(
            side=side, word=own[f"{side}_words"].str.split(" ")
        )
        sides.append(frame)
    texts = pd.concat(sides).sort_values([*keys, "sample_place", "strategy"], ignore_index=True)
    size = texts["word"].str.len()
    texts["before"] = size.groupby([texts[key] for key in keys]).cumsum() - size
    words = texts[texts["before"] < 2000].explode("word")
    rows = words.groupby(level=0)
    words["place"] = words["before"] + rows.cumcount()
    words["second"], words["third"] = rows["word"].shift(-1), rows["word"].shift(-2)
    words = words[words["place"] < 2000]
    pairs = words.dropna(subset="second").drop_duplicates([*keys, "word", "second"]).groupby(keys).size()
    triples = words.dropna(subset="third").drop_duplicates([*keys, "word", "second", "third"]).groupby(keys).size()
    groups = words.groupby(keys)
    table = groups["word"].agg(words="size", types="nunique")
    table.insert(1, "complete", table["words"] == 2000)
    table["distinct_1"] = (table["types"] / table["words"]).round(4)
    table["distinct_2"] = (pairs / groups["second"].count()).round(4)
    table["distinct_3"] = (triples / groups["third"].count()).round(4)
    parts = words.groupby([*keys, words["place"] // 100])["word"].agg(["nunique", "size"])
    whole = parts[parts["size"] == 100]
    table["segment_ttr"] = (whole.groupby(keys)["nunique"].mean() / 100).round(4)
    return table.reset_index()


def prompt_diversity(curated: pd.DataFrame, sample: pd.DataFrame) -> pd.DataFrame:
    """Unique prompts, openings and the mean cosine of two prompts."""
    keys = ["language", "strategy", "teacher"]
    table = curated.groupby(keys, observed=True)["prompt_repeated"].agg(examples="size", repeated="sum")
    table["unique_prompts"] = table["examples"] - table.pop("repeated")
    table["unique_share"] = (table["unique_prompts"] / table["examples"]).round(6)
    own = sample[sample["prompt_words"] != ""]
    words = own["prompt_words"].str.split(" ")
    opened = own[keys].assign(opening=words.str[:3].str.join(" "))
    openings = opened.groupby([*keys, "opening"]).size().rename("rows").reset_index()
    openings = openings.sort_values(["rows", "opening"], ascending=False)
    groups = openings.groupby(keys)
    table["sampled"] = groups["rows"].sum()
    table["opening_share"] = (groups.size() / table["sampled"]).round(4)
    table["most_common_opening"], table["most_common_rows"] = groups["opening"].first(), groups["rows"].first()
    different = words.map(set)
    long = own[keys].assign(word=different.map(list), weight=different.map(len) ** -0.5).explode("word")
    squared = (long.groupby([*keys, "word"])["weight"].sum() ** 2).groupby(keys).sum()
    table["overlap"] = ((squared - table["sampled"]) / (table["sampled"] * (table["sampled"] - 1))).round(4)
    return table.reset_index()


def duplicate_share(curated: pd.DataFrame) -> pd.DataFrame:
    """Duplicates by kind, per source and cell."""
    keys = ["source", "language", "strategy"]
    table = curated.groupby(keys, observed=True).size().rename("examples").to_frame()
    gone = curated[curated["outcome"] == "duplicate"]
    for kind in ("exact_pair", "exact_prompt", "near"):
        table[kind] = gone[gone["reason"] == kind].groupby(keys, observed=True).size()
    table = table.fillna(0).astype(int)
    table["duplicates"] = table[["exact_pair", "exact_prompt", "near"]].sum(axis=1)
    table["share"] = (table["duplicates"] / table["examples"]).round(6)
    return table.reset_index()


def license_mix(kept: pd.DataFrame) -> pd.DataFrame:
    """Kept rows by licenses."""
    table = kept.groupby("licenses", observed=True).size().rename("rows").reset_index()
    parts = table["licenses"].astype(str).str.split(" + ", regex=False)
    return table.assign(
        share=(table["rows"] / table["rows"].sum()).round(6),
        non_commercial=parts.map(lambda names: "cc-by-nc-4.0" in names),
        unclear=parts.map(lambda names: "unlicensed" in names or "unknown" in names),
    )


def cluster_sizes(curated: pd.DataFrame) -> pd.DataFrame:
    """Clusters by source, kind and size."""
    clusters = curated[curated["cluster_size"] > 1].astype({"cluster_size": int})
    keys = ["source", "cluster_kind", "cluster_size"]
    table = clusters.groupby(keys, observed=True).size().rename("clusters").reset_index()
    return table.assign(rows_left_out=table["clusters"] * (table["cluster_size"] - 1))


def main() -> None:
    """Prints the tables and what they cost, as JSON."""
    root = Path(sys.argv[1])
    started = cpu()
    few = [*CELL, "outcome", "licenses", "cluster_kind"]
    curated = pd.read_parquet(root / "marts" / "curated.parquet", columns=COLUMNS, read_dictionary=few)
    kept = curated[curated["outcome"] == "ok"]
    sample = kept[kept["sample_place"].notna()].astype({"language": str, "strategy": str, "teacher": str})
    outcomes = curated.groupby([*CELL, "outcome"], observed=True).size()
    tables = {
        "funnel": outcomes.rename("rows").reset_index(),
        "length_quantiles": length_quantiles(kept),
        "lexical_diversity": lexical_diversity(sample),
        "prompt_diversity": prompt_diversity(curated, sample),
        "duplicate_share": duplicate_share(curated),
        "cluster_sizes": cluster_sizes(curated),
        "license_mix": license_mix(kept),
    }
    seconds = cpu() - started
    rows = {name: json.loads(frame.to_json(orient="values", double_precision=15)) for name, frame in tables.items()}
    json.dump({"cpu": seconds, "tables": rows}, sys.stdout)


if __name__ == "__main__":
    main()
