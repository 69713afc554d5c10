"""Choosing seeds for a cell: which become prompts, and which are shown as examples.

Here: selection and exemplars, deterministic and cheap. Not here: wording (templates.py) and files (lake.py).

Both are made so that more seeds change little: a new seed takes one place in hash order instead of reshuffling the
rest, and changes the examples of about three prompts in N. So adding seeds pays only for what is new.
"""

from bisect import bisect
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from polyglot_assets.ids import content_id, hash_points
from polyglot_assets.seeds.sources import PRECEDENCE

Seed = Mapping[str, Any]


@dataclass
class Choice:
    """Chosen seeds in hash order, and the seeds of the cell counted by (source, reason), `kept` included."""

    seeds: list[Seed]
    counts: Counter[tuple[str, str]] = field(default_factory=Counter)


def choose(seeds: Iterable[Seed], limit: int) -> Choice:
    """Up to `limit` seeds: exact duplicates out, the rest in hash order, sources taking turns.

    Of seeds with the same normalised prompt the one of the earlier source is kept (sources.SOURCES), then the one
    with the smaller seed_id.
    """
    counts: Counter[tuple[str, str]] = Counter()
    unique: dict[str, Seed] = {}
    for seed in sorted(seeds, key=lambda s: (PRECEDENCE.get(s["source"], len(PRECEDENCE)), s["seed_id"])):
        if seed["prompt_key"] in unique:
            counts[seed["source"], "duplicate"] += 1
        else:
            unique[seed["prompt_key"]] = seed
    by_source: dict[str, list[Seed]] = defaultdict(list)
    for seed in sorted(unique.values(), key=_place):
        by_source[seed["source"]].append(seed)
    turns = sorted(
        (turn, PRECEDENCE.get(source, len(PRECEDENCE)), _place(seed))
        for source, own in by_source.items()
        for turn, seed in enumerate(own)
    )
    chosen_places = {place for _, _, place in turns[:limit]}
    chosen = []
    for source, own in by_source.items():
        for seed in own:
            kept = _place(seed) in chosen_places
            counts[source, "kept" if kept else "over_cap"] += 1
            if kept:
                chosen.append(seed)
    return Choice(sorted(chosen, key=_place), counts)


def _place(seed: Seed) -> str:
    return content_id("place", seed["language"], seed["strategy"], seed["seed_id"])


class Exemplars:
    """The seeds of a cell on a ring of hashes, from which each prompt draws its examples.

    Args:
        seeds: candidates; those without a response are never drawn.
    """

    def __init__(self, seeds: Sequence[Seed]) -> None:
        eligible = [seed for seed in seeds if seed["response"]]
        # Eight places each: with one, some seeds would be shown many times as often as others.
        self._ring = sorted(
            ((point, seed) for seed in eligible for point in hash_points("ring", seed["seed_id"])),
            key=lambda item: (item[0], item[1]["seed_id"]),
        )
        self._positions = [position for position, _ in self._ring]

    def draw(self, seed: Seed, count: int) -> list[Seed]:
        """`count` (at most 8) different seeds for the prompt of `seed`, fixed by its seed_id.

        Fewer only if there are no more. Neither the seed itself nor another with the same prompt is drawn.
        """
        taken = {seed["prompt_key"]}
        drawn: list[Seed] = []
        for point in hash_points("draw", seed["seed_id"])[:count]:
            start = bisect(self._positions, point)
            for step in range(len(self._ring)):
                candidate = self._ring[(start + step) % len(self._ring)][1]
                if candidate["prompt_key"] not in taken:
                    taken.add(candidate["prompt_key"])
                    drawn.append(candidate)
                    break
        return drawn
