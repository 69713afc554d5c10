"""Counts of a cell: what was written is read again, and the table keeps stages, sources and teachers apart."""

from collections import Counter

from polyglot_assets.domain.grid import Cell
from polyglot_assets.lake.counts import Counted, count_answers, read_counts, write_counts
from polyglot_assets.lake.store import Lake

CELL = Cell("de", "respond")


def test_what_was_written_is_read_again(lake: Lake) -> None:
    assert read_counts(lake, CELL, stage="seeds", part="gsm8k") == Counter()
    counts = {Counted("org/a", "kept"): 3, Counted("org/a", "toxic"): 1, Counted("org/b", "kept"): 2}
    write_counts(lake, CELL, counts, stage="prompts", part="all")
    assert read_counts(lake, CELL, stage="prompts", part="all") == counts
    assert read_counts(lake, CELL, stage="answers", part="all") == Counter()
    write_counts(lake, CELL, {}, stage="prompts", part="all")
    assert read_counts(lake, CELL, stage="prompts", part="all") == Counter()


def test_the_same_counts_give_the_same_bytes_in_any_order(lake: Lake) -> None:
    def written(order: int) -> bytes:
        counts = {Counted("org/a", "ok", "x"): 1, Counted("org/a", "ok", "y"): 2, Counted("org/a", "empty", "x"): 3}
        write_counts(lake, CELL, dict(list(counts.items())[::order]), stage="answers", part="all")
        return next(lake.root.rglob("cell.parquet")).read_bytes()

    assert written(1) == written(-1)


def test_answers_are_counted_by_source_outcome_and_teacher() -> None:
    rows = [
        {"source": "org/a", "outcome": outcome, "teacher": teacher, "prompt_id": "p"}
        for outcome, teacher in (("ok", "x"), ("ok", "x"), ("ok", "y"), ("empty", "x"))
    ]
    assert count_answers(rows) == {
        Counted("org/a", "ok", "x"): 2, Counted("org/a", "ok", "y"): 1, Counted("org/a", "empty", "x"): 1
    }  # fmt: skip
