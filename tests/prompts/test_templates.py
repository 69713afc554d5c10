"""Templates: what the teacher reads, and that a version says exactly when it changed."""

import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyglot_assets.domain.errors import UserError
from polyglot_assets.domain.grid import GENERATE, LANGUAGES, RESPOND, STRATEGIES
from polyglot_assets.prompts.templates import FOLDER, StrategyTemplate, load
from polyglot_assets.recipes.registry import NAMES, RECIPES
from polyglot_assets.text.languages import display_name


@pytest.fixture
def folder(tmp_path) -> Path:
    """A copy of the templates that can be edited."""
    return Path(shutil.copytree(FOLDER, tmp_path / "templates"))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("strategy", NAMES)
def test_both_messages_name_the_target_language(strategy, language):
    system, user = load()[strategy].renderer(language)("HERE")
    assert display_name(language) in system
    assert display_name(language) in user
    assert user.count("HERE") == 1
    assert "$" not in system + user


def test_tagalog_is_called_tagalog():
    system, user = load()[RESPOND].renderer("tl")("Kumusta?")
    assert "Tagalog" in system
    assert "Tagalog" in user
    assert "Filipino" not in system + user


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize(
    "text",
    ["costs $5 or $prompt or ${language} or $$", "{prompt} {0} {{}}", "100 % %s %(x)s", "\\1 \\g<0>\n\ttab", "$"],
)
def test_users_texts_stay_as_they_are(strategy, text):
    assert text in load()[strategy].renderer("de")(text)[1]


@given(st.text())
def test_any_text_stays_as_it_is(text):
    before, after = load()[RESPOND].renderer("de")("\1")[1].split("\1")
    assert load()[RESPOND].renderer("de")(text)[1] == before + text + after


@pytest.mark.parametrize("strategy", NAMES)
def test_strategies_with_a_pair_ask_for_json_and_the_others_do_not(strategy):
    _, user = load()[strategy].renderer("de")("x")
    asked = [word in user for word in ("JSON", '"prompt"', '"response"')]
    assert asked == [RECIPES[strategy].writes_prompt] * 3


def versions(folder: Path) -> dict[str, str]:
    load.cache_clear()
    return {strategy: template.version for strategy, template in load(folder).items()}


def test_versions_differ_and_are_the_same_for_the_same_text(folder):
    assert versions(folder) == versions(FOLDER)
    assert len(set(versions(folder).values())) == len(NAMES)
    assert all(len(version) == 12 for version in versions(folder).values())


@pytest.mark.parametrize("edited", STRATEGIES)
def test_an_edit_changes_its_own_strategys_version_and_no_other(folder, edited):
    before = versions(folder)
    path = folder / f"{edited}.txt"
    path.write_text(path.read_text().replace(".", "!", 1))
    after = versions(folder)
    assert {strategy for strategy in STRATEGIES if before[strategy] != after[strategy]} == {edited}


def test_an_edit_of_the_system_message_changes_all(folder):
    before = versions(folder)
    (folder / "system.txt").write_text("You help people in $language.")
    after = versions(folder)
    assert all(before[strategy] != after[strategy] for strategy in STRATEGIES)


def test_space_around_a_file_is_no_edit(folder):
    before = versions(folder)
    for path in folder.iterdir():
        path.write_text("\n" + path.read_text() + "\n\n")
    assert versions(folder) == before


def test_moving_text_between_system_and_user_is_an_edit():
    assert StrategyTemplate(RESPOND, "ab", "c").version != StrategyTemplate(RESPOND, "a", "bc").version
    assert StrategyTemplate(RESPOND, "a", "b").version != StrategyTemplate(GENERATE, "a", "b").version


def test_two_dollars_in_a_template_are_one():
    assert StrategyTemplate(RESPOND, "$language: $$5", "$prompt").renderer("de")("x") == ("German: $5", "x")


@pytest.mark.parametrize(("user", "shown"), [("$prompt / $prompt", "x / x"), ("$prompt$prompt", "xx"), ("no", "no")])
def test_a_placeholder_may_stand_anywhere_any_number_of_times(user, shown):
    assert StrategyTemplate(RESPOND, "", user).renderer("de")("x")[1] == shown


def test_a_misspelt_placeholder_is_an_error_and_not_a_prompt():
    with pytest.raises(KeyError, match="promt"):
        StrategyTemplate(RESPOND, "", "$promt").renderer("de")("x")


def test_places_are_filled_each_with_its_own_text():
    template = StrategyTemplate(RESPOND, "", "$prompt: $response ($prompt, $language)")
    assert template.renderer("de")({"prompt": "a$b", "response": "$prompt"})[1] == "a$b: $prompt (a$b, German)"


def test_the_license_of_templates_is_stated_in_their_folder(folder):
    assert {template.licenses for template in load().values()} == {("cc0-1.0",)}
    before = {name: template.version for name, template in load(folder).items()}
    for text, license in (("cc-by-4.0\n", "cc-by-4.0"), ("\n", "unknown"), (None, "unknown")):
        (folder / "license.txt").unlink()
        if text is not None:
            (folder / "license.txt").write_text(text)
        load.cache_clear()
        assert {template.licenses for template in load(folder).values()} == {(license,)}
        assert {name: template.version for name, template in load(folder).items()} == before
        (folder / "license.txt").touch()


MISTAKES = {
    ("respond.txt", "$promt"): "respond.txt: unknown placeholder $promt; did you mean 'prompt'?",
    ("respond.txt", "Answer."): "respond.txt: has no $prompt, so the teacher would see nothing of the seed",
    ("generate.txt", "$prompt"): "generate.txt: has no $examples, so the teacher would see nothing of the seed",
    ("respond.txt", "$prompt\ncosts 5 $"): "respond.txt, line 2: a $ begins no placeholder; $$ is a dollar",
    ("respond.txt", " \n"): "respond.txt: is empty",
    ("respond.txt", "$prompt\0"): "respond.txt: holds a NUL",
    ("system.txt", "$prompt"): "system.txt: unknown placeholder $prompt; there are language",
    ("genrate.txt", "x"): "genrate.txt: no template is called so; did you mean 'generate'?",
    ("licence.txt", "a\nb"): "licence.txt: expected the name of a license, got 'a\\nb'",
    ("license.txt", "a\nb"): "license.txt: expected the name of a license, got 'a\\nb'",
    (
        "german/respond.txt",
        "$prompt",
    ): "german: a folder of templates is called by the code of a language; write 'de'",
    ("xx9/respond.txt", "$prompt"): "xx9: a folder of templates is called by the code of a language, such as 'de'",
}


class TestOwn:
    """A folder of the user's, whose files take the place of the project's."""

    @pytest.fixture
    def own(self, tmp_path) -> Path:
        (tmp_path / "own" / "de").mkdir(parents=True)
        load.cache_clear()
        return tmp_path / "own"

    def test_one_file_changes_one_strategy_or_one_language_of_it(self, own):
        (own / "respond.txt").write_text("Sag auf $language: $prompt")
        (own / "de" / "generate.txt").write_text("So etwas: $examples")
        (own / "README.md").write_text("Not a template.")
        ours, theirs = load(own), load()
        for strategy in NAMES:
            for language in ("de", "cs"):
                changed = strategy == RESPOND or (strategy, language) == (GENERATE, "de")
                template = ours.of(strategy, language)
                assert (template.version != theirs.of(strategy, language).version) == changed
                assert template.licenses == (("cc0-1.0", "unknown") if changed else ("cc0-1.0",))
        assert ours.of(RESPOND, "cs").renderer("cs")("x")[1] == "Sag auf Czech: x"
        assert ours.version() != theirs.version()

    def test_licenses_are_those_of_the_folders_from_which_the_texts_are(self, own):
        for folder, license in ((own, "mit"), (own / "de", "cc-by-4.0")):
            (folder / "respond.txt").write_text("$prompt")
            (folder / "license.txt").write_text(license)
        (own / "system.txt").write_text("You speak $language.")
        templates = load(own)
        assert templates.of(RESPOND, "de").licenses == ("cc-by-4.0", "mit")
        assert templates.of(RESPOND, "cs").licenses == ("mit",)
        assert templates.of(GENERATE, "cs").licenses == ("cc0-1.0", "mit")

    def test_the_former_name_of_the_license_is_read_too_but_not_beside_the_present_one(self, own):
        (own / "de").rmdir()
        (own / "respond.txt").write_text("$prompt")
        (own / "licence.txt").write_text("mit")
        assert load(own).of(RESPOND, "de").licenses == ("cc0-1.0", "mit")
        (own / "license.txt").write_text("cc-by-4.0")
        load.cache_clear()
        with pytest.raises(
            UserError, match=r"/licence\.txt: license\.txt, its present name, is there too; keep that one$"
        ):
            load(own)

    @pytest.mark.parametrize("mistake", MISTAKES)
    def test_a_broken_template_is_one_line_that_names_it(self, own, mistake):
        name, text = mistake
        (own / name).parent.mkdir(exist_ok=True)
        (own / name).write_text(text)
        with pytest.raises(UserError) as caught:
            load(own)
        assert str(caught.value) == f"{own}/{MISTAKES[mistake]}"

    def test_a_folder_that_is_none_and_bytes_that_are_no_text(self, own):
        with pytest.raises(UserError, match=r"^POLYGLOT_TEMPLATES: .*/no is not a folder$"):
            load(own / "no")
        (own / "respond.txt").write_bytes(b"$prompt \xff")
        with pytest.raises(UserError, match=r"respond.txt, line 1: not UTF-8$"):
            load(own)
