"""Codes of languages with a script or a region: `sr-Latn`, `zh-Hant`, `pt-BR`.

Here: the parts of a code, and the name of the whole. Not here: languages themselves (languages.py), and what letters
say about a script (variants.py).
"""

import langcodes

_NAMES = {
    "pt-BR": "Brazilian Portuguese", "pt-PT": "European Portuguese", "zh-Hant": "Traditional Chinese",
    "zh-Hans": "Simplified Chinese", "zh-TW": "Traditional Chinese as written in Taiwan",
    "zh-HK": "Traditional Chinese as written in Hong Kong",
    "zh-CN": "Simplified Chinese as written in mainland China", "en-GB": "British English",
    "en-US": "American English", "en-AU": "Australian English", "en-CA": "Canadian English",
    "fr-CA": "Canadian French", "fr-CH": "Swiss French", "de-AT": "Austrian German", "de-CH": "Swiss High German",
    "es-ES": "European Spanish", "es-MX": "Mexican Spanish",
}  # fmt: skip
"""As people call them; CLDR has the same names, under codes that it does not give to programs."""


def base_of(code: str) -> str:
    """The language of a code: `pt` of `pt-BR`."""
    return code.partition("-")[0]


def script_of(code: str) -> str | None:
    """The script that a code names, as ISO 15924 calls it: `Latn` of `sr-Latn`."""
    return next((part for part in code.split("-")[1:] if len(part) == 4), None)


def region_of(code: str) -> str | None:
    """The region that a code names: `BR` of `pt-BR`."""
    return next((part for part in code.split("-")[1:] if len(part) < 4), None)


def variant_name(language: str, code: str) -> str:
    """The name of a language with script and region.

    Args:
        language: its name without them.
        code: with both, or one of them.
    """
    if code in _NAMES:
        return _NAMES[code]
    script, region = script_of(code), region_of(code)
    name = language
    if script:
        known = _NAMES.get(f"{base_of(code)}-{script}")
        name = known or f"{language} in {langcodes.Language.make(script=script).script_name()} script"
    if region:
        name += f" as written in {langcodes.Language.make(territory=region).territory_name()}"
    return name
