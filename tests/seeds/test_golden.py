"""Whole seeds of every source, as the samples give them, and what every source must give.

They are written out, ids included: an id that changes makes the lake pay for every answer again.
"""

import pytest

from polyglot_assets.domain.grid import LANGUAGES, Cell
from polyglot_assets.domain.ids import content_id
from polyglot_assets.seeds.sources import SOURCES

# source, cell, seed_id, source_id, license, seed language, prompt, response
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


def test_the_lake_keeps_each_sources_license_and_own_spelling():
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
