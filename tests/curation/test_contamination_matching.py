"""Matching: a known text is found in every language, disguised and edited, and nothing else is."""

import random
from collections.abc import Sequence

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from polyglot_assets.curation.matching import Rules, build, search, words
from polyglot_assets.text.kernels import PIECE

QUESTIONS = {
    "ar": "اشترى صالح سبعة دفاتر وثلاثة أقلام من المكتبة، فكم دفع إذا كان ثمن كل دفتر أربعة ريالات؟",
    "cs": "Na zahradě roste dvanáct jabloní a každá dá ročně čtyřicet kilogramů jablek. Kolik je to dohromady?",
    "de": "Auf dem Hof stehen neun Fahrräder, jedes dritte davon hat einen Platten. Wie viele kann man noch fahren?",
    "en": "A ferry carries fourteen cars on each crossing and makes six crossings a day; how many cars is that?",
    "es": "La panadera vende treinta barras por la mañana y la mitad por la tarde. ¿Cuántas vende en cinco días?",
    "id": "Pak Budi menanam delapan baris cabai dan setiap baris berisi dua puluh pohon. Berapa pohon yang ia tanam?",
    "ja": "駅前の花屋は毎朝三十本のバラを仕入れ、十二本を午前に売ります。午後に残っているのは何本ですか。",
    "ko": "도서관에는 책장이 열다섯 개 있고 책장마다 책이 마흔 권씩 꽂혀 있습니다. 책은 모두 몇 권입니까?",
    "th": "แม่ค้าขายส้มวันละสี่สิบกิโลกรัม ถ้าขายติดต่อกันห้าวัน แม่ค้าจะขายส้มได้ทั้งหมดกี่กิโลกรัม",
    "tl": "May labing-anim na basket si Aling Rosa at bawat basket ay may siyam na mangga. Ilan ang lahat ng ito?",
}
UNSPACED = ("ja", "th")


def found(texts: Sequence[str], known: Sequence[str], rules: Rules | None = None) -> list[tuple[int, int, float]]:
    index, _ = build(known, rules or Rules())
    matches = search(pa.array(texts, pa.string()), index)
    return [
        (int(row), int(text), round(float(overlap), 3))
        for row, text, overlap in zip(matches.rows, matches.texts, matches.overlaps, strict=True)
    ]


def units(language: str, text: str) -> tuple[list[str], str]:
    return (list(text), "") if language in UNSPACED else (text.split(), " ")


@pytest.mark.parametrize("language", QUESTIONS)
class TestEveryLanguage:
    def test_itself_and_no_other(self, language):
        number = list(QUESTIONS).index(language)
        assert found([QUESTIONS[language]], list(QUESTIONS.values())) == [(0, number, 1.0)]

    def test_disguised_within_a_longer_text(self, language):
        question = (
            QUESTIONS[language].upper().translate(str.maketrans({"、": " ", "。": "!", ",": None, "?": "…", "،": "-"}))
        )
        other = QUESTIONS["cs" if language != "cs" else "de"]
        glue = "  " if language not in UNSPACED else " "
        text = f"{other}\n\n**{question.replace(' ', glue)}**\n\n{other}"
        assert (0, 0, 1.0) in found([text], [QUESTIONS[language]])

    def test_with_a_tenth_of_its_words_edited(self, language):
        draw = random.Random(language)
        parts, glue = units(language, QUESTIONS[language])
        for _ in range(50):
            edited = list(parts)
            for at in draw.sample(range(len(parts)), max(1, round(len(parts) / 10))):
                edited[at] = draw.choice(["", parts[at][::-1] * 2, f"{parts[at]}{glue}{draw.choice(parts)}"])
            assert found([glue.join(part for part in edited if part)], [QUESTIONS[language]])

    def test_half_of_it_is_not_enough(self, language):
        parts, glue = units(language, QUESTIONS[language])
        assert found([glue.join(parts[: len(parts) // 2])], [QUESTIONS[language]]) == []


def test_the_words_must_be_in_order_and_in_one_place():
    question = QUESTIONS["en"].split()
    shuffled = list(question)
    random.Random(1).shuffle(shuffled)
    assert found([" ".join(shuffled)], [QUESTIONS["en"]]) == []
    filler = " ".join(QUESTIONS[language] for language in ("cs", "de", "es"))
    scattered = f" {filler} ".join(" ".join(question[at : at + 4]) for at in range(0, len(question), 4))
    assert found([scattered], [QUESTIONS["en"]]) == []


@pytest.mark.parametrize(
    ("known", "text", "is_found"),
    [
        ("What is 2+2?", "What is 3+3? And what is the square of 2?", False),
        ("What is 2+2?", "Tell me: what is 2 + 2", True),
        ("What is it?", "What is it?", False),  # too short to be looked for
        ("Who painted these two portraits?", "Who painted those two portraits?", False),  # five words: whole or not
        ("Who painted these two portraits?", "so, WHO PAINTED THESE TWO PORTRAITS", True),
        ("月は何ですか", "月は何ですか", False),
        ("月の直径は何ですか。", "質問：月の直径は何ですか？", True),
        ("月の直径は何ですか。", "質問：月の半径は何ですか？", False),
    ],
)
def test_short_texts_are_found_whole_or_not_at_all(known, text, is_found):
    assert bool(found([text], [known])) == is_found


def test_what_is_too_short_is_said():
    assert build(["What is it?", "", "…", "What is the moon made of?"], Rules())[1] == [0, 1, 2]
    assert build(["one two three four five"] * 2, Rules(ngram=6))[1] == [0, 1], "shorter than an n-gram"
    assert (words("What is it?"), words("月は何ですか"), words("")) == (3.0, 3.0, 0.0)


def test_the_overlap_is_the_share_of_words_and_the_threshold_counts():
    known = "one two three four five six seven eight nine ten"
    text = "zero one two three four FIVE six seven eight eleven twelve thirteen"
    assert found([text], [known]) == [(0, 0, 0.8)]
    assert found([text], [known], Rules(overlap=0.8)) == [(0, 0, 0.8)]
    assert found([text], [known], Rules(overlap=0.81)) == []


def test_begin_and_end_are_bytes_of_the_text():
    text = "Ää! Wie hoch ist der höchste Berg der Erde? Öh."
    index, _ = build(["wie hoch ist der höchste berg der erde"], Rules())
    matches = search(pa.array(["", text]), index)
    assert (
        text.encode()[matches.begins[0] : matches.ends[0]].decode().strip() == "Wie hoch ist der höchste Berg der Erde?"
    )


def test_a_long_text_is_found_by_a_piece_of_it():
    draw = random.Random(2)
    parts = [f"word{draw.randrange(5000)}" for _ in range(3 * PIECE + 10)]
    assert found([" ".join(parts[PIECE : 2 * PIECE + 100])], [" ".join(parts)]) == [(0, 0, 1.0)]
    assert found([" ".join(parts[100 : PIECE // 2])], [" ".join(parts)]) == []


def test_phrases_that_everything_shares_do_not_hide_what_is_special():
    known = [
        f"Which of the following statements about number {n} is not true at all in {n + 7} cases" for n in range(900)
    ]
    assert found([known[5], "Which of the following"], known) == [(0, 5, 1.0)]
    assert [text for _, text, _ in found([known[0]], [known[0]] * 300)] == list(range(300))


def test_one_text_may_hold_thousands_of_others():
    draw = random.Random(3)
    known = [" ".join(f"w{draw.randrange(10**6)}" for _ in range(6)) for _ in range(3000)]
    assert [text for _, text, _ in found([" . ".join(known), "nothing"], known)] == list(range(3000))


@pytest.mark.parametrize("kind", [pa.string(), pa.large_string()])
def test_slices_of_columns_and_nothing_at_all(kind):
    index, _ = build([QUESTIONS["de"]], Rules())
    column = pa.array(["", QUESTIONS["cs"], QUESTIONS["de"], QUESTIONS["de"]], kind)
    assert search(column.slice(1, 2), index).rows.tolist() == [1]
    assert search(column.slice(0, 0), index).rows.tolist() == []
    assert search(pa.array([""], kind), index).rows.tolist() == []
    assert search(column, build([], Rules())[0]).rows.tolist() == []


WORDS = st.lists(st.sampled_from([f"w{number}" for number in range(25)]), max_size=12)
TEXTS = st.lists(WORDS.map(" ".join), max_size=5)


@settings(deadline=None, derandomize=True)
@given(TEXTS, TEXTS, st.integers(1, 4))
def test_what_stands_alone_in_a_text_is_found_and_no_overlap_is_too_high(texts, known, ngram):
    texts += [f"x1 x2 x3 {text} x4 x5" for text in known]
    hits = {(row, text): overlap for row, text, overlap in found(texts, known, Rules(ngram=ngram))}
    for number, text in enumerate(known):
        assert ((len(texts) - len(known) + number, number) in hits) == (len(text.split()) >= 4)
    for (row, number), overlap in hits.items():
        parts = known[number].split()
        assert 0.75 <= overlap <= common(texts[row].split(), parts) / len(parts) + 1e-3


def test_a_text_in_order_is_found_behind_its_words_in_disorder():
    known = "one two three four five six"
    assert found([f"five six four five three four two three one two and then {known}"], [known], Rules(ngram=2))


def common(one: list[str], other: list[str]) -> int:
    """Length of the longest common subsequence, by the book."""
    lengths = [[0] * (len(other) + 1) for _ in range(len(one) + 1)]
    for at, left in enumerate(one):
        for to, right in enumerate(other):
            longer = max(lengths[at][to + 1], lengths[at + 1][to])
            lengths[at + 1][to + 1] = lengths[at][to] + 1 if left == right else longer
    return lengths[-1][-1]
