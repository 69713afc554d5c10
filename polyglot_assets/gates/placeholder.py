"""The placeholder gate: holes that somebody still had to fill in.

Here: `[Your Name]`, `<insert the text here>`, `{{topic}}`, `【あなたの名前】`, lorem ipsum. Not here: marks of chat
templates (debris.py).

A prompt with a hole in it cannot be answered, and an answer with one is not finished. A letter or a form that was asked
for may have them: where the prompt has a hole itself, or asks for something to fill in, those of the answer do not
count. Brackets alone say nothing, as citations, chords, indices and stage directions stand in them too. What counts is
what they say: a word that tells somebody to fill in, that means the reader, or that names nothing but what is missing.

It is off by default: it joined when there were lakes already, whose rows must not change by themselves.
"""

import re
from collections.abc import Iterator

from pydantic import Field

from polyglot_assets.domain import outcomes
from polyglot_assets.domain.outcomes import Outcome
from polyglot_assets.gates.debris import CODE
from polyglot_assets.gates.gate import COUNT, Column, Finding, Gate, Limits, Objection, Pair

_FILL_IN = (
    "insert|enter your|add your|paste|fill in|put your|type your|write your|specify|your|to be (?:added|filled)|tbd"
    "|einfügen|einsetzen|eintragen|ergänzen|ausfüllen|ihre?[nrms]?|deine?[nrms]?|hier (?:ein|den|die|das)"
    "|inserte|insertar?|ingrese|ingresar|introduzca|introducir|completar|tus?|sus?|aquí"
    "|vložte?|vložit|doplňte?|doplnit|uveďte|zadejte|vaše|váš|vaší|tvoje|tvé|zde"
    "|masukkan|sisipkan|isikan|isi|tuliskan|di sini|anda|ilagay|isulat|punan|iyong|inyong|dito"
    "|votre|vos|insérez|insérer|saisir|ici|seus?|suas?|insira|inserir|preencher|vostr[oaie]|inserire|inserisci"
)
"""With these a placeholder begins."""
_AT_THE_END = "einfügen|einsetzen|eintragen|here|hier|aquí|zde|di sini|anda|kamu|dito|ici"
"""With these it ends."""
_WHOSE = (
    "(?:full |first |last |(?:company|recipient|client|customer|friend|manager|employee|supervisor)(?:['’]s)? "
    "|product |event |phone |email |e-mail |street |job |position )?"
)
_MISSING = (
    f"{_WHOSE}(?:name|date|address|number|title|email|e-mail|location|topic|company|position|time|deadline|city"
    "|country|amount)|(?:vollständiger |vor|nach)?name|datum|adresse|telefonnummer|ort|firma|firmenname|thema|uhrzeit"
    "|unterschrift|nombre|fecha|dirección|teléfono|lugar|empresa|tema|hora|ciudad|nombre de (?:la |el )?\\w+"
    "|jméno|adresa|telefon|místo|společnost|téma|podpis|nama|tanggal|alamat|nomor telepon|perusahaan|topik"
    "|pangalan|petsa|tirahan"
)
"""It says nothing else."""
_ANYWHERE = (
    "あなたの|ご自身の|お名前|を入力|を記入|を記載|を挿入|您的|你的|填写|请输入|입력|당신의|귀하의"
    "|أدخل|أدرج|اكتب هنا|اسمك|اسم الشركة|ваше|ваша|введите|вставьте|укажите"
)
"""One of these stands in it, in scripts where no word begins a phrase alone."""
_OTHER = r"[^\[\]<>【】［］〔〕\n]"
_HOLE = re.compile(
    # An index follows a word, and a link is followed by its address. `<title>` and `<your-tag>` are elements.
    r"(?<!\w)(?:[\[【［〔]|<(?=[^<>\n]* ))\s*"
    rf"(?:(?:{_FILL_IN})(?!\w){_OTHER}{{0,60}}|{_OTHER}{{1,60}}?(?<!\w)(?:{_AT_THE_END})|(?:{_MISSING})"
    rf"|{_OTHER}{{0,30}}(?:{_ANYWHERE}){_OTHER}{{0,30}})"
    r"\s*[\]>】］〕](?!\()"
    r"|\{\{\s*[^\W\d]\w{1,30}\s*\}\}|\blorem ipsum\b",
    re.IGNORECASE,
)
_SUSPECT = re.compile(r"[\[<【［〔]|\{\{|lorem", re.IGNORECASE)
_TO_FILL_IN = re.compile(
    r"\b(?:template|placeholder|fill[- ]in|boilerplate|form letter|vorlage|muster\w*|platzhalter|plantilla|modelo"
    r"|marcador|šablon\w*|vzor\w*|templat|contoh surat|formulir|modèle|gabarit|modello)\b"
    r"|テンプレート|雛形|ひな形|模板|模版|نموذج|قالب|шаблон|템플릿",
    re.IGNORECASE,
)
"""A prompt that says so asks for something with holes."""


def holes(text: str) -> list[str]:
    """The placeholders in `text` outside of code, as they stand there."""
    if not _SUSPECT.search(text):
        return []
    plain = CODE.sub(" ", text) if "`" in text or "~~~" in text else text
    return [found[0] for found in _HOLE.finditer(plain)]


UNFILLED = Outcome(
    "unfilled", outcomes.GATES, "a placeholder that nobody filled in, such as `[Your Name]`, and that was not asked for"
)


class PlaceholderLimits(Limits):
    """How many holes are too many."""

    placeholders: int = Field(
        default=1,
        ge=1,
        description="So many placeholders (`[Your Name]`, `<insert text here>`, `{{topic}}`) that nobody asked for "
        "make a text `unfilled`.",
    )


def _assess(pair: Pair, limits: PlaceholderLimits) -> Finding:
    asked, answered = holes(pair.prompt), holes(pair.response)
    if asked or _TO_FILL_IN.search(pair.prompt):
        answered = []
    if not pair.invented:  # a seed's own prompt is the source's
        asked = []
    return Finding({"placeholders": len(asked) + len(answered)}, _objections(asked, answered, limits))


def _objections(asked: list[str], answered: list[str], limits: PlaceholderLimits) -> Iterator[Objection]:
    for name, found in (("prompt", asked), ("response", answered)):
        if len(found) >= limits.placeholders:
            yield UNFILLED, f"the {name} has the placeholder {found[0]} ({len(found)} in all)"


GATE = Gate(
    "placeholder",
    "holes that somebody still had to fill in",
    decides=25,
    joined=80,
    outcomes=(UNFILLED,),
    columns=(Column("placeholders", COUNT, "Placeholders in prompt and response that nobody asked for"),),
    limits=PlaceholderLimits,
    assess=_assess,
    default_on=False,
)
