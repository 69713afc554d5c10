"""Content groups: which published rows say the same, so that a split never tears them apart.

Here: the groups of a set of rows, by dbt_like_sql/release/content_groups.sql. Not here: splitting (subsets of a release
are made elsewhere), which texts are near (curation/pairs.py), and duplicates within the lake, of which only one row is
published anyway.

Two rows belong together if they have the same seed, in whatever language, strategy and teacher; or in one language the
same normalised prompt; or in one language nearly the same text: a Jaccard similarity of at least the threshold by which
the lake finds near duplicates, though here among all teachers. Belonging together passes on.
"""

import duckdb
import numpy as np
import pyarrow as pa

from polyglot_assets.domain.ids import content_id
from polyglot_assets.settings import bundled


def content_groups(rows: pa.Table, near_pairs: pa.Table) -> pa.StringArray:
    """The group of each row, named by a hash of the smallest seed in it.

    Args:
        rows: language, seed_id, prompt_key and grams (see examples.signature).
        near_pairs: language, grams and other_grams of texts that are nearly the same.
    """
    sql = (bundled("dbt_like_sql") / "release" / "content_groups.sql").read_text(encoding="utf-8")
    with duckdb.connect() as connection:
        connection.register("published_rows", rows.append_column("row", pa.array(np.arange(rows.num_rows))))
        connection.register("near_pairs", near_pairs)
        seeds = connection.sql(sql).to_arrow_table().column("smallest_seed").combine_chunks().dictionary_encode()
    # Not the seed itself: it may be deleted, and the group's other rows stay.
    names = pa.array([content_id("group", seed) for seed in seeds.dictionary.to_pylist()], pa.string())
    return names.take(seeds.indices)
