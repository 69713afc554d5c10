"""The registry says who can be asked, and names every mistake in a user's own file."""

from pathlib import Path

import pytest

from polyglot_assets.domain.errors import UserError
from polyglot_assets.inference.registry import REGISTRY, enabled, read
from polyglot_assets.settings import Settings


def test_the_papers_ten_teachers_and_the_embedded_one() -> None:
    teachers = read(REGISTRY)
    assert len(teachers) == 11
    assert [name for name, teacher in teachers.items() if teacher.embedded] == ["smollm2-135m"]
    assert {name for name, teacher in teachers.items() if teacher.hosted} == {"gpt-4o-mini", "command-a"}
    gemma = teachers["gemma-3-27b-it"]
    assert (gemma.model, gemma.license) == ("google/gemma-3-27b-it", "gemma")
    assert gemma.sampling == {"temperature": 1.0, "top_p": 0.95, "top_k": 64}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('[x]\nmodel = "a/b"\n', "[x]: missing license"),
        ('[x]\nmodel = "a/b"\nlicense = "mit"\ntemprature = 1\n', "[x] temprature: unknown key"),
        ('[x]\nmodel = 7\nlicense = "mit"\n', "[x] model: expected str, got 7"),
        ('[x]\nmodel = "a/b"\nlicense = "mit"\nsampling = 1\n', "[x] sampling: expected dict"),
        ('[x]\nmodel = "a/b"\nlicense = "mit"\nmax_tokens = true\n', "[x] max_tokens: expected int"),
        ('[x]\nmodel = "a/b"\nlicense = "mit"\ndialect = 1\n', "[x] dialect: expected dict"),
        ('[x]\nmodel = "a/b"\nlicense = "mit"\ndialect = { fold = true }\n', "[x] dialect: fold: unknown key"),
        ('[x]\nmodel = "a/b"\nlicense = "mit"\ndialect = { system = "no" }\n', "system: expected one of keep, fold"),
        ('[x]\nmodel = "a/b"\nlicense = "mit"\ndialect = { json = 1 }\n', "json: expected one of schema, object"),
        ('[x]\nmodel = "a/b"\nlicense = "mit"\ndialect = { drop = "seed" }\n', "drop: expected a list such as"),
        ('[x]\nmodel = "a/b"\nlicense = "mit"\ndialect = { rename = { seed = 1 } }\n', "rename: expected a table"),
        *(
            (f'[x]\nmodel = "a/b"\nlicense = "mit"\n{line}\n', f"[x] {message}")
            for line, message in (
                ("max_tokens = -1", "max_tokens: expected 1 to 2147483647, got -1"),
                ("max_tokens = 9223372036854775807", "max_tokens: expected 1 to 2147483647, got 9223"),
                ("max_model_len = 0", "max_model_len: expected 1 to"),
                ("input_price = -0.5", "input_price: expected no negative number, got -0.5"),
                ('served_as = "\\u200b"', r"served_as: expected a name of visible characters, got '\u200b'"),
                ('lora = "a\\u0000"', r"lora: expected a name of visible characters, got 'a\x00'"),
                ('revision = "\\u200bmain"', r"revision: expected a name of visible characters, got '\u200bmain'"),
                ('sampling = { model = "c/d" }', "sampling: model is written by the project itself"),
                ("sampling = { messages = [] }", "sampling: messages is written by the project itself"),
                ("sampling = { n = 4 }", "sampling: n is written by the project itself"),
                ("sampling = { stream = true }", "sampling: stream is written by the project itself"),
                ('sampling = { "" = 1 }', "sampling: '' is no parameter's name"),
                (
                    "sampling = { max_tokens = 5 }",
                    "sampling: max_tokens is no part of it: the teacher's own max_tokens",
                ),
                ("sampling = { max_completion_tokens = 5 }", "sampling: max_completion_tokens is no part of it"),
                ("sampling = { seed = 5 }", "sampling: seed is written by the project itself"),
                ("sampling = { guided_json = {} }", "sampling: guided_json is written by the project itself"),
                ("sampling = { temprature = 1.0 }", "sampling: temprature: unknown parameter; is temperature meant?"),
                ("sampling = { topP = 1.0 }", "sampling: topP: unknown parameter; is top_p meant?"),
                ("sampling = { temperature = -5 }", "sampling: temperature: expected a number from 0 to 2, got -5"),
                ('sampling = { temperature = "1" }', "sampling: temperature: expected a number from 0 to 2, got '1'"),
                ("sampling = { temperature = true }", "sampling: temperature: expected a number from 0 to 2, got True"),
                (
                    "sampling = { temperature = nan }",
                    "sampling.temperature: expected a text, a truth value or",
                ),
                ("sampling = { top_p = 1.5 }", "sampling: top_p: expected a number above 0, 1 at most, got 1.5"),
                ("sampling = { top_p = 0.0 }", "sampling: top_p: expected a number above 0"),
                ("sampling = { top_k = 2.5 }", "sampling: top_k: expected a whole number from 1, or 0 or -1"),
                ("sampling = { top_k = -2 }", "sampling: top_k: expected a whole number from 1, or 0 or -1"),
                ("sampling = { min_p = 1.1 }", "sampling: min_p: expected a number from 0 to 1"),
                ("sampling = { presence_penalty = 3 }", "sampling: presence_penalty: expected a number from -2 to 2"),
                ("sampling = { frequency_penalty = -3 }", "sampling: frequency_penalty: expected a number from -2"),
                ("sampling = { repetition_penalty = 0 }", "sampling: repetition_penalty: expected a number above 0"),
                ("sampling = { min_tokens = -1 }", "sampling: min_tokens: expected a whole number from 0"),
                ("sampling = { min_tokens = 4000 }", "sampling: min_tokens: expected max_tokens (2048) at most"),
                ("sampling = { stop = 1 }", "sampling: stop: expected a text or a list of texts, none of them empty"),
                ('sampling = { stop = ["x", ""] }', "sampling: stop: expected a text or a list of texts"),
                ('sampling = { stop_token_ids = ["x"] }', "sampling: stop_token_ids: expected a list of whole numbers"),
                ("sampling = { ignore_eos = 1 }", "sampling: ignore_eos: expected true or false, got 1"),
                ("engine = { max_model_len = 9 }", "engine: max_model_len is no part of it: the teacher's own"),
                ("embedded = true", "embedded: the weights in the package are those of HuggingFaceTB/SmolLM2"),
                ('engine = { model = "c/d" }', "engine: model is written by the project itself"),
                ('engine = { "a\\u0000" = 1 }', r"engine: 'a\x00' is no parameter's name"),
                ('dialect = { rename = { messages = "input" } }', "dialect: rename: no request has 'messages'"),
                (
                    'dialect = { rename = { max_token = "x" } }',
                    "dialect: rename: no request has 'max_token'; it may have",
                ),
                ('dialect = { rename = { seed = "" } }', "dialect: rename: expected a table"),
                ('dialect = { rename = { seed = "a\\u0000" } }', r"dialect: rename: 'a\x00' is no parameter's name"),
                ('dialect = { rename = { seed = "model" } }', "dialect: rename: seed cannot be called model"),
                ('dialect = { rename = { seed = "max_tokens" } }', "dialect: rename: seed cannot be called max_tokens"),
                (
                    'dialect = { drop = ["topk"] }',
                    "dialect: drop: no request has 'topk'; it may have max_tokens, seed, ",
                ),
                ('dialect = { drop = ["messages"] }', "dialect: drop: no request has 'messages'"),
            )
        ),
        ('[x]\nmodel = ""\nlicense = "mit"\n', "[x] model: expected a name of visible characters, got ''"),
        (
            '[x]\nmodel = "a\\u0000b"\nlicense = "mit"\n',
            r"[x] model: expected a name of visible characters, got 'a\x00b'",
        ),
        ('[x]\nmodel = "a/b"\nlicense = " "\n', "[x] license: expected a name of visible characters, got ' '"),
        ('["X Y"]\nmodel = "a/b"\nlicense = "mit"\n', "a teacher's name is made of"),
        ("x = 1\n", "expected a table"),
        ("[x\n", "teachers.toml"),
    ],
)
def test_a_mistake_in_a_registry_is_named(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "teachers.toml"
    path.write_text(text)
    with pytest.raises(UserError) as error:
        read(path)
    assert message in str(error.value)
    assert str(path) in str(error.value)


def test_a_users_own_teacher_is_one_entry_and_one_variable(tmp_path: Path) -> None:
    path = tmp_path / "teachers.toml"
    path.write_text('[mine]\nmodel = "org/mine"\nlicense = "mit"\nsampling = { temperature = 0.1 }\n')
    (teacher,) = enabled(Settings(teacher_registry=path, teachers=("mine",)))
    assert (teacher.name, teacher.model, teacher.sampling) == ("mine", "org/mine", {"temperature": 0.1})


def test_what_a_server_wants_otherwise_may_be_named_beside_unusual_parameters(tmp_path: Path) -> None:
    path = tmp_path / "teachers.toml"
    path.write_text(
        '[mine]\nmodel = "org/mine"\nlicense = "mit"\n'
        'sampling = { temperature = 0.1, reasoning_effort = "low", stop = ["x"] }\n[mine.dialect]\n'
        'rename = { max_tokens = "max_completion_tokens", reasoning_effort = "effort" }\ndrop = ["top_k"]\n'
    )
    assert read(path)["mine"].sampling["reasoning_effort"] == "low"


@pytest.mark.parametrize(
    "sampling",
    [
        "top_k = -1, top_p = 1, min_p = 0, temperature = 0, stop = []",
        "top_k = 0, temperature = 2.0, presence_penalty = -2, frequency_penalty = 2.0, repetition_penalty = 0.1",
        'stop = "x", stop_token_ids = [0], min_tokens = 2048, ignore_eos = false, bad_words = ["x"]',
        "top_a = 0.1, repeat_penalty = 1.1, mirostat = 2, logit_bias = { 5 = -1 }, extra = { think = false }",
    ],
)
def test_every_value_that_can_be_asked_for_is_taken(tmp_path: Path, sampling: str) -> None:
    path = tmp_path / "teachers.toml"
    path.write_text(f'[mine]\nmodel = "org/mine"\nlicense = "mit"\nsampling = {{ {sampling} }}\n')
    assert len(read(path)["mine"].sampling) > 3


def test_a_budget_that_leaves_no_room_for_a_prompt_is_said_where_the_model_runs_here(tmp_path: Path) -> None:
    path = tmp_path / "teachers.toml"
    path.write_text('[mine]\nmodel = "org/mine"\nlicense = "mit"\nmax_tokens = 9000\n')
    with pytest.raises(UserError, match=r"mine: max_tokens \(9000\) leaves no room for a prompt within max_model_len"):
        enabled(Settings(teacher_registry=path, teachers=("mine",)))
    served = Settings(teacher_registry=path, teachers=("mine",), teacher_url=("http://127.0.0.1:8000/v1",))
    assert enabled(served)[0].max_tokens == 9000


def test_a_model_id_needs_no_entry_and_its_license_is_unknown() -> None:
    (teacher,) = enabled(Settings(teachers=("Org/Some-Model_7B",)))
    assert (teacher.name, teacher.model, teacher.license) == ("some-model_7b", "Org/Some-Model_7B", "unknown")


@pytest.mark.parametrize(
    ("teachers", "message"),
    [
        (("nobody",), "unknown teacher 'nobody'"),
        (("gpt-4o-mini",), "set POLYGLOT_TEACHER_URL"),
        ((), "enables no teacher"),
        (("/",), "'/' is no model id"),
        (("org/mo\u200bdel",), r"'org/mo\\u200bdel' is no model id"),
        (("a/model", "b/model"), "two teachers would both be called model"),
    ],
)
def test_what_cannot_be_enabled_is_said(teachers: tuple[str, ...], message: str) -> None:
    with pytest.raises(UserError, match=message):
        enabled(Settings(teachers=teachers))


def test_a_hosted_teacher_is_enabled_with_a_server() -> None:
    url = ("http://127.0.0.1:8000/v1",)
    assert enabled(Settings(teachers=("gpt-4o-mini",), teacher_url=url))[0].model == "gpt-4o-mini-2024-07-18"
