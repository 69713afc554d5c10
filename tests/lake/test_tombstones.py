"""The log of requests: nothing in it is lost or passed over."""

from pathlib import Path

import pytest

from polyglot_assets.domain.errors import UserError
from polyglot_assets.lake import tombstones
from polyglot_assets.lake.store import Lake
from polyglot_assets.lake.tombstones import Found, Request, Trace

TWO = Request("arbml/CIDAR", "7")


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(tmp_path)


def test_what_was_written_is_read(lake: Lake) -> None:
    one = Request("openai/gsm8k", "ä", "somebody", "1")
    found = Found({"de|translate"}, {Trace("0" * 32, 2**64 - 1, 30)}, {"a"}, {"b"})
    found.rows["seeds", "de", "translate"] += 2
    tombstones.record_requests(lake, [one, TWO])
    tombstones.record_found(lake, {one.seed_id: found})
    tombstones.record_found(lake, {one.seed_id: found})
    tombstones.record_done(lake, [one.seed_id])
    read = tombstones.read(lake)
    assert [stone.request for stone in read.values()] == [one, TWO]
    assert read[one.seed_id].found == Found(found.cells, found.texts, {"a"}, {"b"}, found.rows + found.rows)
    assert read[one.seed_id].done_at
    assert read[TWO.seed_id].done_at is None


def test_a_torn_line_was_never_acted_upon_and_makes_room_for_the_next(lake: Lake) -> None:
    tombstones.record_requests(lake, [TWO])
    whole = tombstones.log_path(lake).read_bytes()
    other = Request("arbml/CIDAR", "8")
    for size in range(len(whole)):
        tombstones.log_path(lake).write_bytes(whole + whole[:size])
        assert list(tombstones.read(lake)) == [TWO.seed_id]
        tombstones.record_requests(lake, [other])
        assert list(tombstones.read(lake)) == [TWO.seed_id, other.seed_id]


@pytest.mark.parametrize("line", ["", "{}", "[]", "no JSON", '{"event": "done", "seed_id": "unknown"}'])
def test_a_damaged_line_stops_everything(lake: Lake, line: str) -> None:
    tombstones.record_requests(lake, [TWO])
    with tombstones.log_path(lake).open("a") as log:
        log.write(f"{line}\n")
    with pytest.raises(UserError, match="line 2: damaged"):
        tombstones.seed_ids(lake)


def test_a_request_whose_id_was_changed_by_a_flipped_bit_is_damaged(lake: Lake) -> None:
    tombstones.record_requests(lake, [TWO])
    path = tombstones.log_path(lake)
    path.write_text(path.read_text().replace('"source_id": "7"', '"source_id": "6"'))
    with pytest.raises(UserError, match="line 1: damaged"):
        tombstones.read(lake)
