"""The loops over pairs of rows that find duplicates, compiled to native code.

Here: which sets share keys, how alike they are, and which rows are kept, over NumPy arrays. Not here: what the numbers
mean (pairs.py, keep.py, duplicates.py), and the loops over text (duplicate_kernels.py). Import it inside functions.
"""

from typing import Any

import numpy as np

from polyglot_assets.text.duplicate_kernels import compiled

_LOW = np.uint64(0xFFFFFFFF)


@compiled
def shared_bands(left: Any, right: Any, within: Any, most: int, pairs: Any) -> int:
    """Pairs of sets with the same key in one band of two segments.

    Of each bucket the best `most` sets of a side are paired with all of the other side, so that a bucket with very
    many sets costs in proportion to their number, not to its square.

    Args:
        left: uint64, sorted band of a segment.
        right: the same of the other segment.
        within: both are the same segment; a pair is then found once, the better set on the left.
        most: sets of a bucket that are paired with all others.
        pairs: uint64, written: left set number in the upper half, right in the lower.

    Returns:
        The number of pairs; if it exceeds len(pairs) the rest was not written.
    """
    found, at_left, at_right = 0, 0, 0
    while at_left < len(left) and at_right < len(right):
        key, other = left[at_left] >> np.uint64(32), right[at_right] >> np.uint64(32)
        if key != other:  # counting instead of branching: which of two hashes is smaller cannot be predicted
            at_left += key < other
            at_right += other < key
            continue
        end_left = at_left + 1
        while end_left < len(left) and left[end_left] >> np.uint64(32) == key:
            end_left += 1
        end_right = at_right + 1
        while end_right < len(right) and right[end_right] >> np.uint64(32) == key:
            end_right += 1
        for one in range(at_left, end_left):
            best = one - at_left < most
            first = one + 1 if within else at_right
            last = end_right if best else min(end_right, at_right + most)
            for two in range(first, last):
                if found < len(pairs):
                    pairs[found] = left[one] << np.uint64(32) | (right[two] & _LOW)
                found += 1
        at_left, at_right = end_left, end_right
    return found


@compiled
def _alike(common: int, own: int, others: int) -> float:
    """Jaccard similarity of two sets; 1 for two empty ones."""
    together = own + others - common
    return common / together if together > 0 else 1.0


@compiled
def similarities(pairs: Any, left: Any, right: Any, threshold: float, least: float, out: Any) -> None:
    """Writes the Jaccard similarity of each pair to `out`, 0 where it is below the threshold.

    Args:
        pairs: uint64 as from `shared_bands`, sorted.
        left: (grams, start, n-grams of the prompt, of both, asked) of a segment.
        right: the same of the other segment.
        threshold: what is at least wanted of both texts together,
        least: and of each of them.
        out: float32.
    """
    left_grams, left_start, left_prompt, left_count, left_asked = left
    right_grams, right_start, right_prompt, right_count, right_asked = right
    slots = 16
    for size in left_count:
        while slots < 2 * size:
            slots *= 2
    held, held_by = np.empty(slots, np.uint32), np.full(slots, -1, np.int64)
    present, mask = np.int64(-1), np.uint32(0)
    for at in range(len(pairs)):
        one, two = np.int64(pairs[at] >> np.uint64(32)), np.int64(pairs[at] & _LOW)
        out[at] = 0
        own, others = left_count[one], right_count[two]
        # What the sizes rule out, and bands of different teachers that share a key by chance.
        if min(own, others) < threshold * max(own, others) or left_asked[one] != right_asked[two]:
            continue
        if one != present:
            present, slots = one, 16
            while slots < 2 * own:
                slots *= 2
            mask = np.uint32(slots - 1)
            for place in range(left_start[one], left_start[one] + own):
                slot = left_grams[place] & mask
                while held_by[slot] == one:
                    slot = (slot + np.uint32(1)) & mask
                held[slot], held_by[slot] = left_grams[place], one
        common, of_prompts = 0, 0
        for place in range(others):
            if place == right_prompt[two]:
                of_prompts = common
            gram = right_grams[right_start[two] + place]
            slot = gram & mask
            while held_by[slot] == one and held[slot] != gram:
                slot = (slot + np.uint32(1)) & mask
            if held_by[slot] == one:
                common += 1
        if right_prompt[two] == others:
            of_prompts = common
        prompts = _alike(of_prompts, left_prompt[one], right_prompt[two])
        responses = _alike(common - of_prompts, own - left_prompt[one], others - right_prompt[two])
        similarity = common / (own + others - common)
        if similarity >= threshold and prompts >= least and responses >= least:
            out[at] = similarity


@compiled
def note(keys: Any, seen: Any, again: Any) -> None:
    """Sets in two bitmaps (uint8, a power of two of bytes) which key was seen, and which again; by its lower bits."""
    mask = np.uint64(8 * len(seen) - 1)
    for key in keys:
        bit = key & mask
        byte, flag = bit >> np.uint64(3), np.uint8(1) << np.uint8(bit & np.uint64(7))
        again[byte] |= seen[byte] & flag
        seen[byte] |= flag


@compiled
def noted(keys: Any, bitmap: Any, out: Any) -> int:
    """Writes the places of the keys that a bitmap of `note` holds to `out`; returns their number."""
    mask = np.uint64(8 * len(bitmap) - 1)
    count = 0
    for place in range(len(keys)):
        bit = keys[place] & mask
        out[count] = place
        count += (bitmap[bit >> np.uint64(3)] >> np.uint8(bit & np.uint64(7))) & 1
    return count


@compiled
def keep(rows: Any, sets: Any, kept: Any, out: Any) -> None:
    """Decides for rows, best first, whether each is kept or which kept row stands in its place (see keep.py).

    Args:
        rows: (content class, prompt class, set) per row, int64, -1 where a row shares none.
        sets: (first, neighbour, similarity): the neighbours of set s are neighbour[first[s]:first[s + 1]].
        kept: (by content class, by prompt class, by set), int64, -1 at first: the kept row of each.
        out: (row kept instead or -1, kind, similarity) per row, written. Kinds are 0 exact_pair, 1 exact_prompt,
            2 near.
    """
    contents, prompts, own = rows
    first, neighbour, similarity = sets
    of_content, of_prompt, of_set = kept
    instead, kind, how = out
    for row in range(len(own)):
        content, prompt, group = contents[row], prompts[row], own[row]
        instead[row], how[row] = -1, 1
        if content >= 0 and of_content[content] >= 0:
            instead[row], kind[row] = of_content[content], 0
        elif prompt >= 0 and of_prompt[prompt] >= 0:
            instead[row], kind[row] = of_prompt[prompt], 1
        elif group >= 0:
            best = np.float32(0)
            if of_set[group] >= 0:
                best, instead[row] = np.float32(1), of_set[group]
            for at in range(first[group], first[group + 1]):
                other = of_set[neighbour[at]]
                if other < 0:
                    continue
                # Of equally similar rows the best one, which is the one with the smaller number.
                if similarity[at] > best or (similarity[at] == best and other < instead[row]):
                    best, instead[row] = similarity[at], other
            kind[row], how[row] = 2, best
        if instead[row] < 0:
            if content >= 0:
                of_content[content] = row
            if prompt >= 0:
                of_prompt[prompt] = row
            if group >= 0:
                of_set[group] = row


@compiled
def components(links: Any, number: int) -> Any:
    """int64 (number): for each of `number` things the smallest one that it hangs together with.

    Args:
        links: int64 (2, links), pairs of things.
        number: of things.
    """
    root = np.arange(number)
    for at in range(links.shape[1]):
        _join(root, links[0, at], links[1, at])
    for thing in range(number):
        root[thing] = _root(root, thing)
    return root


@compiled
def _root(parent: Any, row: Any) -> Any:
    """The row that stands for the cluster of a row."""
    while parent[row] != row:
        parent[row] = parent[parent[row]]
        row = parent[row]
    return row


@compiled
def _join(parent: Any, one: Any, other: Any) -> None:
    one, other = _root(parent, one), _root(parent, other)
    parent[max(one, other)] = min(one, other)


@compiled
def clusters(rows: Any, sets: Any, firsts: Any, parent: Any) -> None:
    """Connects rows that share a class or whose sets are neighbours.

    Args:
        rows: as for `keep`, in any order.
        sets: as for `keep`.
        firsts: (by content class, by prompt class, by set), int64, -1 at first: the first row of each.
        parent: int64, written: for each row the first one of its cluster.
    """
    first, neighbour, _ = sets
    for row in range(len(parent)):
        parent[row] = row
    for row in range(len(parent)):
        for kind in range(3):
            number = rows[kind][row]
            if number >= 0 and firsts[kind][number] >= 0:
                _join(parent, firsts[kind][number], row)
            elif number >= 0:
                firsts[kind][number] = row
    for number in range(len(first) - 1):
        for at in range(first[number], first[number + 1]):
            _join(parent, firsts[2][number], firsts[2][neighbour[at]])
    for row in range(len(parent)):
        parent[row] = _root(parent, row)


@compiled
def concerned(made: Any, number: Any, sharing: Any, clusters: Any) -> None:
    """Marks the clusters that lost a row, or in which a row shares something with a new one.

    Args:
        made: decisions (keep.DECISION) under old row numbers.
        number: the new number of each row, negative for one that is gone; its last entry is that of KEPT.
        sharing: bool, by new number.
        clusters: bool, by old number of a cluster's first row, written.
    """
    for at in range(len(made)):
        now = number[made[at]["row"]]
        if now < 0 or sharing[now]:
            clusters[made[at]["cluster"]] = True


@compiled
def renumbered(made: Any, number: Any, clusters: Any, out: Any) -> Any:
    """Writes decisions under new numbers to `out`: those of marked clusters at its end, all others from its beginning.

    Rows that are gone are left out. Arguments as for `concerned`.

    Returns:
        (number of those at the beginning, place of the first of those at the end).
    """
    few, end = 0, len(made)
    for at in range(len(made)):
        marked = clusters[made[at]["cluster"]]
        row = number[made[at]["row"]]
        if row < 0:
            continue
        place = few
        if marked:
            end -= 1
            place = end
        else:
            few += 1
        out[place] = made[at]
        out[place]["row"] = row
        out[place]["instead"] = number[made[at]["instead"]]
        out[place]["cluster"] = number[made[at]["cluster"]]
    return few, end


@compiled
def hex_digits(numbers: Any, out: Any) -> None:
    """Writes 128-bit hashes, uint64 (2, rows), as 32 hex digits each to `out`, uint8 (rows, 32)."""
    for row in range(len(out)):
        for half in range(2):
            value = numbers[half, row]
            for digit in range(15, -1, -1):
                nibble = np.uint8(value & np.uint64(15))
                out[row, 16 * half + digit] = nibble + (48 if nibble < 10 else 87)
                value >>= np.uint64(4)
