"""What each adapter makes of the awkward rows of its source."""

from typing import Any

import pytest

from polyglot_assets.domain.grid import Cell
from polyglot_assets.domain.ids import content_id
from polyglot_assets.seeds import (
    alpaca_filipino,
    aya,
    cendol,
    cidar,
    euroblocks,
    gsm8k,
    helpsteer3,
    magpie_pro,
)


class TestAya:
    def row(self, language: str, **changes: Any) -> dict[str, Any]:
        return {"id": 7, "inputs": "eins", "targets": "zwei", "language": language, **changes}

    @pytest.mark.parametrize(
        ("written", "target", "kept"),
        [
            ("arb", "ar", 1), ("arz", "ar", 0), ("ary", "ar", 0), ("apc", "ar", 0),
            ("fil", "tl", 1), ("tgl", "tl", 1), ("tl", "tl", 1), ("ceb", "tl", 0), ("war", "tl", 0),
            ("ind", "id", 1), ("jav", "id", 0), ("sun", "id", 0), ("zsm", "id", 0),
            ("ces", "cs", 1), ("slk", "cs", 0), ("deu", "de", 1), ("spa", "es", 1), ("jpn", "ja", 1),
        ],
    )  # fmt: skip
    def test_codes_of_three_letters(self, fill_rows, written, target, kept):
        counts = fill_rows(aya.SOURCE, [self.row(written)], f"{target}/respond").counts
        assert counts["kept"] == kept
        assert counts["other_language"] == 1 - kept

    def test_an_empty_target_is_for_respond_only(self, fill_rows):
        row = self.row("deu", targets="")
        assert fill_rows(aya.SOURCE, [row], "de/generate").counts == {"empty_response": 1, "kept": 0}
        assert fill_rows(aya.SOURCE, [row], "de/respond").counts == {"kept": 1}

    def test_windows_line_ends_become_plain(self, fill_rows):
        [seed] = fill_rows(aya.SOURCE, [self.row("deu", inputs="\r\neins\r\nzwei\rdrei\r\n")], "de/respond").rows
        assert seed["prompt"] == "eins\nzwei\ndrei"
        assert seed["prompt_chars"] == 14

    def test_the_id_is_the_datasets_own(self, fill_rows):
        [seed] = fill_rows(aya.SOURCE, [self.row("deu")], "de/respond").rows
        assert seed["source_id"] == "7"

    def test_dialects_and_relatives_in_the_samples_are_not_seeds(self, samples):
        for language, foreign in (("ar", "رمسيس للمعادي"), ("tl", "Sugbo"), ("id", "wedang jahe")):
            prompts = [row["prompt"] for row in samples["aya"][Cell(language, "respond")].rows]
            assert prompts
            assert not [prompt for prompt in prompts if foreign in prompt]


class TestHelpsteer3:
    def row(self, preference: int = -1, *earlier: tuple[str, str], **changes: Any) -> dict[str, Any]:
        context = [{"role": role, "content": text} for role, text in (*earlier, ("user", "eins"))]
        row = {"domain": "multilingual", "language": "german", "context": context}
        return {**row, "response1": "erste", "response2": "zweite", "overall_preference": preference, **changes}

    @pytest.mark.parametrize(("preference", "response"), [(-3, "erste"), (-1, "erste"), (1, "zweite"), (3, "zweite")])
    def test_the_preferred_answer_is_taken(self, fill_rows, preference, response):
        [seed] = fill_rows(helpsteer3.SOURCE, [self.row(preference)], "de/generate").rows
        assert seed["response"] == response
        assert seed["source_id"] == content_id("eins", "erste", "zweite")

    def test_a_tie_is_decided_by_the_texts_alone(self, fill_rows):
        ties = [self.row(0, response1=f"erste {n}", response2=f"zweite {n}") for n in range(40)]
        first = fill_rows(helpsteer3.SOURCE, ties, "de/generate").rows
        again = fill_rows(helpsteer3.SOURCE, ties[::-1], "de/generate").rows
        answers = {row["seed_id"]: row["response"] for row in first}
        assert {row["seed_id"]: row["response"] for row in again} == answers
        of_the_first = sum(answer.startswith("erste") for answer in answers.values())
        assert 8 <= of_the_first <= 32, "a tie prefers neither place"
        for row in first:
            side = "erste" if int(row["source_id"], 16) % 2 == 0 else "zweite"
            assert row["response"].startswith(side)

    def test_several_exchanges_are_no_pair(self, fill_rows):
        row = self.row(2, ("user", "vorher"), ("assistant", "damals"))
        assert fill_rows(helpsteer3.SOURCE, [row], "de/respond").counts == {"multi_turn": 1, "kept": 0}

    def test_a_system_turn_is_passed_over(self, fill_rows):
        [seed] = fill_rows(helpsteer3.SOURCE, [self.row(2, ("system", "Sei höflich."))], "de/generate").rows
        assert (seed["prompt"], seed["response"]) == ("eins", "zweite")

    def test_a_conversation_without_user_is_empty(self, fill_rows):
        row = self.row(context=[{"role": "assistant", "content": "x"}])
        assert fill_rows(helpsteer3.SOURCE, [row], "de/respond").counts == {"empty_prompt": 1, "kept": 0}

    def test_other_domains_are_left_out_although_their_language_matches(self, fill_rows):
        counts = fill_rows(helpsteer3.SOURCE, [self.row(domain="code")], "de/respond").counts
        assert counts == {"other_domain": 1, "kept": 0}

    def test_languages_are_written_in_lower_case(self, fill_rows):
        rows = [self.row(language=language) for language in ("english", "french", "german", "python")]
        assert fill_rows(helpsteer3.SOURCE, rows, "de/respond").counts == {"other_language": 3, "kept": 1}


class TestEuroblocks:
    def row(self, **changes: Any) -> dict[str, Any]:
        turns = [{"from": "human", "value": "eins"}, {"from": "gpt", "value": "zwei"}]
        return {"conversations": turns, "dataset": "instruction-generation", "language": "German", **changes}

    @pytest.mark.parametrize("dataset", ["Magpie", "Magpie-multilingual", "llama-magpie-pro"])
    def test_the_magpie_part_is_left_out(self, fill_rows, dataset):
        assert fill_rows(euroblocks.SOURCE, [self.row(dataset=dataset)], "de/respond").counts == {
            "magpie": 1, "kept": 0
        }  # fmt: skip

    def test_a_row_without_id_is_known_by_its_content(self, fill_rows):
        seeds = fill_rows(euroblocks.SOURCE, [self.row(), self.row(dataset="other")], "de/generate")
        assert seeds.counts == {"duplicate_id": 1, "kept": 1}
        assert seeds.rows[0]["source_id"] == content_id("eins", "zwei")

    def test_only_the_first_exchange_behind_a_system_turn(self, fill_rows):
        turns = [
            {"from": "system", "value": "Sei nett."},
            {"from": "human", "value": "eins"},
            {"from": "gpt", "value": "zwei"},
            {"from": "human", "value": "drei"},
            {"from": "gpt", "value": "vier"},
        ]
        [seed] = fill_rows(euroblocks.SOURCE, [self.row(conversations=turns)], "de/generate").rows
        assert (seed["prompt"], seed["response"]) == ("eins", "zwei")


class TestEnglishSources:
    def test_calculator_marks_and_the_result_sign_are_notation(self, fill_rows):
        answer = "Natalia sold 48/2=<<48/2=24>>24 clips.\r\nThat is 48+24=<<48+24=72>>72.\r\n#### 72"
        [seed] = fill_rows(gsm8k.SOURCE, [{"question": "How many?", "answer": answer}], "de/translate").rows
        assert seed["response"] == "Natalia sold 48/2=24 clips.\nThat is 48+24=72.\n72"
        assert seed["source_id"] == content_id("How many?", answer.replace("\r\n", "\n"))
        assert (seed["language"], seed["seed_language"]) == ("de", "en")

    def test_no_mark_is_left_in_the_samples(self, samples):
        for row in samples["gsm8k"][Cell("de", "translate")].rows:
            assert "<<" not in row["response"]
            assert "####" not in row["response"]

    def test_the_same_problem_twice_is_one_seed(self, samples):
        assert samples["gsm8k"][Cell("de", "translate")].counts == {"duplicate_id": 1, "kept": 21}

    def test_magpie_has_ids_and_may_start_with_a_system_turn(self, fill_rows, samples):
        turns = [
            {"from": "system", "value": "Be kind."},
            {"from": "human", "value": "one"},
            {"from": "gpt", "value": "two"},
        ]
        [seed] = fill_rows(magpie_pro.SOURCE, [{"conversations": turns, "uuid": "u-1"}], "ar/translate").rows
        assert (seed["source_id"], seed["prompt"], seed["response"]) == ("u-1", "one", "two")
        prompts = {row["prompt"] for row in samples["magpie_pro"][Cell("ar", "translate")].rows}
        assert "Is it all right to feed bread to the ducks in the park?" in prompts

    def test_translate_needs_no_answer(self, samples):
        empty = [row for row in samples["magpie_pro"][Cell("es", "translate")].rows if not row["response"]]
        assert [row["prompt"] for row in empty] == [
            "What should I write in a sympathy card to a neighbour whose old dog has died?"
        ]


class TestSingleLanguageSources:
    def test_cidar_has_windows_line_ends(self, fill_rows):
        row = {"instruction": "اكتب\r\nجملة\r\n", "output": "هذه\r\nجملة\r\n", "index": 10030}
        [seed] = fill_rows(cidar.SOURCE, [row], "ar/generate").rows
        assert (seed["source_id"], seed["prompt"], seed["response"]) == ("10030", "اكتب\nجملة", "هذه\nجملة")

    @pytest.mark.parametrize(
        ("given", "prompt"),
        [
            ("nan", "Gawin ito."), ("NaN", "Gawin ito."), (None, "Gawin ito."), ("", "Gawin ito."),
            ("  ", "Gawin ito."), ("mga prutas", "Gawin ito.\n\nmga prutas"), ("nanay", "Gawin ito.\n\nnanay"),
        ],
    )  # fmt: skip
    @pytest.mark.parametrize("name", ["rows.jsonl", "rows.parquet"])
    def test_alpaca_input_may_be_nothing_in_four_ways(self, fill_rows, given, prompt, name):
        row = {"instruction": "Gawin ito.", "input": given, "output": "Heto."}
        [seed] = fill_rows(alpaca_filipino.SOURCE, [row], "tl/generate", name).rows
        assert seed["prompt"] == prompt
        assert seed["source_id"] == content_id(prompt, "Heto.")

    def test_alpaca_input_alone_is_no_prompt(self, fill_rows):
        row = {"instruction": "", "input": "mga prutas", "output": "Heto."}
        assert fill_rows(alpaca_filipino.SOURCE, [row], "tl/respond").counts == {"empty_prompt": 1, "kept": 0}

    def cendol(self, prompt: str, response: str, **changes: Any) -> dict[str, Any]:
        names = {"subset_name": "s", "prompt_id": "p", "dataset_key": "train"}
        return {**names, "input": prompt, "output": response, **changes}

    INDONESIAN = "Jelaskan secara singkat mengapa langit berwarna biru pada siang hari."

    @pytest.mark.parametrize(
        "foreign",
        [
            "Sesuk esuk Ibu arep tindak pasar mundhut sayuran lan iwak.",
            "The sky is blue because air scatters short waves more than long ones.",
        ],
    )
    def test_cendol_rows_in_or_out_of_another_language_are_left_out(self, fill_rows, foreign):
        for row in (self.cendol(self.INDONESIAN, foreign), self.cendol(foreign, self.INDONESIAN)):
            assert fill_rows(cendol.SOURCE, [row], "id/respond").counts == {"not_indonesian": 1, "kept": 0}

    def test_cendol_malay_and_short_answers_are_no_evidence_against_it(self, fill_rows):
        assert fill_rows(cendol.SOURCE, [self.cendol(self.INDONESIAN, "tidak")], "id/respond").counts == {"kept": 1}

    def test_cendol_ids_repeat_so_the_content_is_part_of_the_id(self, fill_rows):
        rows = [self.cendol(self.INDONESIAN, answer) for answer in ("ya", "tidak", "ya")]
        seeds = fill_rows(cendol.SOURCE, rows, "id/respond")
        assert seeds.counts == {"duplicate_id": 1, "kept": 2}
        assert {row["source_id"] for row in seeds.rows} == {
            f"s:p:train:{content_id(self.INDONESIAN, answer)[:8]}" for answer in ("ya", "tidak")
        }

    def test_the_samples_hold_rows_of_other_languages(self, samples):
        assert samples["cendol"][Cell("id", "respond")].counts["not_indonesian"] == 2


def test_half_a_surrogate_pair_becomes_a_mark_that_can_be_stored(fill_rows):
    raw = b'{"question": "a \\ud800 b \\ud83d\\ude00", "answer": "c"}\n'
    [seed] = fill_rows(gsm8k.SOURCE, raw, "de/translate").rows
    assert seed["prompt"] == "a \ufffd b \U0001f600"
