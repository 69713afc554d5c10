"""The personal-data gate: addresses and numbers that belong to a person or an account.

Here: e-mail addresses, telephone numbers, public IP addresses, payment cards, bank accounts and national identity
numbers. Not here: names, which no rule can tell from the names of the famous.

Everything with check digits or a numbering plan is tested against it (phonenumbers, python-stdnum), because a row of
digits alone says nothing. What is set aside for documentation is nobody's: example.com, 192.0.2.1, 555-0100, the card
numbers that payment services publish for tests. Shared mailboxes (info@) and addresses that stand for the reader's
own (your.name@) are no persons either.

Digits, hyphens and Latin letters count in every writing: Arabic ones, full-width ones and ASCII are the same number.
"""

import ipaddress
import re
import unicodedata
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Annotated

import pyarrow as pa
from pydantic import AfterValidator, Field

from polyglot_assets.domain import outcomes
from polyglot_assets.domain.outcomes import Outcome
from polyglot_assets.gates.gate import TEXT, Column, Finding, Gate, Limits, Objection, Pair, choose

EMAIL, PHONE, IP, CARD, ACCOUNT, NATIONAL_ID = "email", "phone", "ip_address", "card", "bank_account", "national_id"

KINDS = (EMAIL, PHONE, IP, CARD, ACCOUNT, NATIONAL_ID)
"""All kinds, in the order in which they are named."""

_OTHER_DIGIT = re.compile(r"[^\D0-9]")
_OTHER_SIGN = re.compile("[0-9][‐‒–—―−ー－ｰ（）．　][0-9]")
_HYPHEN = re.compile("(?<=[0-9])[‐‒–—―−ー－ｰ](?=[0-9])")
_FULL_WIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {0x3000: 0x20}

_DIGITS = re.compile(r"\d(?:[ ()./‑–-]{0,2}\d){6}")
"""Nothing with fewer digits in a row is a telephone number, a card or an account."""
_COLONS = re.compile(r"[0-9a-fA-F]:[0-9a-fA-F]{0,4}:")
_LETTERS_AND_DIGITS = re.compile(r"[A-Z]{4}\d\d|[A-Z]-?\d{7}")
# ASCII word characters: Japanese sets no space between words and numbers.
_EMAIL = re.compile(r"(?<![\w.%+-])([A-Za-z0-9._%+-]{1,64})@((?:[A-Za-z0-9-]+\.)+[A-Za-z]{2,24})(?![\w-])", re.ASCII)
_RESERVED = re.compile(
    r"(?:.*\.)?(?:example\.[a-z.]+|[\w-]+\.(?:example|test|invalid|localhost|local|internal))"
    r"|(?:.*\.)?(?:(?:your|my|tu|ihre?|deine?|vase|vas)[\w-]*|domain|dominio|domena|domäne|beispiel|ejemplo|priklad|contoh"
    r"|halimbawa|company|firma|empresa|perusahaan|email|muster\w*|sample|placeholder|website|test|server|host)\.[a-z.]+"
)
_NOBODY = re.compile(
    r"(?:your?|my|tu|user|username|name|nombre|nama|usuario|someone|somebody|anyone|email|e-mail|mail|test|example|sample|foo|bar"
    r"|info|support|contact|kontakt|contacto|no-?reply|donotreply|admin|administrator|help|helpdesk|sales|office|service|hello"
    r"|webmaster|postmaster|press|privacy|abuse|security|jobs|careers|hr|team|billing|newsletter|marketing|git|root|ubuntu"
    r"|ec2-user|vertrieb|verkauf|buchhaltung|podpora|ventas|soporte|layanan)(?:[._+-]?(?:name|email|mail|here|address|\d{1,3}))?"
)
_IPV4 = re.compile(r"(?<![\w./:-])(?:\d{1,3}\.){3}\d{1,3}(?![\w-]|\.\d)", re.ASCII)
_IPV6 = re.compile(
    r"(?<![\w:.])(?:[0-9a-fA-F]{1,4}:){2,7}(?::|[0-9a-fA-F]{1,4})(?::?[0-9a-fA-F]{1,4}){0,5}(?![\w:])", re.ASCII
)
_VERSION = re.compile(r"(?:\bv|vers\w*|release|build|firmware|الإصدار|verze|バージョン)\W{0,3}\Z", re.IGNORECASE)
_SERVICES = {"1.1.1.1", "1.0.0.1", "8.8.8.8", "8.8.4.4", "9.9.9.9", "208.67.222.222", "208.67.220.220", "4.2.2.2",
             "2001:4860:4860::8888", "2001:4860:4860::8844", "2606:4700:4700::1111", "2606:4700:4700::1001",
             "2620:fe::fe", "2620:fe::9", "2620:119:35::35", "2620:119:53::53"}  # fmt: skip
"""Public name servers, which every text about networks names."""
_CARD = re.compile(r"(?<![\w.,+-])\d(?:[ -]?\d){12,18}(?![\w-]|[.,]\d)", re.ASCII)
_CARD_START = re.compile(r"4|5[1-5]|2[2-7]|3[4-7]|6011|65|62")
_TEST_CARDS = {
    "4111111111111111", "4242424242424242", "4000056655665556", "4012888888881881", "4222222222222", "5555555555554444",
    "5105105105105100", "5200828282828210", "2223003122003222", "378282246310005", "371449635398431",
    "6011111111111117", "6011000990139424", "3530111333300000", "3566002020360505", "30569309025904", "38520000023237",
}  # fmt: skip
_IBAN = re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?\b", re.ASCII)
_SAMPLE_IBANS = {
    "DE89370400440532013000", "GB29NWBK60161331926819", "GB82WEST12345698765432", "GB33BUKB20201555555555",
    "FR1420041010050500013M02606", "FR7630006000011234567890189", "ES9121000418450200051332", "AT611904300234573201",
    "CH9300762011623852957", "CZ6508000000192000145399", "NL91ABNA0417164300", "IT60X0542811101000000123456",
    "BE68539007547034", "PL61109010140000071219812874", "SA0380000000608010167519", "AE070331234567890123456",
}  # fmt: skip
"""The examples that the registry of account formats and the banks themselves print."""
_PHONE = re.compile(r"(?<![A-Za-z0-9_.,/+(-])(?:\+ ?|00|\()?\d(?:[ ()./‑–-]{0,2}\d){6,14}(?![A-Za-z0-9_]|[.,]\d)")
_CALL = re.compile(
    r"(?:\btel\b|tel[.:]|telef|t[eé]l[eé]fono|telp|telepon|tlf|phone|\bcall\b|\bfax\b|handy|m[oó]vil|celular"
    r"|\bmobil(?:\w{0,2}|ní\w*|(?:funk)?nummer|telefon\w*)\b"
    r"|whatsapp|rufen|anruf|ruf\w* .{0,12}an\b|ll[aá]m|volejte|zavolej|hubungi|\bhp\b|nomor|tawag|tumawag|電話|携帯"
    r"|ファックス|手机|手機|电话|هاتف|جوال|تلفون|اتصل|전화|연락처|тел|звон|rufnummer|โทร(?!ทัศน์|เลข)|เบอร์"
    r"|फ\u093c?ोन|\u095eोन|मोबाइल)\D{0,25}\Z",
    re.IGNORECASE,
)
_NUMBER_WORD = re.compile(r"(?<![\w-])(?:nummer|numero|número)\b\D{0,25}\Z", re.IGNORECASE)
"""Words that stand before numbers of all kinds: a telephone number then begins with 0."""
_UNUSED_NUMBERS = re.compile(
    r"\+1\d{3}55501\d\d|\+44(?:20794|161496|131496|113496|1632960|7700900|8081570|9098790)\d+"
    r"|\+49(?:3023125|6990009|4066969|22146?69|8999998|171392|1520?28817|176040690)\d+|\+33(?:19900|26191|35301|46571|53649|63998)\d+"
    r"|\+61(?:255501|355501|755501|855501|4915)\d+|\+1800555\d+"
)
"""Numbers that the authorities keep free for films and documentation."""
_MORE_REGIONS = {"es": ("MX", "AR", "CO"), "de": ("AT", "CH"), "ar": ("SA", "AE", "MA"), "pt": ("PT",), "en": ("GB",)}

_NATIONAL = tuple(
    (module, re.compile(shape, re.ASCII), re.compile(word, re.IGNORECASE) if word else None)
    for module, shape, word in (
        ("cz.rc", r"(?<![\w/])\d{6}/\d{3,4}(?![\w/])", ""),
        ("es.dni", r"(?<![\w-])\d{8}-?[A-Z](?![\w-])", ""),
        ("es.nie", r"(?<![\w-])[XYZ]-?\d{7}-?[A-Z](?![\w-])", ""),
        ("us.ssn", r"(?<![\w-])\d{3}-\d{2}-\d{4}(?![\w-])", ""),
        ("kr.rrn", r"(?<![\w-])\d{6}-[1-8]\d{6}(?![\w-])", ""),
        ("br.cpf", r"(?<![\w.])\d{3}\.\d{3}\.\d{3}-\d{2}(?![\w-])", ""),
        ("it.codicefiscale", r"(?<!\w)[A-Z]{6}\d{2}[A-Z]\d{2}[A-Z]\d{3}[A-Z](?!\w)", ""),
        ("mx.curp", r"(?<!\w)[A-Z]{4}\d{6}[HM][A-Z]{5}[A-Z0-9]\d(?!\w)", ""),
        ("id.nik", r"(?<![\w.,])\d{16}(?!\w|[.,]\d)", r"\b(?:nik|ktp)\b|kependuduk|identitas"),
        ("de.idnr", r"(?<![\w.,])\d{2} ?\d{3} ?\d{3} ?\d{3}(?!\w|[.,]\d)", r"steuer|idnr"),
        ("jp.in_", r"(?<![\w.,])\d{4}[ -]?\d{4}[ -]?\d{4}(?!\w|[.,]\d)", r"マイナンバー|個人番号"),
        ("pl.pesel", r"(?<![\w.,])\d{11}(?!\w|[.,]\d)", r"pesel"),
        ("tr.tckimlik", r"(?<![\w.,])\d{11}(?!\w|[.,]\d)", r"kimlik|\btc\b|t\.c\."),
    )
)
"""(module of stdnum, shape, word that must stand before it where the shape alone is any number)."""
_BEFORE = 40
"""Characters before a number in which such a word is looked for."""


def personal_data(text: str, language: str) -> tuple[str, ...]:
    """The kinds of personal data in `text`, in a fixed order; empty if there are none.

    Args:
        text: anything; code counts too.
        language: tells in which countries a telephone number without country code may be at home.
    """
    text = _plain(text)
    digits = bool(_DIGITS.search(text))
    found = {
        EMAIL: "@" in text and any(map(_is_persons, _EMAIL.finditer(text))),
        PHONE: digits and _has_phone(text, language),
        IP: _has_address(text),
        CARD: digits and any(_is_card(match[0]) for match in _CARD.finditer(text)),
        ACCOUNT: digits and any(_is_account(match[0]) for match in _IBAN.finditer(text)),
        NATIONAL_ID: (digits or bool(_LETTERS_AND_DIGITS.search(text))) and _has_national_id(text),
    }
    return tuple(kind for kind in KINDS if found[kind])


def _plain(text: str) -> str:
    """`text` with full-width characters, digits and hyphens of all writings as in ASCII, if it could matter."""
    if text.isascii() or not ("＠" in text or "＋" in text or _OTHER_DIGIT.search(text) or _OTHER_SIGN.search(text)):
        return text
    text = _OTHER_DIGIT.sub(lambda digit: str(unicodedata.decimal(digit[0])), text.translate(_FULL_WIDTH))
    return _HYPHEN.sub("-", text)


def _is_persons(match: re.Match[str]) -> bool:
    local, domain = match[1].lower(), match[2].lower()
    return not (_RESERVED.fullmatch(domain) or _NOBODY.fullmatch(local))


def _has_address(text: str) -> bool:
    for match in _IPV4.finditer(text):
        before = text[max(0, match.start() - 15) : match.start()]
        if not _VERSION.search(before) and _is_public(match[0]):
            return True
    return bool(_COLONS.search(text)) and any(_is_public(match[0]) for match in _IPV6.finditer(text))


def _is_public(address: str) -> bool:
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    # 1.2.3.4 and the like are made up; so are version numbers, whose parts are small.
    small = parsed.version == 4 and max(parsed.packed) < 20
    return str(parsed) not in _SERVICES and parsed.is_global and not parsed.is_multicast and not small


def _is_card(written: str) -> bool:
    from stdnum import luhn

    digits = re.sub(r"\D", "", written)
    return (
        bool(_CARD_START.match(digits)) and digits not in _TEST_CARDS and len(set(digits)) > 2 and luhn.is_valid(digits)
    )


def _is_account(written: str) -> bool:
    from stdnum import iban

    compact = written.replace(" ", "")
    return compact not in _SAMPLE_IBANS and bool(iban.is_valid(compact))


def _has_phone(text: str, language: str) -> bool:
    for match in _PHONE.finditer(text):
        written = match[0]
        if written.startswith(("+", "00")):
            regions: tuple[str | None, ...] = (None,)
            written = "+" + written.removeprefix("00").lstrip("+ ")
        else:
            before = text[max(0, match.start() - _BEFORE) : match.start()]
            if not (_CALL.search(before) or (written.startswith(("0", "(0")) and _NUMBER_WORD.search(before))):
                continue
            regions = _regions(language)
        if any(_is_phone(written, region) for region in regions):
            return True
    return False


def _is_phone(written: str, region: str | None) -> bool:
    import phonenumbers

    try:
        number = phonenumbers.parse(written, region)
    except phonenumbers.NumberParseException:
        return False
    plain = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    return phonenumbers.is_valid_number(number) and not _UNUSED_NUMBERS.fullmatch(plain)


@lru_cache(maxsize=64)
def _regions(language: str) -> tuple[str | None, ...]:
    import langcodes

    home = str(langcodes.Language.get(language).maximize().territory)
    return tuple(dict.fromkeys((home, *_MORE_REGIONS.get(language, ()), "US")))


def _has_national_id(text: str) -> bool:
    return any(_validator(module)(number) for module, number in _national_candidates(text))


def _national_candidates(text: str) -> Iterator[tuple[str, str]]:
    for module, shape, word in _NATIONAL:
        for match in shape.finditer(text):
            if word is None or word.search(text[max(0, match.start() - _BEFORE) : match.start()]):
                yield module, match[0]


@lru_cache(maxsize=32)
def _validator(module: str) -> Callable[[str], bool]:
    from importlib import import_module

    is_valid: Callable[[str], bool] = import_module(f"stdnum.{module}").is_valid
    return is_valid


PERSONAL_DATA = Outcome(
    "personal_data",
    outcomes.GATES,
    "an e-mail address, telephone number, IP address, card, account or identity number",
)
_KIND_NAMES = {
    EMAIL: "an e-mail address",
    PHONE: "a telephone number",
    IP: "an IP address",
    CARD: "a card number",
    ACCOUNT: "an account number",
    NATIONAL_ID: "an identity number",
}


class PersonalLimits(Limits):
    """Which kinds are looked for."""

    personal_kinds: Annotated[tuple[str, ...], AfterValidator(lambda kinds: choose("kind", kinds, KINDS))] = Field(
        default=KINDS, description="Kinds of personal data that make a pair `personal_data`."
    )


def _assess(pair: Pair, limits: PersonalLimits) -> Finding:
    prompt, response = (
        tuple(kind for kind in personal_data(text, pair.language) if kind in limits.personal_kinds)
        for text in (pair.prompt, pair.response)
    )
    return Finding({"personal_data": sorted({*prompt, *response})}, _objections(pair, prompt, response))


def _objections(pair: Pair, prompt: tuple[str, ...], response: tuple[str, ...]) -> Iterator[Objection]:
    # The seed's own prompt is published just the same, so it is searched whoever wrote it.
    for whose, kinds in (("prompt" if pair.invented else "seed's own prompt", prompt), ("response", response)):
        if kinds:
            yield PERSONAL_DATA, f"the {whose} holds " + " and ".join(_KIND_NAMES[kind] for kind in kinds)


GATE = Gate(
    "personal_data",
    "addresses and numbers that belong to a person or an account, in a seed's own prompt too",
    decides=70,
    joined=70,
    outcomes=(PERSONAL_DATA,),
    columns=(Column("personal_data", pa.list_(TEXT), "Kinds of personal data in prompt or response"),),
    limits=PersonalLimits,
    assess=_assess,
)
