"""Promises about the tables of dbt_like_sql/marts.

* All of them over 356,471 rows, the size of the published dataset: at most 0.3 s of CPU.
* Over 1,000,000 rows: less CPU than polars and pandas need for the same figures.

`curated`, the row table that says what finally becomes of each example, is computed first and shown by itself: it
reads the examples, holds one slim row for each of them, and is what all other tables read. polars and pandas are given
the same Parquet files, `curated` among them, and compute the examples by outcome, the quantiles of lengths, distinct-1
to -3 and segment TTR, the diversity of prompts, duplicates, cluster sizes and licenses; the rest of the tables are sums
over these. Their results are compared with ours, figure by figure. Each contestant runs in a process
of its own; counted are its user and system seconds from opening the files to the last table, without imports.

The rows are made up: languages, their sizes, lengths and words are skewed as in the published dataset.
"""

import json
import math
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
from peers.tables_lake import PUBLISHED, make
from promises import promise

from polyglot_assets.lake.store import Lake, write_parquet
from polyglot_assets.lake.views import quoted
from polyglot_assets.marts.compute import threads_for
from polyglot_assets.marts.models import load
from polyglot_assets.settings import bundled
from polyglot_assets.settings import load as load_settings

PROMISE = 0.3
ROUNDS = 5
PEERS = {"polars": ("polars==2.1.0",), "pandas": ("pandas==3.1.1", "pyarrow==26.0.1")}
COMPARED = (
    "funnel", "length_quantiles", "lexical_diversity", "prompt_diversity", "duplicate_share", "cluster_sizes",
    "license_mix",
)  # fmt: skip
HERE = Path(__file__).parent


def cpu() -> float:
    """CPU seconds of this process so far."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def ours(lake: Lake) -> dict[str, Any]:
    """Computes all marts, some rounds of it, each with connections of its own that have read nothing yet."""
    models, _ = load(bundled("dbt_like_sql"))
    seconds: dict[str, list[float]] = {}
    walls: dict[str, list[float]] = {}
    for _ in range(ROUNDS):
        for threads in (None, 1):
            part = [model for model in models if threads_for(model) == threads]
            with lake.connect(threads=threads) as connection:
                for model in part:
                    started, wall = cpu(), time.perf_counter()
                    data = connection.sql(model.sql).to_arrow_table()
                    seconds.setdefault(model.name, []).append(cpu() - started)
                    walls.setdefault(model.name, []).append(time.perf_counter() - wall)
                    path = lake.mart_path(model.name)
                    write_parquet(data, path)
                    view = f"CREATE OR REPLACE VIEW marts.{model.name} AS FROM read_parquet({quoted(path)})"
                    connection.execute(view).fetchall()
    best = {name: min(found) for name, found in seconds.items()}
    # A round as a whole, so that no table is flattered by its luckiest moment.
    rounds = [sum(found[number] for name, found in seconds.items() if name != "curated") for number in range(ROUNDS)]
    wall_rounds = [sum(found[number] for name, found in walls.items() if name != "curated") for number in range(ROUNDS)]
    return {
        "curated": best["curated"],
        "tables": min(rounds),
        "median": sorted(rounds)[ROUNDS // 2],
        "wall": min(wall_rounds),
        "by_table": best,
        "compared": sum(
            best[name] for name in [*COMPARED, "word_sample", "example_counts", "outcome_funnel"] if name in best
        ),
    }


def figures(lake: Lake) -> dict[str, list[list[Any]]]:
    """Our results of the tables that the peers compute, sorted."""
    queries = {name: f"FROM marts.{name}" for name in COMPARED if name != "funnel"}
    queries["license_mix"] = "SELECT * EXCLUDE (left_out) FROM marts.license_mix"
    queries["funnel"] = (
        "SELECT language, strategy, source, teacher, outcome, rows FROM marts.outcome_funnel WHERE stage_order = 4"
    )
    with lake.connect() as connection:
        return {name: sorted_rows(connection.sql(query).fetchall()) for name, query in queries.items()}


def sorted_rows(rows: list[Any]) -> list[list[Any]]:
    """Rows in an order that does not depend on who made them."""
    return sorted(
        ([*row] for row in rows), key=lambda row: [str(value) for value in row if isinstance(value, str | int)]
    )


def differences(one: list[list[Any]], other: list[list[Any]]) -> list[str]:
    """Where two tables differ by more than the rounding of the last digit."""
    if len(one) != len(other):
        return [f"{len(one)} rows against {len(other)}"]
    found = []
    for left, right in zip(one, other, strict=True):
        for ours_, theirs in zip(left, right, strict=True):
            both = isinstance(ours_, float | int) and isinstance(theirs, float | int)
            if not (math.isclose(ours_, theirs, rel_tol=1e-6, abs_tol=2e-4) if both else ours_ == theirs):
                found.append(f"{left} against {right}")
    return found


def python_of(peer: str) -> str | None:
    """The interpreter of a peer, in an environment of its own below POLYGLOT_CACHE; None where it does not install."""
    folder = load_settings().cache / "peers" / PEERS[peer][0]
    python, mark = folder / "bin" / "python", folder / "installed.txt"
    wanted = "\n".join(PEERS[peer])
    if mark.exists() and mark.read_text(encoding="utf-8") == wanted:
        return str(python)
    for command in (
        [sys.executable, "-m", "venv", str(folder)],
        [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *PEERS[peer]],
    ):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            print(f"{peer}: not installed: {(done.stderr or done.stdout).strip().splitlines()[-1][:200]}")
            return None
    mark.write_text(wanted, encoding="utf-8")
    return str(python)


def apart(command: list[str]) -> Any:
    """What a contestant reports."""
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=HERE)
    if done.returncode:
        raise RuntimeError(done.stderr[-2000:])
    return json.loads(done.stdout)


def main() -> None:
    """Prints the figures beside the promises."""
    with tempfile.TemporaryDirectory() as root:
        for rows in (sum(PUBLISHED.values()), 1_000_000):
            lake = Lake(Path(root) / str(rows))
            make(lake, rows, ("gemma-3-27b-it",) if rows < 1_000_000 else ("gemma-3-27b-it", "aya-expanse-32b"))
            own = apart([sys.executable, __file__, "ours", str(lake.root)])
            count = pq.read_metadata(lake.mart_path("curated")).num_rows
            print(f"{count:,} examples: curated {own['curated']:.2f} s of CPU, {len(own['by_table']) - 1} tables "
                  f"{own['tables']:.3f} s in the best of {ROUNDS} rounds, {own['median']:.3f} s in the middle one "
                  f"(wall {own['wall']:.3f} s)")  # fmt: skip
            for name, seconds in sorted(own["by_table"].items(), key=lambda item: -item[1])[1:7]:
                print(f"  {name} {seconds * 1000:.0f} ms")
            against = against_peers(lake, own["compared"])
            tables = f"{own['tables']:.2f} s, the rows they are made of {own['curated']:.2f} s"
            bar = (
                f"≤ {PROMISE} s of CPU, ahead of polars and pandas"
                if rows < 1_000_000
                else "ahead of polars and pandas"
            )
            promise(
                f"all {len(own['by_table']) - 1} tables over {count:,} examples", bar, "; ".join([tables, *against])
            )


def against_peers(lake: Lake, own: float) -> list[str]:
    """Lets the peers compute the same figures, compares and prints; returns what each takes."""
    taken = []
    expected = figures(lake)
    print(f"  the tables that are compared: ours {own:.3f} s of CPU")
    for peer in PEERS:
        python = python_of(peer)
        if python is None:
            continue
        theirs = apart([python, str(HERE / "peers" / f"tables_{peer}.py"), str(lake.root)])
        wrong = [
            f"{name}: {text}"
            for name in COMPARED
            for text in differences(expected[name], sorted_rows(theirs["tables"][name]))[:1]
        ]
        verdict = "DIFFERENT: " + "; ".join(wrong) if wrong else "same figures"
        print(f"  {PEERS[peer][0]} {theirs['cpu']:.3f} s of CPU, {theirs['cpu'] / own:.1f} times ours; {verdict}")
        taken.append(f"{PEERS[peer][0]} {theirs['cpu'] / own:.1f} times as long ({'DIFFERENT' if wrong else verdict})")
    return taken


if __name__ == "__main__":
    if len(sys.argv) == 1:
        main()
    else:
        print(json.dumps(ours(Lake(Path(sys.argv[2])))))
