"""What each source's rows are understood as: whole seeds from the samples, and every kind of awkward row.

The whole seeds are written out, ids included: an id that changes makes the lake pay for every answer again.
"""

from typing import Any

import pyarrow.parquet as pq
import pytest

from polyglot_assets.grid import LANGUAGES, Cell
from polyglot_assets.ids import content_id
from polyglot_assets.seeds import (
    alpaca_filipino,
    aya,
    cendol,
    cidar,
    euroblocks,
    gsm8k,
    helpsteer3,
    magpie_pro,
    oasst2,
    wildchat,
)
from polyglot_assets.seeds.acquire import find
from polyglot_assets.seeds.sources import SOURCES
from polyglot_assets.settings import Settings

# source, cell, seed_id, source_id, licence, seed language, prompt, response
GOLDEN = [
    (
        "oasst2", "de/generate", "451742889919e9926c7bc01d71b3c5f3", "04e7b30a-623f-ca96-16cc-b1326b9f994d",
        "apache-2.0", "de",
        "Wie komme ich ohne Auto von Dresden zur Bastei in der Sächsischen Schweiz?",
        ("Fahr mit der S-Bahn S1 bis Kurort Rathen und setz dort mit der Fähre über die Elbe. Vom anderen Ufer führt "
        "ein gut ausgeschilderter Treppenweg in etwa 40 Minuten hinauf zur Basteibrücke."),
    ),
    (
        "aya", "tl/generate", "4e5b6779f82b5b6ab3a5437758c3e579", "7024", "apache-2.0", "tl",
        "Ayusin ang mga salita upang makabuo ng pangungusap: palengke / si / sa / Lita / pumunta",
        "Pumunta si Lita sa palengke.",
    ),
    (
        "wildchat", "cs/respond", "5c75b97c30f02d44fe697ee55145928d", "fb37f9bfdd9831cf8e597419b0a3bab2",
        "odc-by", "cs",
        "Složte čtyřverší o podzimu na Šumavě, ať se to rýmuje.",
        "Nad Šumavou mlha visí,\nles voní jak tenkrát kdysi,\nv potoce se třpytí kámen,\nbuky žhnou jak zlatý plamen.",
    ),
    (
        "helpsteer3", "de/generate", "e42f0ff5bbb80e53fc1dcdfe0b3ebd79", "3fa6e5c6d8f91ccf50e5a52f5b0ccb0c",
        "cc-by-4.0", "de",
        "Denk dir einen Namen für eine kleine Eisdiele in Kiel aus.",
        "„Fördefrost“ – kurz, frisch und mit einem Gruß ans Wasser vor der Tür.",
    ),
    (
        "gsm8k", "ja/translate", "fb4f665fa026842f49885077d9d2e932", "a8ae149b6d6fe58daba1187716a571f1", "mit", "en",
        ("Mrs Pritchard in Cardiff buys 48 daffodil bulbs. She plants half of them in pots and sets the rest in the "
        "lawn in 4 equal rows. How many bulbs are in each row?"),
        "She plants 48/2=24 bulbs in pots.\nThat leaves 48-24=24 bulbs for the lawn.\nEach row has 24/4=6 bulbs.\n6",
    ),
    (
        "cidar", "ar/generate", "06370df3e4356a7c0b70ccb194add933", "10177", "cc-by-nc-4.0", "ar",
        "حوّل الجملة إلى صيغة المبني للمجهول: «فتح الحارسُ بابَ القلعة مساءً».",
        "فُتِحَ بابُ القلعةِ مساءً.",
    ),
    (
        "cendol", "id/generate", "177b7e47603ab5477408a1be0aaffb56", "indo_wiki_qa:iwq-003:train:dc591045",
        "apache-2.0", "id",
        "Jawablah dengan singkat. Selat apa yang memisahkan Pulau Jawa dan Pulau Sumatra?",
        "Selat Sunda",
    ),
    (
        "euroblocks", "de/respond", "1f2730609accb84ef739fbb54a498365", "ced6d7a95d79ef854febae886b3df1ab",
        "unlicensed", "de",
        "Was ist ein Amt? Ich muss morgen zum Bürgeramt.",
        ("Ein Amt ist ein Büro vom Staat oder von der Stadt. Im Bürgeramt meldest du deine neue Adresse an. Nimm "
        "deinen Pass mit. Du brauchst meistens einen Termin."),
    ),
    (
        "magpie_pro", "tl/translate", "a5dafd1d111574e99a1443dba63df351", "b1bf71c8-8332-7e9a-6ef3-74388f322ef3",
        "llama3", "en",
        "Write me a limerick about a lighthouse keeper in Cornwall.",
        ("A keeper of light at the Lizard\nOnce sat out a ten-day-long blizzard;\nHe polished the lamp\nIn the dark "
        "and the damp,\nAnd came out with the beard of a wizard."),
    ),
    (
        "alpaca_filipino", "tl/respond", "96087ed9bca57220f9bfde61ff980f0f", "3150d476e1963ee120384c0bcf31cc35",
        "cc-by-nc-4.0", "tl",
        ("Pangkatin ang mga hayop ayon sa kung sa lupa o sa tubig sila nabubuhay.\n\nkalabaw, bangus, kambing, pusit, "
        "aso"),
        "Sa lupa: kalabaw, kambing, aso.\nSa tubig: bangus, pusit.",
    ),
]  # fmt: skip


def cell_of(text: str) -> Cell:
    return Cell(*text.split("/"))


@pytest.mark.parametrize("golden", GOLDEN, ids=[golden[0] for golden in GOLDEN])
def test_a_whole_seed_of_each_source(golden, samples):
    name, target, seed_id, source_id, license_, seed_language, prompt, response = golden
    source = next(source for source in SOURCES if source.name == name)
    cell = cell_of(target)
    [row] = [dict(row) for row in samples[name][cell].rows if row["source_id"] == source_id]
    assert len(row.pop("prompt_key")) == 32
    assert row.pop("source_revision").startswith("files-")
    assert row == {
        "seed_id": seed_id,
        "source": source.repo,
        "source_id": source_id,
        "license": license_,
        "language": cell.language,
        "strategy": cell.strategy,
        "seed_language": seed_language,
        "prompt": prompt,
        "response": response,
        "toxic": False,
        "redacted": False,
        "prompt_chars": len(prompt),
        "response_chars": len(response),
    }
    assert seed_id == content_id(source.repo, source_id)


def test_every_source_has_a_golden_row():
    assert [golden[0] for golden in GOLDEN] == [source.name for source in SOURCES]


SERVED = {
    "wildchat": LANGUAGES,
    "oasst2": ("ar", "cs", "de", "es", "id", "ja"),
    "aya": LANGUAGES,
    "helpsteer3": ("de", "es", "id", "ja"),
    "euroblocks": ("cs", "de", "es", "ja"),
    "cidar": ("ar",),
    "cendol": ("id",),
    "alpaca_filipino": ("tl",),
    "gsm8k": LANGUAGES,
    "magpie_pro": LANGUAGES,
}


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.name)
def test_the_samples_serve_each_language_a_source_has(source, samples):
    strategies = ("translate",) if source.english else ("generate", "respond")
    for cell, seeds in samples[source.name].items():
        if cell.strategy in strategies and cell.language in SERVED[source.name]:
            assert len(seeds.rows) >= 12, f"{cell} has {len(seeds.rows)} usable rows"
            assert {row["seed_language"] for row in seeds.rows} == {"en" if source.english else cell.language}
        else:
            assert seeds.rows == []


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.name)
def test_no_seed_is_without_a_prompt_or_keeps_foreign_line_ends(source, samples):
    for seeds in samples[source.name].values():
        for row in seeds.rows:
            assert row["prompt"]
            assert row["prompt"] == row["prompt"].strip()
            assert "\r" not in row["prompt"] + row["response"]
            assert row["response"] or row["strategy"] != "generate"


def test_the_lake_keeps_each_sources_licence_and_own_spelling():
    assert {source.repo: source.license for source in SOURCES} == {
        "allenai/WildChat-4.8M": "odc-by",
        "openai/gsm8k": "mit",
        "Magpie-Align/Magpie-Pro-300K-Filtered": "llama3",
        "nvidia/HelpSteer3": "cc-by-4.0",
        "OpenAssistant/oasst2": "apache-2.0",
        "utter-project/EuroBlocks-SFT-Synthetic-1124": "unlicensed",
        "CohereLabs/aya_collection": "apache-2.0",
        "arbml/CIDAR": "cc-by-nc-4.0",
        "indonlp/cendol_collection_v2": "apache-2.0",
        "saillab/alpaca-filipino-cleaned": "cc-by-nc-4.0",
    }


class TestWildchat:
    def row(self, *turns: tuple[str, str], **changes: Any) -> dict[str, Any]:
        spoken = changes.pop("turn_language", "German")
        conversation = [
            {"role": role, "content": content, "language": spoken, "toxic": False, "redacted": False}
            for role, content in turns
        ]
        row = {"conversation_hash": "h", "conversation": conversation, "language": "German"}
        return {**row, "toxic": False, "redacted": False, **changes}

    def test_the_first_exchange_is_the_seed_and_not_a_later_answer(self, fill_rows):
        row = self.row(("user", "eins"), ("assistant", "zwei"), ("user", "drei"), ("assistant", "vier"))
        [seed] = fill_rows(wildchat.SOURCE, [row], "de/generate").rows
        assert (seed["source_id"], seed["prompt"], seed["response"]) == ("h", "eins", "zwei")

    @pytest.mark.parametrize("name", ["rows.jsonl", "rows.parquet"])
    def test_a_system_turn_first_is_passed_over(self, fill_rows, name):
        row = self.row(("system", "Sei nett."), ("user", "eins"), ("assistant", "zwei"))
        [seed] = fill_rows(wildchat.SOURCE, [row], "de/generate", name).rows
        assert (seed["prompt"], seed["response"]) == ("eins", "zwei")

    @pytest.mark.parametrize("turns", [[("user", "eins")], [("user", "eins"), ("assistant", "")]])
    def test_without_an_answer_it_is_still_something_to_respond_to(self, fill_rows, turns):
        row = self.row(*turns)
        assert fill_rows(wildchat.SOURCE, [row], "de/generate").counts == {"empty_response": 1, "kept": 0}
        [seed] = fill_rows(wildchat.SOURCE, [row], "de/respond").rows
        assert (seed["prompt"], seed["response"], seed["response_chars"]) == ("eins", "", 0)

    def test_an_answer_is_not_taken_from_behind_a_second_question(self, fill_rows):
        row = self.row(("user", "eins"), ("user", "noch etwas"), ("assistant", "zwei"))
        [seed] = fill_rows(wildchat.SOURCE, [row], "de/respond").rows
        assert (seed["prompt"], seed["response"]) == ("eins", "")

    @pytest.mark.parametrize("turns", [[], [("user", " \r\n ")], [("assistant", "zwei")]])
    def test_nothing_asked_is_no_seed(self, fill_rows, turns):
        assert fill_rows(wildchat.SOURCE, [self.row(*turns)], "de/respond").counts == {"empty_prompt": 1, "kept": 0}

    @pytest.mark.parametrize("flag", ["toxic", "redacted"])
    @pytest.mark.parametrize("system_first", [False, True])
    @pytest.mark.parametrize("place", ["row", "user turn", "assistant turn"])
    @pytest.mark.parametrize("name", ["rows.jsonl", "rows.parquet"])
    def test_a_flag_on_the_row_or_on_either_turn_counts(self, fill_rows, flag, system_first, place, name):
        turns = [("user", "eins"), ("assistant", "zwei"), ("user", "drei")]
        row = self.row(*([("system", "Sei nett.")] if system_first else []), *turns)
        flagged = {"row": row, "user turn": row["conversation"][-3], "assistant turn": row["conversation"][-2]}[place]
        flagged[flag] = True
        assert fill_rows(wildchat.SOURCE, [row], "de/generate", name).counts == {flag: 1, "kept": 0}
        [seed] = fill_rows(wildchat.SOURCE, [row], "de/generate", name, **{f"keep_{flag}": True}).rows
        assert seed[flag] is True

    def test_a_flag_on_a_later_turn_does_not_count(self, fill_rows):
        row = self.row(("user", "eins"), ("assistant", "zwei"), ("user", "drei"))
        row["conversation"][2]["toxic"] = True
        [seed] = fill_rows(wildchat.SOURCE, [row], "de/generate").rows
        assert seed["toxic"] is False

    def test_a_first_turn_in_another_language_than_its_row_is_left_out(self, fill_rows):
        row = self.row(("user", "one"), ("assistant", "two"), turn_language="English")
        assert fill_rows(wildchat.SOURCE, [row], "de/respond").counts == {"language_conflict": 1, "kept": 0}

    @pytest.mark.parametrize("prompt", ["EnglishTitle: Jaws", "Title: Jaws / KatakanaOfTitle:"])
    def test_title_spam_is_left_out_of_japanese_and_nothing_else(self, fill_rows, prompt):
        japanese = self.row(("user", prompt), ("assistant", "ジョーズ"), language="Japanese", turn_language="Japanese")
        assert fill_rows(wildchat.SOURCE, [japanese], "ja/respond").counts == {"title_spam": 1, "kept": 0}
        german = self.row(("user", prompt), ("assistant", "Der weiße Hai"))
        assert fill_rows(wildchat.SOURCE, [german], "de/respond").counts == {"kept": 1}

    def test_the_same_conversation_twice_is_one_seed(self, fill_rows):
        row = self.row(("user", "eins"), ("assistant", "zwei"))
        assert fill_rows(wildchat.SOURCE, [row, row], "de/respond").counts == {"duplicate_id": 1, "kept": 1}

    def test_the_samples_hold_every_awkward_row(self, samples):
        counts = [samples["wildchat"][Cell(language, "generate")].counts for language in LANGUAGES]
        reasons = set().union(*counts)
        assert reasons == {
            "kept", "empty_response", "toxic", "redacted", "title_spam", "duplicate_id", "other_language"
        }  # fmt: skip


class TestOasst2:
    def message(self, message_id: str, parent: str | None, **changes: Any) -> dict[str, Any]:
        role = "assistant" if parent and parent.startswith("root") else "prompter"
        base = {"message_id": message_id, "parent_id": parent, "text": f"text {message_id}", "role": role}
        flags = {"lang": "de", "review_result": True, "deleted": False, "rank": None}
        return {**base, **flags, **changes}

    def nested(self, messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """The same messages as one JSON object a tree; as in the original export, a root has no parent_id."""
        nodes = {message["message_id"]: {**message, "replies": []} for message in messages}
        trees = []
        for message in messages:
            node = nodes[message["message_id"]]
            if node["parent_id"] is None:
                del node["parent_id"]
                tree = {"message_tree_id": node["message_id"], "tree_state": "ready_for_export", "prompt": node}
                trees.append(tree)
            else:
                nodes[node["parent_id"]]["replies"].append(node)
        return trees

    def pair(self, seeds) -> tuple[str, str]:
        [seed] = seeds.rows
        return seed["source_id"], seed["response"]

    def test_the_best_rank_wins_wherever_it_stands(self, fill_rows):
        rows = [
            self.message("root", None),
            self.message("second", "root", rank=1),
            self.message("best", "root", rank=0),
            self.message("third", "root", rank=2),
        ]
        assert self.pair(fill_rows(oasst2.SOURCE, rows, "de/generate")) == ("root", "text best")
        assert self.pair(fill_rows(oasst2.SOURCE, rows[::-1], "de/generate")) == ("root", "text best")

    def test_of_replies_without_rank_the_same_one_is_taken_in_any_order(self, fill_rows):
        replies = [self.message(name, "root") for name in ("b", "a", "c")]
        for rows in (replies, replies[::-1]):
            seeds = fill_rows(oasst2.SOURCE, [self.message("root", None), *rows], "de/generate")
            assert self.pair(seeds) == ("root", "text a")
        ranked = self.message("z", "root", rank=5)
        seeds = fill_rows(oasst2.SOURCE, [self.message("root", None), *replies, ranked], "de/generate")
        assert self.pair(seeds) == ("root", "text z")

    @pytest.mark.parametrize("fault", [{"deleted": True}, {"review_result": False}])
    def test_a_deleted_or_unreviewed_reply_is_passed_over(self, fill_rows, fault):
        rows = [self.message("root", None), self.message("bad", "root", rank=0, **fault)]
        assert fill_rows(oasst2.SOURCE, rows, "de/generate").counts == {
            "assistant_turn": 1, "empty_response": 1, "kept": 0
        }  # fmt: skip
        assert self.pair(fill_rows(oasst2.SOURCE, rows, "de/respond")) == ("root", "")
        rows.append(self.message("good", "root", rank=7))
        assert self.pair(fill_rows(oasst2.SOURCE, rows, "de/generate")) == ("root", "text good")

    @pytest.mark.parametrize("fault", [{"deleted": True}, {"review_result": False}])
    def test_a_deleted_or_unreviewed_root_is_no_seed(self, fill_rows, fault):
        rows = [self.message("root", None, **fault), self.message("reply", "root", rank=0)]
        counts = fill_rows(oasst2.SOURCE, rows, "de/respond").counts
        assert counts == {"assistant_turn": 1, "deleted_or_unreviewed": 1, "kept": 0}

    def test_a_reply_in_another_language_is_not_an_answer(self, fill_files, write_native):
        rows = [
            self.message("root", None),
            self.message("spanish", "root", lang="es", rank=0),
            self.message("german", "root", rank=1),
        ]
        path = write_native(oasst2.SOURCE, rows)
        assert self.pair(fill_files(oasst2.SOURCE, [path], ["de/generate"])["de/generate"]) == ("root", "text german")
        both = fill_files(oasst2.SOURCE, [path], ["de/generate", "es/generate"])
        assert self.pair(both["de/generate"]) == ("root", "text german")
        assert both["es/generate"].rows == []

    FOREST = (
        ("root-1", None, {}),
        ("reply-1a", "root-1", {"rank": 1}),
        ("reply-1b", "root-1", {"rank": 0}),
        ("follow-1", "reply-1b", {}),
        ("root-1-deep", "follow-1", {"role": "assistant", "rank": 0}),
        ("root-2", None, {"deleted": True}),
        ("reply-2", "root-2", {"rank": 0}),
        ("root-3", None, {"lang": "en"}),
        ("reply-3", "root-3", {"lang": "en", "rank": 0}),
        ("root-4", None, {"lang": "pt-BR"}),
    )

    @pytest.mark.parametrize("name", ["rows.jsonl", "rows.parquet", "2023-11-05_oasst2_ready.trees.jsonl.gz"])
    def test_messages_and_nested_trees_give_the_same(self, fill_rows, name):
        messages = [self.message(message_id, parent, **changes) for message_id, parent, changes in self.FOREST]
        rows = self.nested(messages) if "trees" in name else messages
        seeds = fill_rows(oasst2.SOURCE, rows, "de/generate", name)
        assert self.pair(seeds) == ("root-1", "text reply-1b")
        # three of them are assistant turns in German, one of which answers a follow-up
        assert seeds.counts == {
            "kept": 1, "follow_up": 1, "assistant_turn": 4, "deleted_or_unreviewed": 1, "other_language": 3
        }  # fmt: skip

    def test_the_samples_as_nested_trees_give_the_same_cells(self, fill_files, write_native, samples):
        [parquet] = find(oasst2.SOURCE, Settings()).paths
        path = write_native(oasst2.SOURCE, self.nested(pq.read_table(parquet).to_pylist()), "x.trees.jsonl")
        targets = [f"{language}/{strategy}" for language in LANGUAGES for strategy in ("generate", "respond")]
        for target, seeds in fill_files(oasst2.SOURCE, [path], targets).items():
            expected = samples["oasst2"][cell_of(target)]
            assert seeds.counts == expected.counts
            without = [{**row, "source_revision": "rev"} for row in expected.rows]
            assert sorted(seeds.rows, key=str) == sorted(without, key=str)

    def test_in_the_samples_the_answer_is_a_child_of_the_root(self, samples):
        [tango] = [
            row
            for row in samples["oasst2"][Cell("es", "generate")].rows
            if row["prompt"] == "¿Qué diferencia hay entre el tango y la milonga?"
        ]
        assert tango["response"].startswith("El tango suele ser más lento"), "the best reply is second in the list"
        prompts = {row["prompt"] for row in samples["oasst2"][Cell("es", "respond")].rows}
        assert "¿Cuál es la mejor aplicación para afinar un cuatro venezolano?" not in prompts, "its root is deleted"
        assert "¿Alguien sabe hacer pandebono sin horno?" in prompts, "only its reply is deleted"


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
