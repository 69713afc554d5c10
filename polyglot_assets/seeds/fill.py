"""Sorting a source's rows into cells.

Here: which candidate becomes a seed of which cell, and the count of those that do not, by reason. Not here: how a
raw row is understood (the adapters) or stored (lake/store.py).
"""

import heapq
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from polyglot_assets.domain.errors import UserError
from polyglot_assets.domain.grid import Cell
from polyglot_assets.domain.ids import content_id
from polyglot_assets.recipes.registry import RECIPES
from polyglot_assets.seeds.acquire import Files
from polyglot_assets.seeds.reading import Reader
from polyglot_assets.seeds.source import BadFieldError, Candidate, Source
from polyglot_assets.settings import Settings
from polyglot_assets.text.invisible import trimmed
from polyglot_assets.text.languages import to_code
from polyglot_assets.text.normal import text_key
from polyglot_assets.text.variants import other_script

KEPT = "kept"
_OTHER_SCRIPT = 0.5
"""Share of letters in another script than the target's from which on a seed is not used."""
DELETED = "deleted"
"""Somebody asked to have the row deleted. Of a seed: its prompt showed such a row."""


@dataclass
class CellSeeds:
    """What one source gives one cell.

    Attributes:
        rows: seed rows (contracts.SEEDS).
        counts: raw rows by reason, `kept` included: the values add up to the raw rows read.
        empty_because: why the source never feeds this cell, else None.
    """

    rows: list[dict[str, Any]] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    empty_because: str | None = None


@dataclass
class _Lowest:
    """The `limit` candidates with the lowest hashes, in memory proportional to the limit.

    Rows with the same id have the same hash, so a repeated id that could get in meets its first row here, and no
    list of all ids is needed. `beyond` counts the rows that the limit keeps out.
    """

    limit: int
    heap: list[tuple[int, str, Candidate]] = field(default_factory=list)
    ids: set[str] = field(default_factory=set)
    beyond: int = 0

    def push(self, key: str, seed_id: str, candidate: Candidate) -> bool:
        """Takes a candidate; False if its id is there already."""
        if seed_id in self.ids:
            return False
        item = (-int(key, 16), seed_id, candidate)
        if len(self.heap) < self.limit:
            heapq.heappush(self.heap, item)
            self.ids.add(seed_id)
            return True
        self.beyond += 1
        if item > self.heap[0]:
            self.ids.remove(heapq.heapreplace(self.heap, item)[1])
            self.ids.add(seed_id)
        return True


def fill(
    source: Source,
    files: Files | None,
    cells: Iterable[Cell],
    settings: Settings,
    deleted: Collection[str] = frozenset(),
) -> dict[Cell, CellSeeds]:
    """Reads a source once and gives every cell its seeds and counts.

    Args:
        source: what is read.
        files: its files, if there are any.
        cells: which cells.
        settings: limits, and what is kept.
        deleted: seed_ids of the rows that stay out (lake/tombstones.py).

    Raises:
        UserError: a file is damaged or a row has a field that cannot be used.
    """
    result = {cell: CellSeeds(empty_because=source.does_not_feed(cell)) for cell in cells}
    fed = [cell for cell, seeds in result.items() if seeds.empty_because is None]
    if files is None:
        for cell in fed:
            result[cell].empty_because = f"POLYGLOT_SEEDS has no folder {source.folder}"
        return result
    if not fed:
        return result
    heaps = {cell: _Lowest(settings.seeds_per_cell) for cell in fed}
    for candidate, reason in _judged(source, files, fed, settings):
        for cell in fed:
            verdict = _unfit_for(cell, candidate, source) or reason or _unanswered(cell, candidate, settings)
            verdict = verdict or _deleted(source, candidate, deleted)
            if verdict is None:
                seed_id = content_id(source.repo, candidate.source_id)
                if not heaps[cell].push(content_id(cell.key, seed_id), seed_id, candidate):
                    result[cell].counts["duplicate_id"] += 1
            else:
                result[cell].counts[verdict] += candidate.rows
    for cell, heap in heaps.items():
        seeds = result[cell]
        seeds.rows = [_row(source, files, cell, seed_id, candidate) for _, seed_id, candidate in heap.heap]
        seeds.counts[KEPT] = len(seeds.rows)
        if heap.beyond:
            seeds.counts["over_cap"] = heap.beyond
    return result


def _judged(
    source: Source, files: Files, cells: list[Cell], settings: Settings
) -> Iterator[tuple[Candidate, str | None]]:
    """Every candidate with the reason that keeps it out of all cells, if there is one."""
    targets = {to_code(cell.language) for cell in cells}
    reader = Reader(source, files.paths, wanted=lambda value: to_code(value) in targets)
    try:
        for candidate in map(_trimmed, source.adapt(reader.rows())):
            yield candidate, _rejection(candidate, settings)
    except BadFieldError as error:
        raise UserError(str(error)) from None
    if reader.skipped:
        yield Candidate(rows=reader.skipped), "other_language"


def _trimmed(candidate: Candidate) -> Candidate:
    """A candidate whose texts begin and end with something visible. Its id was made from them as they stand."""
    prompt, response = trimmed(candidate.prompt), trimmed(candidate.response)
    if (prompt, response) == (candidate.prompt, candidate.response):
        return candidate
    return replace(candidate, prompt=prompt, response=response)


def _rejection(candidate: Candidate, settings: Settings) -> str | None:
    if candidate.rejected:
        return candidate.rejected
    if not candidate.prompt:
        return "empty_prompt"
    if candidate.toxic and not settings.keep_toxic:
        return "toxic"
    if candidate.redacted and not settings.keep_redacted:
        return "redacted"
    if len(candidate.prompt) > settings.seed_chars:
        return "prompt_too_long"
    return None


def _unfit_for(cell: Cell, candidate: Candidate, source: Source) -> str | None:
    # An old lake may have a cell `nb`, whose rows are `no` today.
    wanted = "en" if source.english is None and RECIPES[cell.strategy].english else to_code(cell.language)
    if source.english or RECIPES[cell.strategy].english:
        return None if source.english or candidate.language == wanted else "other_language"
    if candidate.language != wanted:
        return "other_language"
    # Regions are not told apart, scripts are: the prompt is published, or shown to the teacher as an example.
    strange = other_script(f"{candidate.prompt}\n{candidate.response}", cell.language)
    return "other_script" if strange and strange[0] >= _OTHER_SCRIPT else None


def _unanswered(cell: Cell, candidate: Candidate, settings: Settings) -> str | None:
    if not RECIPES[cell.strategy].needs_answers:
        return None
    if not candidate.response:
        return "empty_response"  # an example without an answer would teach the teacher to give none
    return "response_too_long" if len(candidate.response) > settings.seed_chars else None


def _deleted(source: Source, candidate: Candidate, deleted: Collection[str]) -> str | None:
    return DELETED if deleted and content_id(source.repo, candidate.source_id) in deleted else None


def _row(source: Source, files: Files, cell: Cell, seed_id: str, candidate: Candidate) -> dict[str, Any]:
    return {
        "seed_id": seed_id,
        "source": source.repo,
        "source_id": candidate.source_id,
        "source_revision": files.revision,
        "license": candidate.license or source.license,
        "language": cell.language,
        "strategy": cell.strategy,
        "seed_language": candidate.language,
        "prompt": candidate.prompt,
        "response": candidate.response,
        "toxic": candidate.toxic,
        "redacted": candidate.redacted,
        "prompt_key": text_key(candidate.prompt),
        "prompt_chars": len(candidate.prompt),
        "response_chars": len(candidate.response),
    }
