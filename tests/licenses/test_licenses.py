"""What a mix of licenses comes to, and which claims about it are true."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyglot_assets.domain.errors import UserError
from polyglot_assets.inference import registry
from polyglot_assets.licenses.licenses import CONDITIONS, KNOWN, MIXED, PERMISSIONS, contradictions, of, read, resulting
from polyglot_assets.seeds.sources import SOURCES

IDS = st.sampled_from([*KNOWN, "never-heard-of"])
SETS = st.lists(st.frozensets(IDS, max_size=4), max_size=5)


def test_every_license_of_a_source_or_teacher_is_described() -> None:
    used = {source.license for source in SOURCES} | {t.license for t in registry.read(registry.REGISTRY).values()}
    assert used <= KNOWN.keys()


@pytest.mark.parametrize(
    ("identifier", "expected"),
    [
        ("cc0-1.0", "granted commercial derivatives"),
        ("apache-2.0", "granted commercial derivatives attribution"),
        ("cc-by-nc-4.0", "granted derivatives attribution"),
        ("cc-by-nc-sa-4.0", "granted derivatives attribution share_alike"),
        ("cc-by-nd-4.0", "granted commercial attribution"),
        ("odbl", "granted commercial derivatives attribution share_alike"),
        ("gemma", "granted commercial derivatives attribution own_terms"),
        ("llama3", "granted commercial derivatives attribution own_terms"),
        ("unlicensed", "attribution"),
        ("never-heard-of", "attribution"),
    ],
)
def test_properties(identifier: str, expected: str) -> None:
    license = of(identifier)
    assert {name for name in (*PERMISSIONS, *CONDITIONS) if getattr(license, name)} == set(expected.split())


def test_public_domain_asks_for_nothing_and_is_not_the_same_as_no_license() -> None:
    nothing = {identifier for identifier, license in KNOWN.items() if license.asks_nothing}
    assert nothing == {"cc0-1.0", "pddl", "unlicense", "wtfpl"}
    assert not of("unlicensed").granted


@pytest.mark.parametrize(
    ("claim", "part", "why"),
    [
        ("apache-2.0", "cc-by-nc-4.0", "forbids commercial use, which apache-2.0 allows"),
        ("apache-2.0", "gemma", "brings terms of its own that apache-2.0 does not contain"),
        ("apache-2.0", "llama3", "brings terms of its own that apache-2.0 does not contain"),
        ("apache-2.0", "llama3.1", "brings terms of its own that apache-2.0 does not contain"),
        ("llama3.1", "llama3", "brings terms of its own that llama3.1 does not contain"),
        ("apache-2.0", "cc-by-sa-4.0", "asks for the same license, which apache-2.0 is not"),
        ("cc-by-sa-4.0", "cc-by-nc-sa-4.0", "asks for the same license, which cc-by-sa-4.0 is not"),
        ("apache-2.0", "unlicensed", "is no permission to pass anything on"),
        ("apache-2.0", "proprietary", "is no permission to pass anything on"),
        ("apache-2.0", "unknown", "is no permission to pass anything on"),
        ("apache-2.0", "never-heard-of", "is no permission to pass anything on"),
        ("cc0-1.0", "mit", "asks for attribution, which cc0-1.0 does not"),
        ("cc-by-nd-4.0", "cc-by-nd-4.0", "forbids sharing what is made from it, as these rows are"),
    ],
)
def test_a_claim_of_more_than_the_parts_allow(claim: str, part: str, why: str) -> None:
    assert contradictions(claim, ["cc0-1.0", part]) == [f"{claim} is claimed, but {part} {why}"]


@pytest.mark.parametrize(
    ("claim", "parts"),
    [
        ("apache-2.0", ["apache-2.0", "cc0-1.0", "mit"]),
        ("cc-by-4.0", ["apache-2.0", "odc-by"]),
        ("cc-by-nc-4.0", ["apache-2.0", "cc-by-nc-4.0"]),
        ("cc-by-sa-4.0", ["cc-by-4.0", "cc-by-sa-3.0", "cc-by-sa-4.0"]),
        ("gemma", ["apache-2.0", "gemma"]),
        ("other", ["gemma", "llama3", "unlicensed"]),
        ("unknown", ["gemma", "llama3", "unlicensed"]),
        ("apache-2.0", []),
    ],
)
def test_a_true_claim(claim: str, parts: list[str]) -> None:
    assert contradictions(claim, parts) == []


def test_each_offending_license_is_named_once_and_an_unknown_claim_is_one() -> None:
    found = contradictions("mit", ["llama3", "gemma", "llama3", "apache-2.0"])
    assert [line.split()[4] for line in found] == ["gemma", "llama3"]
    assert contradictions("Apache", ["apache-2.0"]) == ["Apache is no license that is known here"]


@pytest.mark.parametrize(
    ("sets", "identifier", "name"),
    [
        ([["apache-2.0"]], "apache-2.0", None),
        ([["apache-2.0", "cc0-1.0"]], "apache-2.0", None),
        ([["cc0-1.0"], ["mit", "apache-2.0"]], "apache-2.0", None),
        ([["apache-2.0"], ["cc-by-nc-4.0"]], "cc-by-nc-4.0", None),
        ([["cc0-1.0", "llama3"]], "llama3", None),
        ([["apache-2.0", "llama3"]], MIXED, "mixed-with-terms"),
        ([["gemma", "llama3"]], MIXED, "mixed-with-terms"),
        ([["gemma", "cc-by-nc-4.0"]], MIXED, "mixed-non-commercial"),
        ([["odbl", "cc-by-sa-4.0"]], MIXED, "mixed-share-alike"),
        ([["cc-by-nd-4.0"]], MIXED, "mixed-no-derivatives"),
        ([["apache-2.0"], ["unlicensed"]], MIXED, "mixed-without-permission"),
        ([["apache-2.0"], []], MIXED, "mixed-without-permission"),
        ([], MIXED, "no-rows"),
    ],
)
def test_the_license_of_a_whole(sets: list[list[str]], identifier: str, name: str | None) -> None:
    found = resulting(sets)
    assert (found.id, found.license_name) == (identifier, name)


def test_the_sentences_say_what_to_heed() -> None:
    found = resulting([["apache-2.0", "cc0-1.0"], ["cc-by-nc-4.0", "llama3"], ["unlicensed"]])
    assert found.sentences == (
        "No one license is stated for the whole: use each row under all licenses that it carries.",
        "Nobody gives permission to use or pass on the rows that carry `unlicensed`: ask first.",
        "Commercial use is forbidden by `cc-by-nc-4.0`.",
        "Terms of use that travel with the rows come with `llama3`.",
        "Naming the author or keeping the notice is asked for by `apache-2.0`, `cc-by-nc-4.0` and `llama3`.",
        KNOWN["llama3"].note,
        "This is read off the licenses by fixed rules and is no legal advice.",
    )


def test_a_claim_is_stated_as_the_owners() -> None:
    found = resulting([["mit", "odc-by"]], claim="apache-2.0")
    assert (found.id, found.license_name) == ("apache-2.0", None)
    assert found.sentences[0].startswith("The owner of this release states [`apache-2.0`")
    nothing = resulting([["mit"]], claim="other")
    assert (nothing.id, nothing.license_name) == ("other", "mixed")
    assert nothing.sentences[0].startswith("No one license is stated for the whole")


@given(SETS)
def test_a_result_never_claims_more_than_the_parts_allow(sets: list[frozenset[str]]) -> None:
    found = resulting(sets)
    parts = {part.id for part in found.licenses}
    assert contradictions(found.id, parts) == []
    assert found.id == MIXED or found.id in parts
    if found.id != MIXED:
        stated = of(found.id)
        for name in PERMISSIONS:
            assert getattr(stated, name) <= found.allows(name)
        for name in ("attribution", "own_terms", "share_alike"):
            assert getattr(stated, name) >= found.asks_for(name)


@given(SETS, IDS)
def test_one_more_license_never_makes_the_result_freer(sets: list[frozenset[str]], more: str) -> None:
    before, after = resulting(sets), resulting([*sets, {more}])
    for name in PERMISSIONS:
        assert after.allows(name) <= before.allows(name)
    for name in CONDITIONS:
        assert after.asks_for(name) >= before.asks_for(name)
    if after.id != MIXED and before.licenses:
        assert before.id != MIXED
        assert contradictions(after.id, [before.id]) == []


@given(SETS, IDS, IDS)
def test_one_more_license_never_removes_a_contradiction(sets: list[frozenset[str]], claim: str, more: str) -> None:
    parts = frozenset().union(*sets)
    assert set(contradictions(claim, parts)) <= set(contradictions(claim, {*parts, more}))


@given(SETS)
def test_the_result_depends_on_which_licenses_there_are_alone(sets: list[frozenset[str]]) -> None:
    assert resulting(sets) == resulting([*reversed(sets), *sets])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[a]\nurl = 'x'\n", "[a]: missing name"),
        ("[a]\nname = 'A'\ncomercial = true\n", "[a] comercial: unknown key; known are name, "),
        ("[a]\nname = 'A'\ncommercial = 'yes'\n", "[a] commercial: expected bool, got 'yes'"),
        ("[a]\nname = 'A'\npasses_to = 'b'\n", "[a] passes_to: expected a list of license ids, got 'b'"),
        ("[a-1.0]\nname = 'A'\n", "[a-1] 0: unknown key; an id with a dot needs quotes"),
        ("a = 1\n", "[a]: expected a table"),
        ("[a", "known.toml: "),
    ],
)
def test_a_bad_description_is_named(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "known.toml"
    path.write_text(text)
    with pytest.raises(UserError) as error:
        read(path)
    assert str(error.value).startswith(f"{path}: ")
    assert message in str(error.value)


def test_what_nobody_granted_allows_nothing(tmp_path: Path) -> None:
    path = tmp_path / "known.toml"
    path.write_text("[a]\nname = 'A'\ngranted = false\ncommercial = true\n")
    assert not read(path)["a"].commercial
