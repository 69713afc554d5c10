"""The policy file: what it says, what it keeps out, and what is wrong with it."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyglot_assets.domain.errors import UserError
from polyglot_assets.licenses.licenses import KNOWN, PERMISSIONS
from polyglot_assets.licenses.policy import BUNDLED, Policy, load, read
from polyglot_assets.settings import Settings

IDS = st.sampled_from([*KNOWN, "never-heard-of"])
SETS = st.frozensets(IDS, max_size=4)
SOURCE, TEACHER = "arbml/CIDAR", "gpt-4o-mini"


def written(tmp_path: Path, text: str) -> Policy:
    path = tmp_path / "policy.toml"
    path.write_text(text)
    return read(path)


def test_the_default_keeps_nothing_out(settings: Settings) -> None:
    policy = load(settings)
    assert policy.name == "default"
    assert policy.keeps_everything
    for licenses in ([], *([identifier] for identifier in KNOWN), [*KNOWN]):
        assert policy.breach(licenses, SOURCE, TEACHER) is None


@pytest.mark.parametrize(
    ("licenses", "breach"),
    [
        (["apache-2.0", "cc0-1.0"], None),
        (["apache-2.0", "gemma", "odbl"], None),
        (["apache-2.0", "cc-by-nc-4.0"], ("cc-by-nc-4.0", "require commercial")),
        (["cc-by-nd-4.0"], ("cc-by-nd-4.0", "require derivatives")),
        (["unlicensed", "cc-by-nc-4.0"], ("cc-by-nc-4.0", "require commercial")),
        (["apache-2.0", "unlicensed"], ("unlicensed", "require granted")),
        (["mit", "proprietary"], ("proprietary", "require granted")),
        (["never-heard-of"], ("never-heard-of", "require granted")),
        ([], ("unknown", "require granted")),
    ],
)
def test_the_commercial_one(settings: Settings, licenses: list[str], breach: tuple[str, str] | None) -> None:
    policy = load(settings.model_copy(update={"release_policy": "commercial"}))
    assert policy.breach(licenses, SOURCE, TEACHER) == breach


@pytest.mark.parametrize(
    ("text", "licenses", "breach"),
    [
        ("allow = ['mit']", ["mit", "cc0-1.0"], None),
        ("allow = ['mit']", ["mit", "apache-2.0"], ("apache-2.0", "allow")),
        ("allow = ['mit']\nexclude = ['cc0-1.0']", ["mit", "cc0-1.0"], ("cc0-1.0", "exclude")),
        ("exclude = ['odbl']", ["mit", "odbl"], ("odbl", "exclude")),
        ("forbid = ['own_terms']", ["mit", "gemma"], ("gemma", "forbid own_terms")),
        ("forbid = ['share_alike']", ["cc-by-sa-4.0", "gemma"], ("cc-by-sa-4.0", "forbid share_alike")),
        (f"[sources]\nexclude = ['{SOURCE}']", ["mit"], (None, "sources.exclude")),
        ("[sources]\nexclude = ['openai/gsm8k']", ["mit"], None),
        (f"[teachers]\nexclude = ['{TEACHER}']", ["mit"], (None, "teachers.exclude")),
        ("require = ['commercial']\n[licenses.proprietary]\nname = 'our contract'", ["mit", "proprietary"], None),
        ("allow = ['acme']\n[licenses.acme]\nname = 'Acme'", ["acme"], None),
    ],
)
def test_rules(tmp_path: Path, text: str, licenses: list[str], breach: tuple[str | None, str] | None) -> None:
    policy = written(tmp_path, f"name = 'x'\n{text}")
    assert policy.breach(licenses, SOURCE, TEACHER) == breach
    assert not policy.keeps_everything


@given(SETS, st.frozensets(st.sampled_from(PERMISSIONS)), IDS)
def test_one_more_license_or_requirement_lets_no_row_in(
    licenses: frozenset[str], require: frozenset[str], more: str
) -> None:
    policy = Policy("x", require=tuple(sorted(require)))
    stricter = Policy("x", require=PERMISSIONS)
    if policy.breach(licenses, SOURCE, TEACHER):
        assert stricter.breach(licenses, SOURCE, TEACHER)
        if licenses:
            assert policy.breach(licenses | {more}, SOURCE, TEACHER)
    assert policy.keeps_everything == (not require)
    if not require:
        assert policy.breach(licenses, SOURCE, TEACHER) is None


def test_a_claim_is_held_against_the_parts(tmp_path: Path) -> None:
    policy = written(tmp_path, "name = 'x'\nclaim = 'apache-2.0'")
    assert policy.false_claims(["apache-2.0", "cc0-1.0"]) == []
    assert len(policy.false_claims(["cc-by-nc-4.0", "gemma", "llama3", "mit"])) == 3
    assert Policy("x").false_claims(["cc-by-nc-4.0", "gemma"]) == []


def test_the_manifest_gets_what_the_file_says_and_not_where_it_lies(tmp_path: Path) -> None:
    policy = written(
        tmp_path,
        "name = 'x'\ndescription = 'd'\nrequire = ['commercial']\nclaim = 'mit'\n"
        "[sources]\nexclude = ['arbml/CIDAR']\n[licenses.acme]\nname = 'Acme'\nown_terms = true\n",
    )
    found = policy.as_dict()
    assert found["licenses"].keys() == {"acme"}
    assert found["licenses"]["acme"]["own_terms"] is True
    assert {key: value for key, value in found.items() if key != "licenses"} == {
        "name": "x",
        "description": "d",
        "require": ["commercial"],
        "forbid": [],
        "allow": [],
        "exclude": [],
        "claim": "mit",
        "sources": {"exclude": ["arbml/CIDAR"]},
        "teachers": {"exclude": []},
    }


def test_the_former_name_of_the_licenses_is_read_too(tmp_path: Path) -> None:
    text = "name = 'x'\nallow = ['acme']\n[{}.acme]\nname = 'Acme'\n"
    assert written(tmp_path, text.format("licences")) == written(tmp_path, text.format("licenses"))


def test_every_bundled_policy_can_be_named(settings: Settings) -> None:
    names = {path.stem for path in BUNDLED.glob("*.toml")}
    assert names == {"default", "commercial"}
    for name in names:
        assert load(settings.model_copy(update={"release_policy": name})).name == name


def test_a_file_is_named_by_its_path(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "own.toml").write_text("name = 'own'\n")
    monkeypatch.chdir(tmp_path)
    for chosen in ("own.toml", "./own.toml", str(tmp_path / "own.toml")):
        assert load(settings.model_copy(update={"release_policy": chosen})).name == "own"
    for chosen, message in (
        ("comercial", "POLYGLOT_RELEASE_POLICY: unknown policy 'comercial'; there are commercial, default"),
        ("nowhere.toml", f"{tmp_path}/nowhere.toml: No such file"),
    ):
        with pytest.raises(UserError, match=message):
            load(settings.model_copy(update={"release_policy": chosen}))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "missing name"),
        *(
            (f'name = "our{hidden}s"', f"name: expected a name of visible characters, got 'our{hidden}s'")
            for hidden in (r"\u0000", r"\u200b", r"\u202e", r"\u001b", r"\n", r"\ufeff", r"\ue000")
        ),
        ('name = " "', "name: expected a name of visible characters, got ' '"),
        ('name = "x"\n[teachers]\nexclude = ["a\\u200b"]', r"teachers.exclude: expected names of visible characters"),
        ('name = "x"\n[licenses."a\\u0000"]\nname = "A"', "id: expected a name of visible characters"),
        (
            'name = "x"\n[licenses.acme]\nname = "A\\u202e"',
            "[licenses.acme] name: expected a name of visible characters",
        ),
        ("name = 3", "name: expected a text, got 3"),
        ("name = 'x'\nrequires = []", "requires: unknown key; known are name, "),
        ("name = 'x'\nrequire = ['comercial']", "require: unknown property 'comercial'; known are granted, "),
        ("name = 'x'\nrequire = ['share_alike']", "require: unknown property 'share_alike'"),
        ("name = 'x'\nforbid = ['commercial']", "forbid: unknown property 'commercial'; known are attribution, "),
        ("name = 'x'\nallow = []", "allow: an empty list would let nothing in; leave the key out"),
        ("name = 'x'\nallow = ['apache']", "allow: unknown license 'apache'; known are cc0-1.0, "),
        ("name = 'x'\nexclude = 'odbl'", "exclude: expected a list of texts, got 'odbl'"),
        ("name = 'x'\nexclude = [1]", "exclude: expected a list of texts, got [1]"),
        ("name = 'x'\nclaim = 'Apache'", "claim: unknown license 'Apache'"),
        ("name = 'x'\nclaim = ['mit']", "claim: expected a text, got ['mit']"),
        ("name = 'x'\nsources = ['a/b']", "[sources]: expected a table, got ['a/b']"),
        ("name = 'x'\n[sources]\nexclude = ['cidar']", "sources.exclude: unknown source 'cidar'; known are Open"),
        ("name = 'x'\n[sources]\nallow = []", "sources.allow: unknown key; known are exclude"),
        ("name = 'x'\n[teachers]\nexclude = 'me'", "teachers.exclude: expected a list of texts, got 'me'"),
        ("name = 'x'\n[licenses.acme]\ncommercial = true", "[licenses.acme]: missing name"),
        ("name = 'x'\n[licenses]\nacme = 1", "[licenses.acme]: expected a table"),
        ("name = 'x'\n[licences.acme]\ncommercial = true", "[licences.acme]: missing name"),
        (
            "name = 'x'\n[licenses.a]\nname = 'A'\n[licences.b]\nname = 'B'",
            "[licenses] and [licences], its former name, are both there; keep [licenses]",
        ),
        ("name = ", "policy.toml: "),
    ],
)
def test_a_bad_policy_is_named(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(UserError) as error:
        written(tmp_path, text)
    assert str(error.value).startswith(f"{tmp_path}/policy.toml: ")
    assert message in str(error.value).replace(r"\x00", r"\u0000").replace(r"\x1b", r"\u001b")
