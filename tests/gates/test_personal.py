"""Numbers and addresses of persons are found; those of nobody, and numbers that only look like them, are not."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from polyglot_assets.gates.personal import ACCOUNT, CARD, EMAIL, IP, KINDS, NATIONAL_ID, PHONE, personal_data

FOUND = [
    ("de", "Schreib an anna.kowalski@posteo.de, bitte.", EMAIL),
    ("ja", "連絡先はtaro.yamada7@yahoo.co.jpです。", EMAIL),
    ("en", "mailto:j_doe1984@mail.uni-bonn.de", EMAIL),
    ("de", "Ruf mich an: +49 171 9876543.", PHONE),
    ("de", "Tel. 0711 6852345", PHONE),
    ("cs", "Volejte 602 123 987 kdykoliv.", PHONE),
    ("es", "Mi teléfono es el 612 34 98 76.", PHONE),
    ("id", "Hubungi saya di 0812-3456-7809", PHONE),
    ("tl", "Tawagan mo ako sa 0917 555 4321.", PHONE),
    ("ja", "電話は090-8765-4321まで。", PHONE),
    ("ar", "اتصل بي على +966 50 123 4567", PHONE),
    ("en", "Call (415) 992-7318 today", PHONE),
    ("ja", "電話：０９０－１２３４－５６７８", PHONE),
    ("ja", "電話：03－3234－5678", PHONE),
    ("ja", "TEL：03（3234）5678", PHONE),
    ("ja", "電話番号は（０３）３２３４ー５６７８です。", PHONE),
    ("ja", "携帯 090　1234　5678", PHONE),
    ("ja", "＋81 90-8765-4321", PHONE),
    ("ar", "هاتف: ٠٥٠ ١٢٣ ٤٥٦٧", PHONE),
    ("es", "Llámame al 612 345 678.", PHONE),
    ("tl", "Ang numero ko ay 0917 555 4321.", PHONE),
    ("de", "Unsere Rufnummer: 0711 6852345", PHONE),
    ("de", "Meine Nummer ist 0711 6852345.", PHONE),
    ("de", "Mobil 0171 9876543", PHONE),
    ("de", "Mobilfunknummer: 0171 9876543", PHONE),
    ("cs", "Na mobilu 602 123 987", PHONE),
    ("en", "My mobile: 07911 123456", PHONE),
    ("th", "โทร 081 234 5678", PHONE),
    ("hi", "फ़ोन: 98765 43210", PHONE),
    ("hi", "मोबाइल 9876543210", PHONE),
    ("ja", "連絡先はｔａｒｏ＠ｇｍａｉｌ．ｃｏｍです。", EMAIL),
    ("ar", "عنوان الخادم ٨٤.١١٢.٥٧.٢٠٣ كما ترى", IP),
    ("ar", "بطاقتي ٤٥٣٩ ١٤٨٨ ٠٣٤٣ ٦٤٦٧", CARD),
    ("ja", "カードは４５３９−１４８８−０３４３−６４６７", CARD),
    ("en", "The attack came from 84.112.57.203 at night.", IP),
    ("en", "Address 2a00:1450:4001:81c:0:0:0:200e answered.", IP),
    ("de", "Karte 4539 1488 0343 6467, gültig bis 12/27", CARD),
    ("en", "5425-2334-3010-9903", CARD),
    ("de", "IBAN: DE44 5001 0517 5407 3249 31", ACCOUNT),
    ("cs", "CZ55 0800 0000 0012 3456 7899", ACCOUNT),
    ("es", "Mi DNI es 54362315K.", NATIONAL_ID),
    ("es", "NIE X-2482300-W", NATIONAL_ID),
    ("cs", "Rodné číslo 710319/2745", NATIONAL_ID),
    ("en", "My SSN is 536-90-4399.", NATIONAL_ID),
    ("de", "Steuer-ID: 36 574 261 809", NATIONAL_ID),
]
HARMLESS = [
    "max@example.com", "a.b@beispiel.example.org", "info@stadtwerke.de", "your.name@gmail.com", "user@localhost", "@app.route",
    "react@18.2.0", "git@github.com:org/repo.git", "jemand@firma.de",
    "2001:4860:4860::8888", "2606:4700:4700:0:0:0:0:1111", "Mobilfunkfrequenz 1800 2100 2600",
    "Nummer 1800 2100 2600", "numero 602 123 987", "โทรทัศน์ 0812345678", "10²³ × 4539１４８８", "２０２３－１０－１１",
    "127.0.0.1", "192.168.1.17", "10.0.0.5", "192.0.2.44", "203.0.113.9", "8.8.8.8", "255.255.255.0", "Version 84.0.4147.105",
    "Chrome/91.0.4472.124", "2001:db8::1", "12:30:45", "999.1.1.300", "Kapitel 1.2.3.4",
    "+1 212 555 0147", "+44 20 7946 0958", "+49 30 23125 456", "2023-10-11 12:30:00", "1234567890", "ISBN 978-3-16-148410-0",
    "1 000 000 000 Kč", "299 792 458 m/s", "3.14159265358979", "Tel. 12", "Telefonnummer: 123",
    "4111 1111 1111 1111", "4242424242424242", "4539 1488 0343 6468", "1234 5678 9012 3456", "0000 0000 0000 0000",
    "DE89 3704 0044 0532 0130 00", "DE44 5001 0517 5407 3249 32", "54362315A", "710319/2746", "000-12-3456", "36574261809", "",
]  # fmt: skip


@pytest.mark.parametrize(("language", "text", "kind"), FOUND)
def test_found(language: str, text: str, kind: str) -> None:
    assert kind in personal_data(text, language)
    assert kind in personal_data(f"```\n{text}\n```", language), "code counts too"


@pytest.mark.parametrize("text", HARMLESS)
@pytest.mark.parametrize("language", ["de", "cs", "en"])
def test_nobodys(text: str, language: str) -> None:
    assert personal_data(f"Hier steht {text} und sonst nichts.", language) == ()


def test_a_number_without_country_code_needs_a_word_that_says_what_it_is() -> None:
    assert personal_data("Die Formel braucht 0711 6852345 Schritte.", "de") == ()
    assert personal_data("Telefon: 0711 6852345", "de") == (PHONE,)


def test_all_kinds_come_in_one_order() -> None:
    assert personal_data(" ; ".join(text for _, text, _ in reversed(FOUND)), "de") == KINDS


@settings(deadline=None)
@given(st.text(max_size=200), st.sampled_from(["de", "ar", "xx"]))
def test_any_text_is_read(text: str, language: str) -> None:
    assert set(personal_data(text, language)) <= set(KINDS)


@settings(deadline=None)
@given(st.from_regex(r"[0-9 +()./:@A-Z-]{0,40}", fullmatch=True))
def test_any_row_of_digits_is_read(text: str) -> None:
    assert set(personal_data(text, "es")) <= set(KINDS)
