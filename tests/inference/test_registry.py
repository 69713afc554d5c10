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


def test_a_model_id_needs_no_entry_and_its_licence_is_unknown() -> None:
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
