"""The polyglot lake: seed instructions in many languages become synthetic SFT data.

The way of a row is the order of the folders: seeds, prompts, responses (asked of the teachers), examples,
marts, release. Nothing is imported here, so that `import polyglot_assets` costs nothing.
"""


def __getattr__(name: str) -> str:
    if name == "__version__":
        from importlib.metadata import version

        return version("polyglot-assets")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
