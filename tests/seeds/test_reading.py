"""Reading native files: every damage is one line that names file and row, and skipped rows are counted."""

import gzip
import json
import re

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from seeds.conftest import write_rows

from polyglot_assets.domain.errors import UserError
from polyglot_assets.seeds import aya, cidar, euroblocks, gsm8k, helpsteer3, magpie_pro, oasst2, wildchat
from polyglot_assets.seeds.reading import Reader
from polyglot_assets.text.languages import to_code

GOOD = {"question": "How many?", "answer": "#### 5"}


def line(**changes) -> bytes:
    return json.dumps({**GOOD, **changes}).encode() + b"\n"


def only_line(error: pytest.ExceptionInfo[UserError]) -> str:
    message = str(error.value)
    assert message
    assert "\n" not in message
    return message


class TestJsonLines:
    def fill(self, fill_rows, raw, name="train.jsonl"):
        return fill_rows(gsm8k.SOURCE, raw, "de/translate", name)

    @pytest.mark.parametrize("name", ["train.jsonl", "train.json", "train.jsonl.gz", "train.json.gz"])
    def test_plain_and_gzipped(self, fill_rows, name):
        raw = line() + line(question="And now?")
        seeds = self.fill(fill_rows, gzip.compress(raw) if name.endswith("gz") else raw, name)
        assert {row["prompt"] for row in seeds.rows} == {"How many?", "And now?"}

    def test_empty_lines_and_a_missing_last_line_end_are_fine(self, fill_rows):
        raw = b"\n" + line() + b"  \r\n\n" + line(question="And now?").rstrip()
        assert self.fill(fill_rows, raw).counts == {"kept": 2}

    def test_windows_line_ends_and_a_byte_order_mark_are_fine(self, fill_rows):
        raw = b"\xef\xbb\xbf" + line().replace(b"\n", b"\r\n")
        assert self.fill(fill_rows, raw).counts == {"kept": 1}

    def test_an_empty_file_has_no_rows(self, fill_rows):
        assert self.fill(fill_rows, b"").counts == {"kept": 0}

    def test_broken_json_names_file_line_and_character(self, fill_rows):
        raw = line() + b"\n" + b'{"question": "a" "b"}\n'
        with pytest.raises(UserError) as error:
            self.fill(fill_rows, raw)
        assert re.search(r"openai__gsm8k/train\.jsonl, line 3: broken JSON \(.*character 18\)$", only_line(error))

    @pytest.mark.parametrize(("value", "kind"), [("[]", "list"), ("5", "int"), ("null", "NoneType"), ('"x"', "str")])
    def test_a_line_that_is_no_object(self, fill_rows, value, kind):
        with pytest.raises(UserError) as error:
            self.fill(fill_rows, line() + value.encode())
        assert only_line(error).endswith(f"train.jsonl, line 2: expected an object, got {kind}")

    def test_a_missing_field(self, fill_rows):
        with pytest.raises(UserError) as error:
            self.fill(fill_rows, line() + b'{"question": "a"}\n')
        assert only_line(error).endswith("train.jsonl, line 2: field 'answer' is missing")

    def test_text_that_is_not_utf8(self, fill_rows):
        with pytest.raises(UserError) as error:
            self.fill(fill_rows, line() + '{"question": "Wieviel für Käse?"}\n'.encode("latin-1"))
        assert only_line(error).endswith("train.jsonl, line 2: not UTF-8")

    def test_a_truncated_gzip(self, fill_rows):
        raw = gzip.compress(b"".join(line(question=f"How many are {n}?") for n in range(500)))
        with pytest.raises(UserError) as error:
            self.fill(fill_rows, raw[: len(raw) // 2], "train.jsonl.gz")
        assert re.search(r"train\.jsonl\.gz, after line \d+: cannot be read \(Compressed file ended", only_line(error))

    def test_a_gzip_with_a_damaged_middle(self, fill_rows):
        raw = bytearray(gzip.compress(b"".join(line(question=f"How many are {n}?") for n in range(500))))
        raw[200:400] = bytes(200)
        with pytest.raises(UserError) as error:
            self.fill(fill_rows, bytes(raw), "train.jsonl.gz")
        assert "train.jsonl.gz, after line " in only_line(error)

    def test_a_gz_that_is_none(self, fill_rows):
        with pytest.raises(UserError) as error:
            self.fill(fill_rows, line(), "train.jsonl.gz")
        assert only_line(error).endswith("train.jsonl.gz, after line 0: cannot be read (Not a gzipped file (b'{\"'))")

    def test_a_file_that_vanished(self, fill_files, tmp_path):
        for name in ("gone.jsonl", "gone.jsonl.gz", "gone.parquet"):
            with pytest.raises(UserError, match=re.escape(name)) as error:
                fill_files(gsm8k.SOURCE, [tmp_path / name], ["de/translate"])
            only_line(error)


CONTEXT = [{"role": "user", "content": "eins"}]
HELPSTEER = {"domain": "multilingual", "language": "german", "context": CONTEXT, "response1": "a", "response2": "b"}
WILDCHAT = {"conversation_hash": "h", "conversation": CONTEXT, "language": "German", "toxic": False, "redacted": False}
AYA = {"id": 1, "inputs": "eins", "targets": "zwei", "language": "deu"}
MESSAGE = {"message_id": "1", "parent_id": None, "text": "eins", "role": "prompter", "lang": "de"}
TREE = {"message_tree_id": "1", "prompt": MESSAGE}
WRONG_FIELDS = [
    (gsm8k, {**GOOD, "question": 5}, "field 'question': expected str, got int"),
    (aya, {**AYA, "id": None}, "field 'id': expected int or str, got NoneType"),
    (aya, {**AYA, "id": True}, "field 'id': expected int or str, got bool"),
    (aya, {**AYA, "id": " "}, "field 'id' is empty"),
    (aya, {**AYA, "language": 5}, "field 'language': expected str, got int"),
    (cidar, {"instruction": "a", "output": "b", "index": 1.5}, "field 'index': expected int or str, got float"),
    (euroblocks, {"conversations": "x", "dataset": "d", "language": "German"}, "field 'conversations': expected list"),
    (magpie_pro, {"conversations": ["x"], "uuid": "u"}, "turn 0: expected an object, got str"),
    (magpie_pro, {"conversations": [{"from": "human", "value": "x"}, 5], "uuid": "u"}, "turn 1: expected an object"),
    (magpie_pro, {"conversations": [{"from": "human"}], "uuid": "u"}, "field 'value' is missing"),
    (magpie_pro, {"conversations": [], "uuid": None}, "field 'uuid': expected int or str, got NoneType"),
    (wildchat, {**WILDCHAT, "conversation_hash": ""}, "field 'conversation_hash' is empty"),
    (wildchat, {**WILDCHAT, "toxic": "no"}, "field 'toxic': expected bool, got str"),
    (wildchat, {**WILDCHAT, "conversation": [{**CONTEXT[0], "redacted": 1}]}, "field 'redacted': expected bool"),
    (wildchat, {**WILDCHAT, "conversation": [{**CONTEXT[0], "language": 1}]}, "field 'language': expected str"),
    (helpsteer3, {**HELPSTEER, "overall_preference": "1"}, "field 'overall_preference': expected int, got str"),
    (helpsteer3, {**HELPSTEER, "overall_preference": None}, "field 'overall_preference': expected int, got NoneType"),
    (helpsteer3, {**HELPSTEER, "overall_preference": True}, "field 'overall_preference': expected int, got bool"),
    (helpsteer3, {**HELPSTEER, "overall_preference": 4}, "field 'overall_preference': expected -3 to 3, got 4"),
    (oasst2, {**MESSAGE, "message_id": None}, "field 'message_id': expected int or str, got NoneType"),
    (oasst2, {**MESSAGE, "deleted": "no"}, "field 'deleted': expected bool, got str"),
    (oasst2, {**MESSAGE, "parent_id": "0", "rank": "first"}, "field 'rank': expected int, got str"),
    (oasst2, {**TREE, "prompt": "x"}, "field 'prompt': expected dict, got str"),
    (oasst2, {**TREE, "prompt": {**MESSAGE, "replies": ["x"]}}, "field 'replies': expected objects, got str"),
    (oasst2, {**TREE, "prompt": {**MESSAGE, "replies": [{"text": "x"}]}}, "field 'lang' is missing"),
]


@pytest.mark.parametrize(
    ("module", "row", "problem"), WRONG_FIELDS, ids=[f"{m.SOURCE.name}-{problem}" for m, _, problem in WRONG_FIELDS]
)
def test_a_field_that_cannot_be_used_names_file_line_and_field(fill_rows, module, row, problem):
    target = "de/translate" if module.SOURCE.english else "ar/respond" if module is cidar else "de/respond"
    with pytest.raises(UserError) as error:
        fill_rows(module.SOURCE, b"\n" + json.dumps(row).encode(), target)
    message = only_line(error)
    assert f"{module.SOURCE.folder}/rows.jsonl, line 2: " in message
    assert problem in message


class TestParquet:
    def write(self, write_native, rows, source=gsm8k.SOURCE):
        return write_native(source, rows, "train.parquet")

    def test_a_missing_column_names_it_and_what_there_is(self, fill_rows):
        with pytest.raises(UserError) as error:
            fill_rows(gsm8k.SOURCE, [{"question": "a", "solution": "b"}], "de/translate", "train.parquet")
        assert only_line(error).endswith("train.parquet: column 'answer' is missing; found question, solution")

    def test_a_wrong_type_names_the_row(self, fill_rows):
        with pytest.raises(UserError) as error:
            fill_rows(gsm8k.SOURCE, [{"question": 5, "answer": "b"}], "de/translate", "train.parquet")
        assert only_line(error).endswith("train.parquet, row 1: field 'question': expected str, got int")

    def test_the_row_number_counts_the_rows_of_the_file_and_not_of_the_wanted_language(self, fill_rows):
        rows = [{**AYA, "id": "1", "language": "fra"}, {**AYA, "id": "2"}, {**AYA, "id": " "}]
        with pytest.raises(UserError) as error:
            fill_rows(aya.SOURCE, rows, "de/respond", "train.parquet")
        assert only_line(error).endswith("train.parquet, row 3: field 'id' is empty")

    @pytest.mark.parametrize(
        ("module", "row"),
        [
            (wildchat, {**WILDCHAT, "conversation": "not a list"}),
            (wildchat, {**WILDCHAT, "conversation": ["not a turn"]}),
            (wildchat, {**WILDCHAT, "conversation": [{"role": "user", "content": "x"}]}),
            (aya, {**AYA, "language": 5}),
        ],
        ids=["text for list", "text for turn", "struct without flags", "number for language"],
    )
    def test_a_wrong_shape_is_one_line_too(self, fill_rows, module, row):
        with pytest.raises(UserError) as error:
            fill_rows(module.SOURCE, [row], "de/respond", "train.parquet")
        assert re.search(r"train\.parquet(, row 1)?: (field|column) '", only_line(error))

    @pytest.mark.parametrize("raw", [b"", b"PAR1", b"question,answer\na,b\n"])
    def test_a_file_that_is_no_parquet(self, fill_rows, raw):
        with pytest.raises(UserError) as error:
            fill_rows(gsm8k.SOURCE, raw, "de/translate", "train.parquet")
        assert "train.parquet: not a readable Parquet file (" in only_line(error)

    def test_damaged_pages_behind_an_intact_footer(self, fill_rows, write_native):
        rows = [{"question": f"How many are {n}?" * 20, "answer": f"#### {n}"} for n in range(3000)]
        path = self.write(write_native, rows)
        raw = bytearray(path.read_bytes())
        raw[500:900] = b"\xff" * 400
        with pytest.raises(UserError) as error:
            fill_rows(gsm8k.SOURCE, bytes(raw), "de/translate", "train.parquet")
        assert "train.parquet: cannot be read (" in only_line(error)

    def test_a_parquet_file_without_rows(self, fill_files, tmp_path):
        path = tmp_path / "train.parquet"
        pq.write_table(pa.table({"question": pa.array([], pa.string()), "answer": pa.array([], pa.string())}), path)
        assert fill_files(gsm8k.SOURCE, [path], ["de/translate"])["de/translate"].counts == {"kept": 0}

    def test_more_rows_than_one_batch_in_several_row_groups(self, fill_files, tmp_path):
        path = tmp_path / "train.parquet"
        table = pa.table({"question": [f"How many are {n}?" for n in range(5000)], "answer": ["5"] * 5000})
        pq.write_table(table, path, row_group_size=1500)
        seeds = fill_files(gsm8k.SOURCE, [path], ["de/translate"])["de/translate"]
        assert seeds.counts == {"kept": 5000}
        assert len({row["prompt"] for row in seeds.rows}) == 5000

    @pytest.mark.parametrize("name", ["train.parquet", "train.jsonl"])
    @pytest.mark.parametrize(
        "folder", ["o'brien", "data [old]", "what*", "wh?t", "language=all", "id=7", "inputs=x/targets=y", "id=7%20"]
    )
    def test_the_names_of_folders_mean_nothing(self, fill_files, tmp_path, folder, name):
        for place, text in ((folder, "Was ist Salz?"), ("whatever", "Was ist Brot?"), ("what", "Was ist Mehl?")):
            write_rows(tmp_path / place / name, [{**AYA, "inputs": text}, {**AYA, "id": 2, "inputs": text}])
        seeds = fill_files(aya.SOURCE, [tmp_path / folder / name], ["de/respond"])["de/respond"]
        assert seeds.counts == {"kept": 2}
        assert {(row["source_id"], row["prompt"]) for row in seeds.rows} == {
            ("1", "Was ist Salz?"),
            ("2", "Was ist Salz?"),
        }

    @pytest.mark.parametrize("name", ["train.parquet", "train.jsonl"])
    def test_names_that_differ_in_case_are_different_columns(self, fill_rows, name):
        row = {"Question": "wrong", "QUESTION": "wrong", **GOOD, "Answer": "wrong"}
        [seed] = fill_rows(gsm8k.SOURCE, [row], "de/translate", name).rows
        assert seed["prompt"] == "How many?"
        with pytest.raises(UserError, match=r"(column|field) 'question' is missing"):
            fill_rows(gsm8k.SOURCE, [{"Question": "How many?", "answer": "5"}], "de/translate", name)

    def test_fields_of_turns_that_differ_in_case_are_different_fields(self, fill_rows):
        turn = {"Role": "system", "Content": "wrong", "role": "user", "content": "eins", "language": "German"}
        row = {**WILDCHAT, "conversation": [{**turn, "toxic": False, "redacted": False, "TOXIC": True}]}
        [seed] = fill_rows(wildchat.SOURCE, [row], "de/respond", "train.parquet").rows
        assert (seed["prompt"], seed["toxic"]) == ("eins", False)

    def test_a_column_called_as_dotted_paths_are(self, fill_rows):
        rows = [{**GOOD, "question.text": "wrong", "file_row_number": 7}]
        [seed] = fill_rows(gsm8k.SOURCE, rows, "de/translate", "train.parquet").rows
        assert seed["prompt"] == "How many?"


class TestListsOfRows:
    @pytest.mark.parametrize("indent", [None, 1])
    @pytest.mark.parametrize("name", ["train.json", "train.jsonl", "train.json.gz"])
    @pytest.mark.parametrize("before", [b"", b"\xef\xbb\xbf", b"\n \n"])
    def test_a_json_list_is_read_as_its_entries(self, fill_rows, name, indent, before):
        raw = before + json.dumps([GOOD, {**GOOD, "question": "And now?"}], indent=indent).encode()
        seeds = fill_rows(gsm8k.SOURCE, gzip.compress(raw) if name.endswith("gz") else raw, "de/translate", name)
        assert {row["prompt"] for row in seeds.rows} == {"How many?", "And now?"}

    @pytest.mark.parametrize("name", ["train.json", "train.jsonl"])
    @pytest.mark.parametrize(
        ("raw", "problem"),
        [
            (
                json.dumps({"version": 1, "data": [GOOD]}),
                "the list below 'data'; expected one row a line, or a list of all, each with question, answer",
            ),
            (json.dumps({"data": [GOOD]}, indent=2), "; expected one object a line, or one list of all"),
            (json.dumps(GOOD, indent=2), "; expected one object a line, or one list of all"),
            ('{"question": "a",\n"answer": "b"}', "; expected one object a line, or one list of all"),
        ],
    )
    def test_other_shapes_of_a_file_are_told_what_is_expected(self, fill_rows, name, raw, problem):
        with pytest.raises(UserError) as error:
            fill_rows(gsm8k.SOURCE, raw.encode(), "de/translate", name)
        assert name in only_line(error)
        assert only_line(error).endswith(problem)

    def test_what_is_wrong_in_it_is_named_by_row_or_line(self, fill_rows):
        for rows, problem in (
            (json.dumps([GOOD, {"question": "a"}]), "train.json, row 2: field 'answer' is missing"),
            (json.dumps([GOOD, 5]), "train.json, row 2: expected an object, got int"),
            (
                json.dumps([GOOD, GOOD], indent=1)[:-3],
                "train.json, line 9: broken JSON (Expecting ',' delimiter at character 2)",
            ),
            ('[{"a":\n' + "9" * 5000 + "}]", "train.json, line 2: a number has too many digits"),
            ("[" * 100_000, "train.json: the JSON is nested too deeply"),
        ):
            with pytest.raises(UserError) as error:
                fill_rows(gsm8k.SOURCE, rows.encode(), "de/translate", "train.json")
            assert only_line(error).endswith(problem)


class TestNumbers:
    @pytest.mark.parametrize("name", ["train.parquet", "train.jsonl"])
    @pytest.mark.parametrize(("given", "source_id"), [(7.0, "7"), (-0.0, "0"), (7, "7"), (2.0**53 - 1, str(2**53 - 1))])
    def test_a_whole_number_may_be_written_with_a_point(self, fill_rows, name, given, source_id):
        [seed] = fill_rows(aya.SOURCE, [{**AYA, "id": given}], "de/respond", name).rows
        assert seed["source_id"] == source_id

    @pytest.mark.parametrize("given", [7.5, 2.0**53, float("inf"), float("nan")])
    def test_other_floating_point_numbers_are_no_id(self, fill_rows, given):
        with pytest.raises(UserError, match="field 'id': expected int or str, got float"):
            fill_rows(aya.SOURCE, [{**AYA, "id": given}], "de/respond", "train.parquet")

    @pytest.mark.parametrize("name", ["train.parquet", "train.jsonl"])
    def test_ranks_as_pandas_writes_them_beside_nulls(self, fill_rows, name):
        root = {**MESSAGE, "review_result": True, "deleted": False}
        replies = [
            {**root, "message_id": f"r{rank}", "parent_id": "1", "role": "assistant", "rank": rank, "text": f"{rank}"}
            for rank in (2.0, 0.0, 1.0)
        ]
        rows = [{**root, "rank": float("nan")}, *replies]
        [seed] = fill_rows(oasst2.SOURCE, rows, "de/generate", name).rows
        assert seed["response"] == "0.0"

    def test_a_number_that_python_refuses_names_file_and_line(self, fill_rows):
        raw = line() + b'{"question": "a", "answer": ' + b"9" * 5000 + b"}\n"
        for name, content in (("train.jsonl", raw), ("train.jsonl.gz", gzip.compress(raw))):
            with pytest.raises(UserError) as error:
                fill_rows(gsm8k.SOURCE, content, "de/translate", name)
            assert only_line(error).endswith(f"{name}, line 2: a number has too many digits")

    def test_nesting_that_python_refuses_too(self, fill_rows):
        raw = line() + b'{"question": "a", "answer": ' + b"[" * 200_000 + b"]" * 200_000 + b"}\n"
        with pytest.raises(UserError) as error:
            fill_rows(gsm8k.SOURCE, raw, "de/translate", "train.jsonl")
        assert only_line(error).endswith("train.jsonl, line 2: the JSON is nested too deeply")


class TestLanguageFilter:
    LANGUAGES = ("deu", "fra", None, "deu", "it's none", "", "arb", "arz", "tgl")

    def reader(self, path, *targets):
        return Reader(aya.SOURCE, (path,), wanted=lambda value: to_code(value) in targets)

    @pytest.fixture(params=["train.parquet", "train.jsonl"])
    def path(self, request, write_native):
        rows = [{**AYA, "id": n, "language": language} for n, language in enumerate(self.LANGUAGES)]
        return write_native(aya.SOURCE, rows, request.param)

    def test_only_wanted_rows_come_through(self, path):
        # JSON leaves a null language to the adapter, which has nowhere to put it
        read = [row["language"] for _, row in self.reader(path, "de", "ar").rows()]
        assert [language for language in read if language is not None] == ["deu", "deu", "arb"]

    def test_read_and_skipped_rows_add_up(self, path):
        reader = self.reader(path, "de")
        assert len(list(reader.rows())) + reader.skipped == len(self.LANGUAGES)

    def test_nothing_is_filtered_where_everything_is_wanted(self, path):
        reader = Reader(aya.SOURCE, (path,), wanted=lambda _value: True)
        assert len(list(reader.rows())) == len(self.LANGUAGES)
        assert reader.skipped == 0

    def test_nothing_comes_through_where_nothing_is_wanted(self, path):
        assert not [row for _, row in self.reader(path, "ja").rows() if row["language"] is not None]

    @pytest.mark.parametrize("name", ["null.parquet", "null.jsonl"])
    def test_no_language_at_all(self, write_native, fill_files, name):
        path = write_native(aya.SOURCE, [AYA, {**AYA, "id": 2, "language": None}], name)
        seeds = fill_files(aya.SOURCE, [path], ["de/respond"])["de/respond"]
        assert seeds.counts == {"kept": 1, "other_language": 1}

    def test_the_cell_counts_them_all_as_other_languages(self, path, fill_files):
        seeds = fill_files(aya.SOURCE, [path], ["de/respond"])["de/respond"]
        assert seeds.counts == {"kept": 2, "other_language": len(self.LANGUAGES) - 2}

    def test_the_place_of_a_row_is_its_place_in_the_file(self, path):
        places = [where for where, row in self.reader(path, "ar").rows() if row["language"] == "arb"]
        [place] = places
        assert place.endswith(("train.parquet, row 7", "train.jsonl, line 7"))


def test_a_long_conversation_is_cut_while_reading(fill_files, write_native):
    turn = {"content": "x", "language": "German", "toxic": False, "redacted": False, "header": "much else"}
    turns = [{**turn, "role": role} for _ in range(200) for role in ("user", "assistant")]
    path = write_native(wildchat.SOURCE, [{**WILDCHAT, "conversation": turns}], "train.parquet")
    [(_, row)] = Reader(wildchat.SOURCE, (path,), wanted=lambda _value: True).rows()
    assert len(row["conversation"]) == 3
    assert set(row["conversation"][0]) == {"role", "content", "language", "toxic", "redacted"}
    assert fill_files(wildchat.SOURCE, [path], ["de/generate"])["de/generate"].counts == {"kept": 1}
