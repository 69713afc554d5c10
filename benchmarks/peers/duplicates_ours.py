"""The lake's own way, one stage per process: exact keys, near duplicates, one more cell."""

import shutil
import sys
from pathlib import Path
from threading import Event, Thread
from typing import Self

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from peers.duplicates_text import THRESHOLD, WIDTH, Stages, cells
from polyglot_assets.curation import duplicates
from polyglot_assets.curation import pairs as near_pairs
from polyglot_assets.domain.ids import files_digest
from polyglot_assets.lake.store import Lake
from polyglot_assets.settings import Settings
from polyglot_assets.text.keys import pair_keys, text_keys
from polyglot_assets.text.shingles import signatures, similarities


def exact(corpus: Path, lake: Path) -> None:
    """Keys from the raw text and their grouping; writes the cells with keys and signatures for the other stages.

    The signatures, which the lake stores with its rows, are counted apart, and the writing is not counted.
    """
    text_keys(pa.array(["compiles"]))
    signatures(pa.array(["compiles"]), pa.array(["compiles"]), WIDTH)
    stages = Stages()
    kept: list[pa.Table] = []
    signing: list[float] = []
    for language, path in cells(corpus):
        table = pq.ParquetFile(path).read()
        prompts, responses = (text_keys(table[side].combine_chunks()) for side in ("prompt", "response"))
        contents = pair_keys(prompts, responses)
        keyed = table.append_column("prompt_key", pa.array(prompts)).append_column("content_key", pa.array(contents))
        keys = keyed.select(["teacher", "prompt_key", "content_key"])
        kept.append(keys.append_column("language", pa.repeat(language, table.num_rows)))
        stages.done("keys")
        signed = [_signed(batch) for batch in table.to_batches(2048)]
        signing.append(stages.skip())
        keyed = keyed.append_column("signature", pa.chunked_array(signed))
        for name, value in (("language", language), ("strategy", path.parts[-2].partition("=")[2])):
            keyed = keyed.append_column(name, pa.repeat(value, keyed.num_rows))
        target = lake / "examples" / path.relative_to(corpus / "raw")
        target.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(keyed, target, compression="zstd", row_group_size=1 << 13)
        stages.skip()
    keyed = pa.concat_tables(kept)
    distinct = duckdb.execute(
        "SELECT (SELECT count(*) FROM (SELECT DISTINCT content_key FROM keyed)), "
        "(SELECT count(*) FROM (SELECT DISTINCT teacher, language, prompt_key FROM keyed))"
    ).fetchone()
    stages.done("grouping")
    stages.report(distinct=distinct, signatures=sum(signing))


def _signed(batch: pa.RecordBatch) -> pa.StructArray:
    return signatures(batch.column("prompt"), batch.column("response"), WIDTH)


def settings_of(lake: Path, gigabytes: float = 2) -> Settings:
    """The settings under which all contestants look for duplicates."""
    return Settings(lake=lake, duplicates_similarity=THRESHOLD, duplicates_width=WIDTH, duplicates_memory=gigabytes)


def warm_up(lake: Path) -> None:
    """Compiles what is compiled on first use, and imports the rest, on a lake of one small cell and its copy."""
    small = lake.with_name(f"{lake.name}-warm")
    shutil.rmtree(small, ignore_errors=True)
    path = next((lake / "examples").rglob("cell.parquet"))
    target = small / path.relative_to(lake)
    target.parent.mkdir(parents=True)
    pq.write_table(pq.ParquetFile(path).read_row_group(0).slice(0, 500), target)
    texts = pa.array(["compiles this"]), pa.array(["and that"])
    similarities(texts, texts, WIDTH)
    duplicates.find(Lake(small), settings_of(small))
    shutil.rmtree(small)


def near(lake: Path, gigabytes: float = 2) -> None:
    """From the cells with text and signatures to the table; DuckDB takes at most so much memory."""
    warm_up(lake)
    shutil.rmtree(lake / "index", ignore_errors=True)
    settings = settings_of(lake, gigabytes)
    stages = Stages()
    counted(stages)
    with Anonymous() as memory:
        counts = duplicates.find(Lake(lake), settings)
    stages.done("the rest")
    stages.report(anonymous_mb=memory.peak_mb, **counts)


class Anonymous:
    """Watches how much memory is taken that is no file's: files that are mapped can be dropped at any time."""

    def __enter__(self) -> Self:
        self.peak_mb = 0.0
        self._over = Event()
        self._watch = Thread(target=self._look)
        self._watch.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._watch.join()

    def _look(self) -> None:
        while not self._over.wait(0.05):
            lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
            held = next(line for line in lines if line.startswith("RssAnon"))
            self.peak_mb = max(self.peak_mb, int(held.split()[1]) / 1024)


_STAGES = {
    "remembered": "reading and ranking",
    "ranked": "reading and ranking",
    "sets": "candidates",
    "candidates": "candidates",
    "near": "verification",
}


def counted(stages: Stages) -> None:
    """Has the steps of `duplicates.find` counted apart."""
    original = near_pairs.step

    def step(connection: duckdb.DuckDBPyConnection, name: str) -> int:
        stages.done("the rest")
        rows = original(connection, name)
        stages.done(_STAGES.get(name, "choice"))
        return rows

    for module in (near_pairs, duplicates):
        setattr(module, "step", step)  # noqa: B010 the type checker knows nothing of it


def table(lake: Path) -> str:
    """A hash of all parts of the table, names and bytes."""
    return files_digest((lake / "duplicates").rglob("*.parquet"), lake)


def grow(lake: Path, pattern: str) -> None:
    """The lake without the cells of `pattern` is known; then they come. The table must be that of one run over all."""
    warm_up(lake)
    wanted = table(lake)
    aside = lake.with_name(f"{lake.name}-aside")
    late = sorted((lake / "examples").glob(pattern))
    new = sum(pq.ParquetFile(path / "cell.parquet").metadata.num_rows for path in late)
    for path in late:
        target = aside / path.relative_to(lake)
        target.parent.mkdir(parents=True, exist_ok=True)
        path.rename(target)
    duplicates.find(Lake(lake), settings_of(lake))
    for path in late:
        (aside / path.relative_to(lake)).rename(path)
    shutil.rmtree(aside)
    settings = settings_of(lake)
    stages = Stages()
    counted(stages)
    counts = duplicates.find(Lake(lake), settings)
    stages.done("the rest")
    stages.report(new=new, same=table(lake) == wanted, **counts)


def main() -> None:
    """`stage lake [corpus, pattern or gigabytes]`."""
    stage, lake = sys.argv[1], Path(sys.argv[2])
    if stage == "exact":
        exact(Path(sys.argv[3]), lake)
    elif stage == "grow":
        grow(lake, sys.argv[3])
    else:
        near(lake, *map(float, sys.argv[3:]))


if __name__ == "__main__":
    main()
