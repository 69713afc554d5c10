"""Everything that a user can choose.

groups.py has the settings, sources.py finds their values, model.py makes them one object. Other rooms import from here.
"""

from polyglot_assets.settings.groups import HUB, SAMPLES, CpuDtype
from polyglot_assets.settings.model import Described, Settings, dagster_home, deciding_names, describe, load, names
from polyglot_assets.settings.places import absolute, bundled

__all__ = [
    "HUB",
    "SAMPLES",
    "CpuDtype",
    "Described",
    "Settings",
    "absolute",
    "bundled",
    "dagster_home",
    "deciding_names",
    "describe",
    "load",
    "names",
]
