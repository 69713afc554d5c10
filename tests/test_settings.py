"""Settings: what the environment says is what counts, and a mistake in it is one line that names the variable."""

import re
from pathlib import Path

import pytest
from pydantic import ValidationError

from polyglot_assets.domain.errors import UserError
from polyglot_assets.domain.grid import LANGUAGES
from polyglot_assets.settings import Settings, bundled, dagster_home, describe, load, places

VARIABLES = {f"POLYGLOT_{name.upper()}" for name in Settings.model_fields}


class TestDefaults:
    def test_without_any_variable(self, monkeypatch):
        monkeypatch.delenv("POLYGLOT_LAKE")
        monkeypatch.delenv("POLYGLOT_CACHE", raising=False)
        settings = load()
        assert settings.lake == Path(__file__).parents[1] / "data" / "lake"
        assert settings.cache == Path.home() / ".cache" / "polyglot-assets"
        assert settings.seeds == "samples"
        assert settings.languages == LANGUAGES
        assert settings.teachers == ("smollm2-135m",)
        assert settings.teacher_url == ()
        assert not settings.keep_toxic
        assert not settings.keep_redacted

    def test_the_lake_of_a_checkout_does_not_depend_on_the_working_directory(self, monkeypatch, tmp_path):
        monkeypatch.delenv("POLYGLOT_LAKE")
        before = load().lake
        monkeypatch.chdir(tmp_path)
        assert load().lake == before

    def test_an_installed_package_uses_the_working_directory(self, monkeypatch, tmp_path):
        monkeypatch.delenv("POLYGLOT_LAKE")
        monkeypatch.setattr(places, "CHECKOUT", tmp_path / "site-packages")
        monkeypatch.chdir(tmp_path)
        assert load().lake == tmp_path / "data" / "lake"

    def test_bundled_folders_are_where_the_checkout_has_them_else_in_the_package(self, monkeypatch, tmp_path):
        checkout = Path(__file__).parents[1]
        assert bundled("samples") == checkout / "data" / "samples"
        assert bundled("dbt_like_sql") == checkout / "dbt_like_sql"
        monkeypatch.setattr(places, "CHECKOUT", tmp_path)
        assert bundled("samples") == checkout / "polyglot_assets" / "_bundled" / "samples"


class TestEnvironment:
    @pytest.mark.parametrize(
        ("variable", "text", "value"),
        [
            ("LANGUAGES", "de,cs", ("de", "cs")),
            ("LANGUAGES", " de , cs ,", ("de", "cs")),
            ("LANGUAGES", "en", ("en",)),
            ("LANGUAGES", "arz,jv", ("arz", "jv")),
            ("ROWS_PER_CELL", "40", 40),
            ("SEEDS_PER_CELL", "1", 1),
            ("SEED_CHARS", "500", 500),
            ("TEACHERS", "a/b,c", ("a/b", "c")),
            ("TEACHER_URL", "http://a/v1, http://b/v1", ("http://a/v1", "http://b/v1")),
            ("TEACHER_URL", "", ()),
            ("KEEP_TOXIC", "true", True),
            ("KEEP_REDACTED", "0", False),
            ("SEEDS", "hub", "hub"),
            ("GATES", "none", ()),
            ("GATES", "refusal, language", ("refusal", "language")),
            ("GATES", "language,refusal", ("refusal", "language")),
            ("GATE_FOREIGN_SHARE", "0.5", 0.5),
            ("GATE_PERSONAL_KINDS", "card", ("card",)),
            ("CACHE", "/srv/x", Path("/srv/x")),
        ],
    )  # fmt: skip
    def test_values(self, monkeypatch, variable, text, value):
        monkeypatch.setenv(f"POLYGLOT_{variable}", text)
        assert getattr(load(), variable.lower()) == value

    @pytest.mark.parametrize(
        "url",
        [
            "http://user:hunter2@host/v1",
            "http://a/v1,https://hunter2@b/v1",
            "http://user:hun,ter2@host/v1",
            "https://host/v1?api-key=hunter2",
            "https://host/v1#hunter2",
            "http://user:hunter2%40x@[::1]:80/v1",
        ],
    )
    def test_a_password_in_a_url_is_refused_without_repeating_it(self, monkeypatch, url):
        monkeypatch.setenv("POLYGLOT_TEACHER_URL", url)
        with pytest.raises(UserError, match=r"^POLYGLOT_TEACHER_URL: .* POLYGLOT_TEACHER_API_KEY") as caught:
            load()
        assert "ter2" not in str(caught.value)

    @pytest.mark.parametrize("name", ["lake", "cache"])
    def test_folders_become_absolute(self, monkeypatch, tmp_path, name):
        monkeypatch.chdir(tmp_path)
        monkeypatch.setenv("HOME", "/users/someone")
        monkeypatch.setenv(f"POLYGLOT_{name.upper()}", "here")
        assert getattr(load(), name) == tmp_path / "here"
        monkeypatch.setenv(f"POLYGLOT_{name.upper()}", "~/there")
        assert getattr(load(), name) == Path("/users/someone/there")

    def test_variables_of_other_programs_are_left_alone(self, monkeypatch):
        monkeypatch.setenv("LANGUAGES", "nonsense")
        assert load().languages == LANGUAGES

    @pytest.mark.parametrize(
        ("variable", "hint"),
        [
            ("POLYGLOT_ROWS_PER_CEL", "did you mean POLYGLOT_ROWS_PER_CELL?"),
            ("polyglot_teacher_urls", "did you mean POLYGLOT_TEACHER_URL?"),
            ("POLYGLOT_QWXZ", "there are others, which `polyglot settings` lists"),
        ],
    )
    def test_one_that_is_no_setting_is_named_with_the_nearest(self, monkeypatch, variable, hint):
        monkeypatch.setenv(variable, "")
        with pytest.raises(UserError, match=rf"^{variable}: there is no such setting; {re.escape(hint)}$"):
            load()

    def test_an_empty_variable_empties_what_may_be_empty_and_says_nothing_of_the_rest(self, monkeypatch, tmp_path):
        file = tmp_path / "polyglot.toml"
        file.write_text(
            '[teachers]\nurl = ["http://a/v1"]\n[curation]\nevalsets = "sets"\n[prompts]\nrows_per_cell = 9\n'
        )
        monkeypatch.setenv("POLYGLOT_CONFIG", str(file))
        assert (load().teacher_url, load().evalsets) == (("http://a/v1",), tmp_path / "sets")
        for name in ("TEACHER_URL", "EVALSETS", "ROWS_PER_CELL"):
            monkeypatch.setenv(f"POLYGLOT_{name}", "")
        assert (load().teacher_url, load().evalsets, load().rows_per_cell) == ((), None, 9)


@pytest.mark.parametrize(
    ("variable", "text", "problem"),
    [
        ("LANGUAGES", "de,xx", "no language has the code 'xx'"),
        ("LANGUAGES", "de,fil", "unknown language 'fil'; write 'tl'"),
        ("LANGUAGES", "German", "unknown language 'German'; write 'de'"),
        ("LANGUAGES", "deu", "unknown language 'deu'; write 'de'"),
        ("LANGUAGES", "de-at", "unknown language 'de-at'; write 'de-AT'"),
        ("LANGUAGES", "und", "unknown language 'und'"),
        ("LANGUAGES", "q", "unknown language 'q'"),
        ("LANGUAGES", "de,cs,de", "names a language twice"),
        ("LANGUAGES", ",", "needs at least one language"),
        ("ROWS_PER_CELL", "0", "greater than or equal to 1"),
        ("ROWS_PER_CELL", "many", "valid integer"),
        ("SEEDS_PER_CELL", "-1", "greater than or equal to 1"),
        ("SEED_CHARS", "0", "greater than or equal to 1"),
        ("KEEP_TOXIC", "perhaps", "valid boolean"),
        ("GATES", "language,beauty", "unknown gate 'beauty'; there are leakage, debris"),
        ("GATE_PERSONAL_KINDS", "name", "unknown kind 'name'"),
        ("GATE_LANGUAGE_LIKELIHOOD", "2", "less than or equal to 1"),
        ("GATE_LEAKED_WORDS", "1", "greater than or equal to 4"),
    ],
)
def test_a_mistake_names_the_variable_in_one_line(monkeypatch, variable, text, problem):
    monkeypatch.setenv(f"POLYGLOT_{variable}", text)
    with pytest.raises(UserError) as error:
        load()
    message = str(error.value)
    assert message.startswith(f"POLYGLOT_{variable}: ")
    assert problem in message
    assert "\n" not in message
    assert "pydantic" not in message


def test_two_mistakes_are_both_named(monkeypatch):
    monkeypatch.setenv("POLYGLOT_ROWS_PER_CELL", "0")
    monkeypatch.setenv("POLYGLOT_LANGUAGES", "fil")
    with pytest.raises(UserError, match=r"POLYGLOT_\w+: .*; POLYGLOT_\w+: ") as error:
        load()
    assert {"POLYGLOT_ROWS_PER_CELL", "POLYGLOT_LANGUAGES"} <= set(str(error.value).replace(":", "").split())


def test_settings_cannot_be_changed_behind_ones_back():
    with pytest.raises(ValidationError):
        load().rows_per_cell = 7


class TestDescribe:
    def test_every_variable_with_its_present_value_and_a_meaning(self, monkeypatch):
        monkeypatch.setenv("POLYGLOT_LANGUAGES", "de,cs")
        described = {setting.variable: (setting.value, setting.meaning) for setting in describe()}
        assert set(described) == VARIABLES
        assert described["POLYGLOT_LANGUAGES"][0] == "de,cs"
        assert described["POLYGLOT_ROWS_PER_CELL"][0] == str(load().rows_per_cell)
        assert all(len(meaning) > 10 for _, meaning in described.values())

    def test_the_api_key_is_never_shown(self, monkeypatch):
        monkeypatch.setenv("POLYGLOT_TEACHER_API_KEY", "s3cret")
        assert load().teacher_api_key == "s3cret"
        assert "s3cret" not in repr(load())
        assert "s3cret" not in str(list(describe()))
        assert ("POLYGLOT_TEACHER_API_KEY", "(set)") in [(setting.variable, setting.value) for setting in describe()]


def test_the_dagster_home_is_the_users_or_a_folder_of_the_lake(monkeypatch, tmp_path):
    assert dagster_home(load()) == tmp_path / "lake" / "dagster"
    monkeypatch.setenv("DAGSTER_HOME", "/srv/dagster")
    assert dagster_home(load()) == Path("/srv/dagster")
