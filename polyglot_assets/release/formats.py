"""Chat formats: the shapes in which trainers take a prompt and its response.

Here: the columns of each format, as SQL over the view `published`. Not here: which rows are taken (subset.py).

A format's columns stand beside ORIGIN and beside nothing else. A release as it is has both `prompt` as text and
`messages`; TRL looks at whichever of them comes first in a set, so it may take the same rows for text or for chats.
"""

from dataclasses import dataclass

import pyarrow as pa

from polyglot_assets.contracts.table import MESSAGES

_TEXT = pa.string()
_TURNS = pa.list_(pa.struct([("from", pa.string()), ("value", pa.string())]))

ORIGIN = ("id", "language", "strategy", "source", "source_id", "model")
"""Columns of every format: where a row comes from. No trainer gives these names a meaning."""


@dataclass(frozen=True)
class Format:
    """A chat format.

    Attributes:
        meaning: for users, in one sentence.
        columns: (name, type, SQL over `published`).
    """

    meaning: str
    columns: tuple[tuple[str, pa.DataType, str], ...]

    @property
    def schema(self) -> pa.Schema:
        """ORIGIN, then the format's own columns."""
        return pa.schema([*((name, _TEXT) for name in ORIGIN), *((name, kind) for name, kind, _ in self.columns)])

    @property
    def select(self) -> str:
        """The expressions that make the columns of `schema`, in order."""
        return ", ".join([*ORIGIN, *(f'{sql} AS "{name}"' for name, _, sql in self.columns)])


def _turn(role: str, text: str) -> str:
    return f"{{'content': {text}, 'role': '{role}'}}"


FORMATS = {
    "messages": Format(
        "One chat per row in `messages`, turns with `role` and `content`: TRL, Unsloth, torchtune, and any tokenizer's "
        "chat template.",
        (("messages", MESSAGES, "messages"),),
    ),
    "sharegpt": Format(
        "One chat per row in `conversations`, turns `from` human and gpt with their `value`: Axolotl, LLaMA-Factory. "
        "Not for TRL, which would take `human` and `gpt` for roles of the chat template.",
        (
            (
                "conversations",
                _TURNS,
                "[{'from': 'human', 'value': prompt}, {'from': 'gpt', 'value': response}]",
            ),
        ),
    ),
    "prompt-completion": Format(
        "The user's turn in `prompt` and the answer's turn in `completion`, each a list of one message: TRL applies "
        "the chat template and learns from the answer alone.",
        (
            ("prompt", MESSAGES, f"[{_turn('user', 'prompt')}]"),
            ("completion", MESSAGES, f"[{_turn('assistant', 'response')}]"),
        ),
    ),
    "prompt-completion-text": Format(
        "The same as plain text, with an empty line at the end of `prompt`: TRL puts `completion` straight after it, "
        "and no chat template around them.",
        (("prompt", _TEXT, "prompt || chr(10) || chr(10)"), ("completion", _TEXT, "response")),
    ),
}
"""By name; the first is the default."""
