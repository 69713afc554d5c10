"""Choosing seeds for a cell: which become prompts, and which are shown as examples.

Here: selection and exemplars, deterministic and cheap. Not here: wording (templates.py) and files (lake/store.py).

Both are made so that more seeds change little: a new seed takes one place in hash order instead of reshuffling the
rest, and changes the examples of about three prompts in N. So adding seeds pays only for what is new.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from polyglot_assets.domain.ids import content_id, hash_points
from polyglot_assets.seeds.sources import PRECEDENCE

Seed = Mapping[str, Any]

_PLACES = 8


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
    for seed in sorted(seeds, key=lambda s: (_precedence(s["source"]), s["seed_id"])):
        if seed["prompt_key"] in unique:
            counts[seed["source"], "duplicate"] += 1
        else:
            unique[seed["prompt_key"]] = seed
    by_source: dict[str, list[tuple[str, Seed]]] = defaultdict(list)
    for place, seed in sorted(((_place(seed), seed) for seed in unique.values()), key=lambda item: item[0]):
        by_source[seed["source"]].append((place, seed))
    turns = [
        ((turn, _precedence(source), place), seed)
        for source, own in by_source.items()
        for turn, (place, seed) in enumerate(own)
    ]
    turns.sort(key=lambda item: item[0])
    chosen = turns[:limit]
    for _, seed in chosen:
        counts[seed["source"], "kept"] += 1
    for _, seed in turns[limit:]:
        counts[seed["source"], "over_cap"] += 1
    return Choice([seed for _, seed in sorted(chosen, key=lambda item: item[0][2])], counts)


def _precedence(source: str) -> int:
    return PRECEDENCE.get(source, len(PRECEDENCE))


def _place(seed: Seed) -> str:
    return content_id("place", seed["language"], seed["strategy"], seed["seed_id"])


class Exemplars:
    """The seeds of a cell on a ring of hashes, from which each prompt draws its examples.

    Each seed has eight places: with one, some seeds would be shown many times as often as others.

    Args:
        seeds: candidates; those without a response are never drawn.
    """

    def __init__(self, seeds: Sequence[Seed]) -> None:
        # In the order of ids, so that equal places, should there ever be any, are taken in the same order everywhere.
        self._seeds = sorted((seed for seed in seeds if seed["response"]), key=lambda seed: seed["seed_id"])
        points = np.frombuffer(b"".join(hash_points("ring", seed["seed_id"]) for seed in self._seeds), dtype="<u8")
        order = np.argsort(points, kind="stable")
        self._positions = points[order]
        self._owners = (order // _PLACES).tolist()

    def draw(self, seeds: Sequence[Seed], count: int) -> list[list[Seed]]:
        """`count` (at most 8) different seeds for the prompt of each of `seeds`, fixed by its seed_id.

        Fewer only if there are no more. Neither the seed itself nor another with the same prompt is drawn.
        """
        # All at once: looking up one by one in a ring this large costs more than everything else here.
        points = np.frombuffer(b"".join(hash_points("draw", seed["seed_id"]) for seed in seeds), dtype="<u8")
        starts = np.searchsorted(self._positions, points.reshape(-1, _PLACES)[:, :count]).tolist()
        return [self._from(seed, places) for seed, places in zip(seeds, starts, strict=True)]

    def _from(self, seed: Seed, starts: Sequence[int]) -> list[Seed]:
        """The first seed at or after each start that may be shown with `seed` and was not drawn before."""
        taken = {seed["prompt_key"]}
        drawn: list[Seed] = []
        for start in starts:
            for step in range(len(self._owners)):
                candidate = self._seeds[self._owners[(start + step) % len(self._owners)]]
                if candidate["prompt_key"] not in taken:
                    taken.add(candidate["prompt_key"])
                    drawn.append(candidate)
                    break
        return drawn
