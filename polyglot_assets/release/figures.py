"""Figures as people write them, and what the words beside a figure say that it counts.

Here: single cells, labels and titles. Not here: where they stand in a card (card_page.py), and sentences (claims.py).
"""

import re
import unicodedata
from dataclasses import dataclass

from polyglot_assets.text.languages import display_name, to_code
from polyglot_assets.text.variants import to_target

_SPACES = " \u00a0\u2009\u202f"
_UNITS = {
    "k": 10**3, "thousand": 10**3, "lakh": 10**5, "lakhs": 10**5, "m": 10**6, "mn": 10**6, "million": 10**6,
    "crore": 10**7, "crores": 10**7, "b": 10**9, "bn": 10**9, "billion": 10**9,
}  # fmt: skip
_UNIT = r"(?:[kKMB]|mn|bn|(?:[Tt]housand|[Mm]illion|[Bb]illion|[Ll]akhs?|[Cc]rores?))\b"

_ONES = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
_TEENS = (
    "ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
)  # fmt: skip
_TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_WORDS = {name: number for number, name in enumerate([*_ONES, *_TEENS], start=1)}
_WORDS |= {name: 10 * number for number, name in enumerate(_TENS, start=2)}
_BELOW_100 = rf"(?:(?:{'|'.join(_TENS)})(?:[\s-]+(?:{'|'.join(_ONES)}))?|{'|'.join([*_TEENS, *_ONES])})\b"
_HUNDREDS = rf"(?:an?|{_BELOW_100})\s+hundred\b(?:\s+(?:and\s+)?{_BELOW_100})?"
_BELOW_1000 = rf"(?:{_HUNDREDS}|{_BELOW_100})"
_LARGE = r"(?:thousand|lakhs?|million|crores?|billion)\b"
_MANY = (
    rf"(?:half\s+an?|an?|{_BELOW_1000})\s+{_LARGE}(?:\s+(?:and\s+)?{_BELOW_1000}(?:\s+{_LARGE})?){{0,4}}|{_HUNDREDS}"
)
WORDS_BELOW_1000 = rf"(?i:{_BELOW_1000})"
"""A number in English words, as a pattern: `seven`, `twenty-three`, `a hundred and one`."""

_EAST_ASIAN_UNITS = dict.fromkeys("千천", 10**3) | dict.fromkeys("万萬만", 10**4) | dict.fromkeys("億亿억", 10**8)
_EAST_ASIAN = (
    rf"(?:\d{{1,3}}(?:,\d{{3}}){{1,3}}|\d{{1,8}})(?:\.\d{{1,6}})?[{_SPACES}]?(?:[千천]?[万萬만億亿억]|[千천])"
    rf"(?:[{_SPACES}]?\d{{1,4}}(?:[千천][万萬만]?|[万萬만])){{0,2}}"
    rf"(?:[{_SPACES}]?(?:\d,\d{{3}}|\d{{1,4}})(?![\d.,千천万萬만億亿억]))?"
)

# Fifteen digits are more than any data set has, and fewer than any computer finds hard.
FIGURE = (
    rf"(?<![\w.,-])(?P<number>{_EAST_ASIAN}|(?i:{_MANY})"
    rf"|\d{{1,3}}(?:[,.'\u2019{_SPACES}]\d{{3}}){{1,5}}|\d{{1,2}}(?:,\d{{2}}){{1,6}},\d{{3}}"
    rf"|\d{{1,15}}(?:[.,]\d{{1,6}}(?=[{_SPACES}]?{_UNIT}))?)(?!\d|[.,]\d)(?P<unit>[{_SPACES}]?{_UNIT})?"
)
"""A whole number as the groups `number` and `unit`: with any separator of thousands, also Indian (1,23,456); `1.2
million`; `12万` and `1억 2천만`; from a hundred on also in English words (`two hundred thousand`)."""

_FIGURE = re.compile(FIGURE)
_SHARE = re.compile(r"(?P<whole>\d{1,3})(?:[.,](?P<part>\d{1,12}))?\s*%")

NOUNS = (
    "rows|examples|samples|instances|pairs|records|entries|conversations|dialogues|instructions|prompts|items|"
    "data ?points|documents|triples"
)
"""What figures count, as a pattern."""

_OTHER_NOUNS = (
    "샘플|데이터|개수|건수|문장|예시|(?:样本|樣本|数据|數據|条目|条|行)(?:[数數]?量|[数數])?|サンプル|データ|件数|beispiele|zeilen|ejemplos|filas|"
    "exemples|lignes|exemplos|esempi|righe|count|counts|number|size|no|n"
)

_OTHERS = rf"\b(?:{_OTHER_NOUNS})\b"

SPLITS = {
    "train": r"\btrain(?:ing)?\b|학습|훈련|训练|訓練|学習|\bentrenamiento\b|\bentraînement\b|\btreino\b|\bобучающ\w*",
    "test": r"\btest(?:ing)?\b|테스트|시험|测试|測試|テスト|\bprueba\b|\bтестов\w*",
    "validation": r"\bvalid(?:ation)?\b|\bval\b|\bdev(?:elopment)?\b|검증|验证|驗證|検証|\bvalidación\b|\bвалидац\w*",
}
"""Names of splits in several languages, as patterns."""

_TOTAL = (
    r"\btotal(?:s|e|es|aux)?\b|\boverall\b|\baltogether\b|\bin all\b|\ball(?: languages| splits)?$|^sum$|"
    r"\b(?:ins)?gesamt\w*|\bsumme\b|^suma$|\btoplam\b|\brazem\b|\bcelkem\b|\bjumlah\b|\bвсего\b|\bитого\b|"
    r"합계|총계|총합|^총\b|전체|合计|总计|总数|共计|合計|總計|總數|総数|総計|全体|^计$|^計$|कुल|المجموع|الإجمالي|إجمالي|รวม|\btổng\b|^[总總]"
)

_SUBTOTAL = (
    r"\bsub[- ]?totals?\b|\bsous-total|\bzwischensumme|\bpartial (?:sum|total)\b|소계|小计|小計|подытог|промежуточн"
)

_SUMS_UP = re.compile(f"{_SUBTOTAL}|{_TOTAL}")
_LINKS = re.compile(r"\[([^\]]{0,500})\]\([^)]{0,500}\)|<[^<>]{0,500}>")
_MARKS = re.compile(r"[*`~]|(?<!\w)_|_(?!\w)|[\U0001F000-\U0001FAFF]")

MEASURES = re.compile(
    r"\b(?:tokens?|characters?|chars|words?|bytes|hours?|minutes|seconds|length|turns?|mean|avg|average|median|min|max|"
    r"scores?|acc(?:uracy)?|bleu|chrf|rouge|f1|em|perplexity|ppl|wer|cer|elo|rank|ratio|size in|[kmgt]i?b|"
    r"speakers?|population|param(?:eter)?s?|downloads)\b",
    re.IGNORECASE,
)
"""What is measured of rows and does not count them, so that it need not add up to their number."""


@dataclass(frozen=True)
class Figure:
    """A figure; the true one may differ from `value` by `slack`, as `86k` may be 85,952."""

    value: int
    slack: int = 0


@dataclass(frozen=True)
class Label:
    """What the words beside a figure say.

    Attributes:
        total: it is that of everything.
        split: it is that of this split: train, test or validation.
        rest: what is counted, where that may be something else than rows: `assistant messages`.
    """

    total: bool
    split: str | None
    rest: str


def figure_in(found: re.Match[str]) -> Figure:
    """The figure that FIGURE has found."""
    number, unit = found["number"], (found["unit"] or "").strip(_SPACES).casefold()
    if number[0].isalpha():
        return _rounded(in_words(number))
    if not _EAST_ASIAN_UNITS.keys().isdisjoint(number):
        return _east_asian(number)
    if not unit:
        return Figure(int(re.sub(r"\D", "", number)))
    decimal = re.fullmatch(r"(\d+)[.,](\d{1,6})", number)
    if decimal and (len(decimal[2]) != 3 or "." in number):
        digits, places = int(decimal[1] + decimal[2]), len(decimal[2])
    else:
        digits, places = int(re.sub(r"\D", "", number)), 0
    size = _UNITS[unit]
    return Figure(digits * size // 10**places, max(size // (2 * 10**places), 0))


def in_words(number: str) -> int:
    """The value of what WORDS_BELOW_1000 has found, or the words of FIGURE."""
    whole, part = 0.0, 0.0
    for word in re.findall("[a-z]+", number.casefold()):
        if word == "half":
            part = 0.5
        elif word in ("a", "an"):
            part = part or 1
        elif word == "hundred":
            part *= 100
        elif word in _UNITS:
            whole, part = whole + part * _UNITS[word], 0
        else:
            part += _WORDS.get(word, 0)
    return int(whole + part)


def _rounded(value: int) -> Figure:
    """A figure in words; nobody writes one out to the last row, so it is as exact as its last word."""
    zeros = len(str(value)) - len(str(value).rstrip("0"))
    return Figure(value, 10**zeros // 2)


def _east_asian(number: str) -> Figure:
    value = slack = 0
    for digits, decimals, units in re.findall(rf"(\d[\d,]*)(?:\.(\d+))?[{_SPACES}]?([千천]?[万萬만億亿억]?)", number):
        size = 1
        for unit in units:
            size *= _EAST_ASIAN_UNITS[unit]
        value += int(digits.replace(",", "") + decimals) * size // 10 ** len(decimals)
        slack = size // (2 * 10 ** len(decimals))
    return Figure(value, slack)


def count_of(cell: str) -> Figure | None:
    """The whole number in a cell, as FIGURE has it; None if it holds anything else."""
    found = _FIGURE.fullmatch(bare(cell))
    return figure_in(found) if found else None


def share_of(cell: str) -> tuple[float, float] | None:
    """The share in a cell such as `24.1 %` as (0.241, 0.001), the second being the last digit's unit; else None."""
    found = _SHARE.fullmatch(bare(cell))
    if not found:
        return None
    part = found["part"] or ""
    return float(f"{int(found['whole'])}.{part or 0}") / 100, 10.0 ** -(len(part) + 2)


def language_of(cell: str) -> str | None:
    """The code of the language that a cell names: `Arabic`, `ar`, `ind_Latn`, `German (de)`."""
    text = bare(cell)[:100]  # a longer one is a text, and looking for each of its parts would take long
    for name in (text, *re.split(r"[()/,]", text)):
        code = to_code(name.replace("_", "-")) if name.strip() else None
        if code and _is_language(code):
            return code
    return None


def variant_of(cell: str) -> str | None:
    """The code of a language with script or region, where a cell is one: `pt-BR`."""
    text = bare(cell)[:100]
    return text if "-" in text and to_target(text) == text else None


def label_of(text: str) -> Label:
    """What a label or a title says."""
    words = bare(text).strip(" :_").casefold()
    splits = {name for name, pattern in SPLITS.items() if re.search(pattern, words)}
    rest = words
    for pattern in (_TOTAL, *SPLITS.values(), rf"\b(?:{NOUNS}|grand|of|the|in|set|split|수)\b", _OTHERS):
        rest = re.sub(pattern, " ", rest)
    return Label(
        total=bool(re.search(_TOTAL, words)),
        split=next(iter(splits)) if len(splits) == 1 else None,
        rest=" ".join(re.findall(r"\w+", rest)),
    )


def is_total(cell: str) -> bool:
    """Whether a row or column with this label is the total of the others."""
    if len(cell) > 80 or not re.search(_TOTAL, bare(cell).strip(" :_").casefold()):
        return False
    label = label_of(cell)
    return not label.rest and not label.split


def sums_up(cell: str) -> bool:
    """Whether a row with this label may be the total of some others: `Subtotal`, `Total`, `All European languages`."""
    words = bare(cell).strip(" :_").casefold() if len(cell) <= 80 else ""
    return bool(_SUMS_UP.search(words)) and not label_of(cell).split


def is_subtotal(cell: str) -> bool:
    """Whether a row calls itself the total of some others, in a word that says nothing else: `Subtotal`."""
    return sums_up(cell) and bool(re.search(_SUBTOTAL, bare(cell).casefold()))


def bare(cell: str) -> str:
    """A cell without Markdown's marks, links, tags and pictograms."""
    return cell if cell.isalnum() else _MARKS.sub("", _LINKS.sub(r"\1", cell)).strip()


def printable(text: str) -> str:
    """A text of a card as it may be printed: one line, without what would steer a terminal or turn its direction."""
    shown = (" " if unicodedata.category(char) in ("Cc", "Cf", "Cs", "Zl", "Zp") else char for char in text)
    return " ".join("".join(shown).split(" "))


def _is_language(code: str) -> bool:
    try:
        return bool(display_name(code))
    except LookupError:
        return False
