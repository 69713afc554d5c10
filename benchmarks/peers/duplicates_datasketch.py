"""Near duplicates with datasketch or rensa: MinHash and an LSH index per language, without verification.

Both are given the same Python n-grams; making these is timed apart, as `n-grams`.
"""

import json
import sys
from collections import defaultdict
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from peers.duplicates_text import THRESHOLD, Stages, grams, pairs

PERMUTATIONS, BANDS = 125, 25
Sets = dict[str, list[tuple[str, set[str]]]]


def datasketch(own: list[tuple[str, set[str]]]) -> Iterable[tuple[str, list[str]]]:
    """Rows and what the index holds of similar ones before them."""
    from datasketch import MinHash, MinHashLSH

    index = MinHashLSH(num_perm=PERMUTATIONS, params=(BANDS, PERMUTATIONS // BANDS))
    signatures = MinHash.bulk([[gram.encode() for gram in found] for _, found in own], num_perm=PERMUTATIONS)
    for (identifier, _), signature in zip(own, signatures, strict=True):
        yield identifier, index.query(signature)
        index.insert(identifier, signature, check_duplication=False)


def rensa(own: list[tuple[str, set[str]]]) -> Iterable[tuple[str, list[str]]]:
    """The same with rensa."""
    from rensa import RMinHash, RMinHashLSH

    index = RMinHashLSH(threshold=THRESHOLD, num_perm=PERMUTATIONS, num_bands=BANDS)
    for number, (identifier, found) in enumerate(own):
        signature = RMinHash(num_perm=PERMUTATIONS, seed=1)
        signature.update(list(found))
        yield identifier, [own[at][0] for at in index.query(signature)]
        index.insert(number, signature)


def main() -> None:
    """Writes the ids that are flagged as duplicates of an earlier row to a file."""
    find: Callable[..., Iterable[tuple[str, list[str]]]] = {"datasketch": datasketch, "rensa": rensa}[sys.argv[3]]
    stages = Stages()
    sets: Sets = defaultdict(list)
    for language, identifier, prompt, response in pairs(Path(sys.argv[1])):
        sets[language].append((identifier, grams(language, f"{prompt} {response}")))
    stages.done("n-grams")
    flagged: dict[str, Any] = {}
    for own in sets.values():
        flagged |= {identifier: similar[0] for identifier, similar in find(own) if similar}
    stages.done("signatures and index")
    Path(sys.argv[2]).write_text(json.dumps(flagged), encoding="utf-8")
    stages.report(left_out=len(flagged))


if __name__ == "__main__":
    main()
