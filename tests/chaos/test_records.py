"""Damage in the ledger file itself: torn at every byte, flipped bits, lines that are there twice, foreign text."""

import random
import zlib
from collections.abc import Callable
from pathlib import Path

from chaos.world import TEACHER, Figures, Form, Start, Trial, entries
from scripted import ScriptedEngine

from polyglot_assets.inference.engine import Completion
from polyglot_assets.responses.ledger import Ledger
from polyglot_assets.responses.stage import respond

Record = Callable[[Figures], None]


def _few_answers(path: Path) -> tuple[bytes, dict[str, Completion | None]]:
    """A small ledger with all that an answer can have."""
    texts = ["Antwort", "zwei\nZeilen, \u2028 und \u00e4", '{"prompt": "a", "response": "b"}', "", "\U0001f600" * 5]
    with Ledger(path) as ledger:
        for number, text in enumerate(texts):
            ledger.append(Completion(f"{number:032x}", text, "stop", 7, 3))
        ledger.append(Completion(f"{9:032x}", "", "error", error="HTTP 500"))
        ledger.mark_for_retry(f"{1:032x}")
        return path.read_bytes(), {name: ledger.get(name) for name in ledger.request_ids()}


def _read(path: Path) -> dict[str, Completion | None]:
    with Ledger(path) as ledger:
        return {name: ledger.get(name) for name in ledger.request_ids()}


def test_a_ledger_torn_at_any_byte(tmp_path: Path, record: Record) -> None:
    path = tmp_path / "ledger.jsonl"
    whole, answers = _few_answers(path)
    more = Completion(f"{77:032x}", "mehr", "stop")
    for size in range(len(whole) + 1):
        path.write_bytes(whole[:size])
        expected = {name: answers[name] for name in entries(path) if name in answers}
        assert _read(path) == expected, size
        with Ledger(path) as ledger:
            ledger.append(more)
        assert _read(path) == {**expected, more.request_id: more}, size
        assert path.read_bytes().startswith(whole[: whole.rfind(b"\n", 0, size) + 1])
    record(Figures("torn record (every byte)", len(whole) + 1, len(answers), 0, 0, 0))


def test_a_flipped_bit_costs_at_most_its_own_answer(tmp_path: Path, record: Record, form: Form) -> None:
    """And an answer that was changed is never believed. A flipped line end joins two lines, so two may be lost."""
    path = tmp_path / "ledger.jsonl"
    whole, answers = _few_answers(path)
    places = [(byte, bit) for byte in range(len(whole)) for bit in range(8)]
    if not form.long:
        places = random.Random(3).sample(places, 1500)
    for byte, bit in places:
        damaged = bytearray(whole)
        damaged[byte] ^= 1 << bit
        path.write_bytes(damaged)
        found = _read(path)
        assert len(answers) - len(found) <= 2 if whole[byte] == 10 or damaged[byte] == 10 else 1, (byte, bit)
        for name, answer in found.items():
            assert answer == answers[name], (byte, bit)
    record(Figures("flipped bit", len(places), len(answers), 0, 0, 0))


def _half_way(trial: Start) -> Trial:
    one = trial()
    run = one.start()
    one.left(90)
    run.kill()
    one.died()
    return one


def test_damaged_lines_are_asked_again_and_nothing_else(trial: Start, record: Record) -> None:
    one, damaged = _half_way(trial), 0
    chance = random.Random(8)
    for path in one.ledgers():
        lines = path.read_bytes().splitlines(keepends=True)
        for number in chance.sample(range(len(lines)), len(lines) // 4):
            line = bytearray(lines[number])
            line[chance.randrange(len(line) - 1)] ^= 1
            lines[number] = bytes(line)
            damaged += 1
        path.write_bytes(b"".join(lines))
    assert damaged > 5
    one.forget_ledgers()
    one.finish()
    assert one.runs[-1].errors().count("damaged record skipped") == damaged
    lost_with_the_process = one.unkept[0]
    record(one.figures("damaged records", bound=damaged + lost_with_the_process))


def test_foreign_text_in_a_ledger_is_left_alone(trial: Start, record: Record) -> None:
    """A merge conflict, an editor's line end, zeros from a file system that lost its way."""
    one = _half_way(trial)
    foreign = [
        b"\n",
        b"<<<<<<< HEAD\n",
        b"\0" * 512 + b"\n",
        b"\r\n",
        b"deadbeef \n",
        b"00000000\n",
        "ünïcode\n".encode(),
    ]
    for path in one.ledgers():
        lines = path.read_bytes().splitlines(keepends=True)
        for number, text in enumerate(foreign):
            lines.insert(number * 2, text)
        path.write_bytes(b"".join(lines))
    one.forget_ledgers()
    one.finish()
    record(one.figures("damaged records", bound=one.unkept[0]))


def test_a_line_whose_checksum_is_right_and_whose_content_is_none(trial: Start, record: Record) -> None:
    one = _half_way(trial)
    for path in one.ledgers():
        with path.open("ab") as file:
            for text in (b"", b"nospace", b"nothex {}", b"abcd {}", b"00 null"):
                file.write(b"%08x %s\n" % (zlib.crc32(text), text))
    one.forget_ledgers()
    one.finish()
    record(one.figures("damaged records", bound=one.unkept[0]))


def test_lines_that_are_there_twice_change_nothing(trial: Start, record: Record) -> None:
    one = _half_way(trial)
    chance = random.Random(5)
    for path in one.ledgers():
        lines = path.read_bytes().splitlines(keepends=True)
        path.write_bytes(b"".join(lines + chance.sample(lines, len(lines) // 2) + lines))
    one.finish()
    record(one.figures("duplicate delivery", bound=one.unkept[0]))
    again = one.server.answered
    one.finish()
    assert one.server.answered == again


def test_a_cell_that_is_damaged_is_made_again_without_a_question(trial: Start, record: Record) -> None:
    one = trial()
    one.finish()
    asked = one.server.calls.total()
    for number, cell in enumerate(one.world.cells):
        path = one.cell_path(cell)
        if number % 3 == 0:
            path.unlink()
        elif number % 3 == 1:
            path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
        else:
            content = bytearray(path.read_bytes())
            content[len(content) // 2] ^= 4
            path.write_bytes(content)
    one.finish()
    assert one.server.calls.total() == asked
    record(one.figures("damaged cell", bound=0))


def test_a_ledger_without_its_cells_is_enough(trial: Start) -> None:
    one = trial()
    one.finish()
    for cell in one.world.cells:
        one.cell_path(cell).unlink()

    def nobody() -> ScriptedEngine:
        raise AssertionError("asked")

    written = dict(respond(one.lake, TEACHER, one.world.cells, nobody, print))
    assert set(written) == set(one.world.cells)
    assert one.cells() == one.world.expected
