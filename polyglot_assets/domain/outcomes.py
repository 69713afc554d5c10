"""Outcomes: the visible ends of a row. Nothing is dropped without one of these names.

Here: what an outcome is, which step decides it, and all outcomes but those of the gates. Not here: the gates' own,
each of which stands in the file of its gate (gates/registry.py puts them in their place), and the rules that decide
(responses/outcomes.py, dbt_like_sql/marts/curated.sql, deletion/).
"""

from collections.abc import Iterable
from dataclasses import dataclass

ENGINE, ANSWER, GATES, CURATION, DELETION = "engine", "answer", "gates", "curation", "deletion"
STAGES = {
    ENGINE: "asking the teacher",
    ANSWER: "reading what it wrote",
    GATES: "measuring the pair",
    CURATION: "comparing the examples with each other, with evaluation sets and with the policy",
    DELETION: "a deletion request",
}
"""The steps that decide, in their order."""


@dataclass(frozen=True)
class Outcome:
    """An end that a row may come to.

    Attributes:
        name: as it stands in the column `outcome`.
        stage: the step that decides it, one of `STAGES`.
        meaning: in words, for tables in the documentation.
    """

    name: str
    stage: str
    meaning: str


OK = Outcome("ok", ANSWER, "kept")
TRUNCATED = Outcome(
    "truncated", ENGINE, "cut at the token budget (and at twice that, where the model's context has room for it)"
)
INVALID_JSON = Outcome("invalid_json", ANSWER, "not the JSON that was asked for, also at a second try")
EMPTY = Outcome("empty", ANSWER, "no text")
UNCHANGED = Outcome("unchanged", ANSWER, "the prompt is the seed's own, where the teacher was to write another one")
TOO_LONG = Outcome("too_long", ENGINE, "the prompt leaves no room for an answer")
ENGINE_ERROR = Outcome(
    "engine_error", ENGINE, "the engine or server failed on this request, also when it was tried again"
)

DUPLICATE = Outcome("duplicate", CURATION, "another row that is kept says the same")
CONTAMINATED = Outcome("contaminated", CURATION, "holds text of an evaluation set")
OUTSIDE_POLICY = Outcome("outside_policy", CURATION, "the policy of the release does not allow its licenses or origin")
DELETED = Outcome("deleted", DELETION, "a deletion request took it out of a release")

CURATED = (OK, DUPLICATE, CONTAMINATED, OUTSIDE_POLICY)
"""What becomes of an example; see dbt_like_sql/marts/curated.sql."""


def of_answers(gates: Iterable[Outcome]) -> tuple[Outcome, ...]:
    """All ends of a request, in the order in which cards and messages name them.

    Args:
        gates: the outcomes of the gates in deciding order.
    """
    return (OK, TRUNCATED, INVALID_JSON, EMPTY, UNCHANGED, TOO_LONG, *gates, ENGINE_ERROR)
