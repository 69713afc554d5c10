"""Languages with a script or a region: their codes and names, and what their letters say."""

import pytest

from polyglot_assets.gates.reading import NO_VERDICT, read, read_variant
from polyglot_assets.settings import Settings
from polyglot_assets.text.languages import display_name, to_code
from polyglot_assets.text.variants import how_judged, other_script, to_target

TRADITIONAL = "這是一個完整而清楚的回答。我們在學校裡學習語言，並且討論歷史與文化的關係。" * 2
SIMPLIFIED = "这是一个完整而清楚的回答。我们在学校里学习语言，并且讨论历史与文化的关系。" * 2
LATIN = "Ovo je potpun i jasan odgovor na pitanje koje ste upravo postavili o istoriji i kulturi našeg naroda."
CYRILLIC = "Ово је потпун и јасан одговор на питање које сте управо поставили о историји и култури нашег народа."
PORTUGUESE = "Esta é uma resposta completa e clara à pergunta que você acabou de fazer sobre a história do país."
KAZAKH = "Bul siz jaña ǧana qoyǧan suraqqa tolyq äri anyq jauap, onda tarih pen mädeniet turaly aitylady."


@pytest.mark.parametrize(
    ("written", "code", "name"),
    [
        ("pt-BR", "pt-BR", "Brazilian Portuguese"),
        ("pt_br", "pt-BR", "Brazilian Portuguese"),
        ("zh-Hant", "zh-Hant", "Traditional Chinese"),
        ("cmn-Hans", "zh-Hans", "Simplified Chinese"),
        ("zh-Hant-HK", "zh-Hant-HK", "Traditional Chinese as written in Hong Kong SAR China"),
        ("sr-Latn", "sr-Latn", "Serbian in Latin script"),
        ("sr-Cyrl-ME", "sr-Cyrl-ME", "Serbian in Cyrillic script as written in Montenegro"),
        ("en-GB", "en-GB", "British English"),
        ("es-419", "es-419", "Spanish as written in Latin America"),
        ("fil-PH", "tl-PH", "Tagalog as written in Philippines"),
        ("German", "de", "German"),
        ("de-1996", "de", "German"),
        ("xx-YY", None, None),
        ("../x", None, None),
    ],
)
def test_codes_and_names(written: str, code: str | None, name: str | None) -> None:
    assert to_target(written) == code
    if code:
        assert display_name(code) == name
        assert to_target(code) == code
        assert to_code(code) == code.split("-")[0]


def test_settings_take_the_canonical_code() -> None:
    assert Settings(languages=("pt", "pt-BR", "zh-Hant")).languages == ("pt", "pt-BR", "zh-Hant")
    for wrong, right in (("pt-br", "; write 'pt-BR'"), ("zh_Hant", "; write 'zh-Hant'"), ("qq-DE", "")):
        with pytest.raises(ValueError, match=f"unknown language '{wrong}'{right}"):
            Settings(languages=(wrong,))


@pytest.mark.parametrize(
    ("code", "right", "wrong"),
    [
        ("zh-Hant", TRADITIONAL, SIMPLIFIED),
        ("zh-Hans", SIMPLIFIED, TRADITIONAL),
        ("zh-TW", TRADITIONAL, SIMPLIFIED),
        ("zh-CN", SIMPLIFIED, TRADITIONAL),
        ("sr-Latn", LATIN, CYRILLIC),
        ("sr-Cyrl", CYRILLIC, LATIN),
        ("kk-Latn", KAZAKH, CYRILLIC),
    ],
)
def test_scripts_are_told_by_their_letters(code: str, right: str, wrong: str) -> None:
    assert (read_variant(right, code, 0.2).foreign_share or 0) < 0.05
    assert (read_variant(wrong, code, 0.2).foreign_share or 0) > 0.9
    mixed = read_variant(f"{right}\n{wrong}", code, 0.2).foreign_share
    assert mixed is not None
    assert 0.12 < mixed < 0.9
    assert other_script("42 + 1", code) is None


def test_regions_are_judged_as_their_language() -> None:
    for code in ("pt-BR", "pt-PT"):
        assert read_variant(PORTUGUESE, code, 0.2) == read(PORTUGUESE, "pt", 0.2) != NO_VERDICT
        assert (read_variant(LATIN, code, 0.2).foreign_share or 0) > 0.9


def test_it_is_said_what_cannot_be_told() -> None:
    assert how_judged("pt") is None
    assert how_judged("pt-BR") == ("Brazilian Portuguese (pt-BR) is judged as Portuguese; no detector knows regions")
    assert how_judged("zh-TW") == (
        "Traditional Chinese as written in Taiwan (zh-TW) is judged as Chinese and by its script; no detector knows "
        "regions"
    )
    assert how_judged("sr-Latn") == "Serbian in Latin script (sr-Latn) is judged as Serbian and by its script"
    assert how_judged("kk-Latn") == (
        "Kazakh in Latin script (kk-Latn): no detector reads it in this script, so its script alone is checked"
    )
