"""The pictures show the table they are made from."""

import base64
import io
import re

from PIL import Image

from polyglot_assets.marts.plots import language_chart, language_picture

ROWS = [
    {"language": "de", "rows": 40, "generate_rows": 20, "respond_rows": 20, "translate_rows": 0},
    {"language": "ar", "rows": 10, "generate_rows": 0, "respond_rows": 0, "translate_rows": 10},
]


def test_bars_are_in_proportion() -> None:
    lines = language_chart(ROWS).splitlines()
    assert lines[2].startswith("| de |")
    assert lines[2].count("█") == 4 * lines[3].count("█") > 0


def test_no_rows_make_an_empty_chart() -> None:
    assert len(language_chart([]).splitlines()) == 2
    assert "image/png" in language_picture([])


def test_the_picture_is_a_png_in_three_colours() -> None:
    encoded = re.search(r"base64,([^)]+)\)", language_picture(ROWS))
    assert encoded
    image = Image.open(io.BytesIO(base64.b64decode(encoded[1]))).convert("RGB")
    colours = {colour for _, colour in image.getcolors(maxcolors=1 << 20) or []}
    assert {(0x40, 0x63, 0xD8), (0x38, 0x98, 0x26), (0x95, 0x58, 0xB2)} <= colours
