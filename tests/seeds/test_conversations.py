"""WildChat conversations and OASST trees: which turn is the prompt, and which answer belongs to it."""

from typing import Any

import pyarrow.parquet as pq
import pytest

from polyglot_assets.domain.grid import LANGUAGES, Cell
from polyglot_assets.seeds import (
    oasst2,
    wildchat,
)
from polyglot_assets.seeds.acquire import find
from polyglot_assets.settings import Settings


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
            expected = samples["oasst2"][Cell(*target.split("/"))]
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
