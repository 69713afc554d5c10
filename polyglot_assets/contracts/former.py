"""Names under which earlier versions stored things, so that their lakes, files and releases stay readable.

Here: the names, and which of two something goes by. Not here: who reads what (lake/views.py and lake/store.py for
tables and marts, licenses/policy.py for policies, prompts/templates.py for templates).
"""

from collections.abc import Collection

FORMER = {"license": "licence", "licenses": "licences", "license_mix": "licence_mix"}
"""By its name, what a table, a mart, a column, a key or a file was called."""
PRESENT = {former: name for name, former in FORMER.items()}


def stored_as(name: str, there: Collection[str]) -> str:
    """What `name` is called among the names that are there: the former name, if there is only that."""
    former = FORMER.get(name, name)
    return former if name not in there and former in there else name
