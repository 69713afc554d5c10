"""Figures as people write them, and what the words beside a figure say that it counts.

Here: single cells, labels and titles. Not here: where they stand in a card (card_page.py), and sentences (claims.py).
"""

import re
import unicodedata
from dataclasses import dataclass

from polyglot_assets.text.languages import display_name, to_code

_SPACES = " \u00a0\u2009\u202f"
_UNITS = {
    "k": 10**3, "thousand": 10**3, "lakh": 10**5, "lakhs": 10**5, "m": 10**6, "mn": 10**6, "million": 10**6,
    "crore": 10**7, "crores": 10**7, "b": 10**9, "bn": 10**9, "billion": 10**9,
}  # fmt: skip
_UNIT = r"(?:[kKMB]|mn|bn|(?:[Tt]housand|[Mm]illion|[Bb]illion|[Ll]akhs?|[Cc]rores?))\b"

# Fifteen digits are more than any data set has, and fewer than any computer finds hard.
FIGURE = (
    rf"(?<![\w.,-])(?P<number>\d{{1,3}}(?:[,.'\u2019{_SPACES}]\d{{3}}){{1,5}}|\d{{1,2}}(?:,\d{{2}}){{1,6}},\d{{3}}"
    rf"|\d{{1,15}}(?:[.,]\d{{1,6}}(?=[{_SPACES}]?{_UNIT}))?)(?!\d|[.,]\d)(?P<unit>[{_SPACES}]?{_UNIT})?"
)
"""A whole number with any separator of thousands, also Indian (1,23,456) and also `1.2 million`, as the groups `number`
and `unit`."""

_SHARE = re.compile(r"(?P<whole>\d{1,3})(?:[.,](?P<part>\d{1,12}))?\s*%")

NOUNS = (
    "rows|examples|samples|instances|pairs|records|entries|conversations|dialogues|instructions|prompts|items|"
    "data ?points|documents|triples"
)
"""What figures count, as a pattern."""

_OTHER_NOUNS = (
    "샘플|데이터|개수|건수|문장|예시|样本|樣本|数据|數據|条目|サンプル|データ|件数|beispiele|zeilen|ejemplos|filas|"
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
    r"합계|총계|총합|^총\b|전체|合计|总计|总数|共计|合計|總計|總數|総数|総計|全体|^计$|^計$|कुल|المجموع|الإجمالي|إجمالي|รวม|\btổng\b"
)

MEASURES = re.compile(
    r"\b(?:tokens?|characters?|chars|words?|bytes|hours?|minutes|seconds|length|turns?|mean|avg|average|median|min|max|"
    r"scores?|acc(?:uracy)?|bleu|chrf|rouge|f1|em|perplexity|ppl|wer|cer|elo|rank|ratio|size in|[kmgt]i?b)\b",
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
    if not unit:
        return Figure(int(re.sub(r"\D", "", number)))
    decimal = re.fullmatch(r"(\d+)[.,](\d{1,6})", number)
    if decimal and (len(decimal[2]) != 3 or "." in number):
        digits, places = int(decimal[1] + decimal[2]), len(decimal[2])
    else:
        digits, places = int(re.sub(r"\D", "", number)), 0
    size = _UNITS[unit]
    return Figure(digits * size // 10**places, max(size // (2 * 10**places), 0))


def count_of(cell: str) -> int | None:
    """The whole number in a cell, with any separator of thousands; None if it holds anything else."""
    found = re.fullmatch(FIGURE, bare(cell))
    return figure_in(found).value if found and not found["unit"] else None


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


def bare(cell: str) -> str:
    """A cell without Markdown's marks, links, tags and pictograms."""
    text = re.sub(r"\[([^\]]{0,500})\]\([^)]{0,500}\)|<[^<>]{0,500}>", r"\1", cell)
    return re.sub(r"[*`~]|(?<!\w)_|_(?!\w)|[\U0001F000-\U0001FAFF]", "", text).strip()


def printable(text: str) -> str:
    """A text of a card as it may be printed: one line, without what would steer a terminal or turn its direction."""
    shown = (" " if unicodedata.category(char) in ("Cc", "Cf", "Cs", "Zl", "Zp") else char for char in text)
    return " ".join("".join(shown).split(" "))


def _is_language(code: str) -> bool:
    try:
        return bool(display_name(code))
    except LookupError:
        return False
