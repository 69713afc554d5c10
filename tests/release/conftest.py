"""Fixtures of the tests of releases."""

import pytest
from release.released import fill_all

from polyglot_assets.lake.store import Lake


@pytest.fixture
def filled(lake: Lake) -> Lake:
    """A lake with twelve rows in three cells; see released.CELLS."""
    return fill_all(lake)
