"""Answers to the same prompt, beside one another.

Here: which prompts are chosen, and their answers by every teacher. Not here: how they are shown (cli/compare.py,
report.html.jinja).
"""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import duckdb

from polyglot_assets.contracts.prompts import PROMPTS
from polyglot_assets.contracts.responses import RESPONSES

READS = {("lake", RESPONSES.name), ("lake", PROMPTS.name)}

Answers = list[dict[str, Any]]
"""The answers to one prompt: prompt_id, language, strategy, source, teacher, outcome, reason, the prompt that was
`asked` and the `prompt` that the teacher made of it, and the `answer`, as it was written where it was not accepted."""


def side_by_side(
    connection: duckdb.DuckDBPyConnection,
    number: int,
    languages: Sequence[str] = (),
    teachers: Sequence[str] = (),
    prompt: str = "",
    *,
    of_each_language: bool = False,
) -> list[Answers]:
    """The answers to some prompts: those first that the most teachers answered, and of these the most of them well.

    Args:
        connection: has the tables in READS.
        number: of prompts at most.
        languages: only these; all of them if empty.
        teachers: only these; all of them if empty.
        prompt: only prompts whose id begins like this.
        of_each_language: so many prompts of each language, in the order of the languages.
    """
    chosen = _prompts(connection, number, languages, teachers, prompt, of_each_language=of_each_language)
    # Their ids are given as values: they prune row groups, so that few of the lake's texts are read.
    relation = connection.execute(
        """
        SELECT prompt_id, responses.language, responses.strategy, responses.source, teacher, outcome, reason,
               prompts.prompt AS asked, responses.prompt, coalesce(response, raw_text) AS answer
        FROM lake.responses AS responses
        LEFT JOIN lake.prompts AS prompts USING (prompt_id)
        WHERE prompt_id IN (SELECT unnest($chosen::VARCHAR[]))
            AND (len($teachers::VARCHAR[]) = 0 OR list_contains($teachers::VARCHAR[], teacher))
        ORDER BY teacher, sample_index
        """,
        {"chosen": chosen, "teachers": list(teachers)},
    )
    columns = [name for name, *_ in relation.description or ()]
    answers: dict[str, Answers] = defaultdict(list)
    for row in relation.fetchall():
        answers[row[0]].append(dict(zip(columns, row, strict=True)))
    return [answers[prompt_id] for prompt_id in chosen]


def _prompts(
    connection: duckdb.DuckDBPyConnection,
    number: int,
    languages: Sequence[str],
    teachers: Sequence[str],
    prompt: str,
    *,
    of_each_language: bool,
) -> list[str]:
    rows = connection.execute(
        """
        SELECT prompt_id
        FROM lake.responses
        WHERE (len($languages::VARCHAR[]) = 0 OR list_contains($languages::VARCHAR[], language))
            AND (len($teachers::VARCHAR[]) = 0 OR list_contains($teachers::VARCHAR[], teacher))
            AND starts_with(prompt_id, $prompt)
        GROUP BY language, prompt_id
        QUALIFY row_number() OVER (
            PARTITION BY if($of_each_language, language, NULL)
            ORDER BY count(DISTINCT teacher) DESC, count(*) FILTER (outcome = 'ok') DESC, prompt_id
        ) <= $number
        ORDER BY if($of_each_language, language, NULL), count(DISTINCT teacher) DESC,
            count(*) FILTER (outcome = 'ok') DESC, prompt_id
        """,
        {
            "languages": list(languages), "teachers": list(teachers), "prompt": prompt, "number": number,
            "of_each_language": of_each_language,
        },
    ).fetchall()  # fmt: skip
    return [prompt_id for (prompt_id,) in rows]
