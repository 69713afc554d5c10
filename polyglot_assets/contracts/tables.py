"""All tables of the lake by their names."""

from polyglot_assets.contracts.contamination import CONTAMINATION
from polyglot_assets.contracts.counts import COUNTS
from polyglot_assets.contracts.deletions import DELETIONS
from polyglot_assets.contracts.duplicates import DUPLICATES
from polyglot_assets.contracts.examples import EXAMPLES
from polyglot_assets.contracts.licenses import LICENSES
from polyglot_assets.contracts.prompts import PROMPTS
from polyglot_assets.contracts.responses import RESPONSES
from polyglot_assets.contracts.seeds import SEEDS
from polyglot_assets.contracts.strategies import STRATEGIES

TABLES = {
    table.name: table
    for table in (
        SEEDS,
        PROMPTS,
        RESPONSES,
        EXAMPLES,
        COUNTS,
        DUPLICATES,
        CONTAMINATION,
        LICENSES,
        DELETIONS,
        STRATEGIES,
    )
}
"""All tables by name. `counts` says what became of the rows that did not go on: for each stage, source and cell the
rows add up to what the stage was given. `strategies` is no file: it shows the recipes (recipes/registry.py)."""

CELL_TABLES = {name: table for name, table in TABLES.items() if table.cellwise}
"""Those that are stored cell by cell."""
