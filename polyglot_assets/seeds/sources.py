"""The list of seed sources, in the order of precedence: of two equal prompts the earlier source's is kept.

Human-written sources come before synthetic ones.
"""

from polyglot_assets.seeds import (
    alpaca_filipino,
    aya,
    cendol,
    cidar,
    euroblocks,
    gsm8k,
    helpsteer3,
    magpie_pro,
    oasst2,
    wildchat,
)
from polyglot_assets.seeds.source import Source

SOURCES: tuple[Source, ...] = (
    oasst2.SOURCE,
    aya.SOURCE,
    wildchat.SOURCE,
    helpsteer3.SOURCE,
    gsm8k.SOURCE,
    cidar.SOURCE,
    cendol.SOURCE,
    euroblocks.SOURCE,
    magpie_pro.SOURCE,
    alpaca_filipino.SOURCE,
)

PRECEDENCE = {source.repo: place for place, source in enumerate(SOURCES)}
"""Place of a source by its repository id; smaller wins."""
