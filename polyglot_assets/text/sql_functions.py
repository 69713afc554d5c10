"""What DuckDB cannot do with texts and is given as functions: n-gram signatures and similarities.

Here: the functions as SQL sees them. Not here: what they compute (shingles.py), and the SQL that calls them
(dbt_like_sql/duplicates/).
"""

import duckdb
import pyarrow as pa
from duckdb.func import ARROW

from polyglot_assets.text.shingles import signatures, similarities

_SIGNATURE = "STRUCT(width UTINYINT, grams UBIGINT, bands UINTEGER[])"
_SIMILARITY = "STRUCT(whole DOUBLE, prompts DOUBLE, responses DOUBLE)"


def register(connection: duckdb.DuckDBPyConnection, width: int) -> None:
    """Adds ngram_signature(prompt, response) and ngram_similarity(prompt, response, other_prompt, other_response).

    Args:
        connection: gets the functions, which work on thousands of rows at a time.
        width: tokens per n-gram.
    """

    def signature(prompts: pa.ChunkedArray, responses: pa.ChunkedArray) -> pa.Array:
        return signatures(_whole(prompts), _whole(responses), width)

    def similarity(
        prompts: pa.ChunkedArray, responses: pa.ChunkedArray, others: pa.ChunkedArray, answers: pa.ChunkedArray
    ) -> pa.Array:
        return similarities((_whole(prompts), _whole(responses)), (_whole(others), _whole(answers)), width)

    connection.create_function("ngram_signature", signature, ["VARCHAR"] * 2, _SIGNATURE, type=ARROW)
    connection.create_function("ngram_similarity", similarity, ["VARCHAR"] * 4, _SIMILARITY, type=ARROW)


def _whole(column: pa.ChunkedArray) -> pa.StringArray:
    return pa.concat_arrays(column.chunks).cast(pa.string())
