"""The mart that a release is compared with."""

from polyglot_assets.lake.store import Lake, write_parquet
from polyglot_assets.settings import bundled


def compute_curated(lake: Lake) -> None:
    sql = (bundled("dbt_like_sql") / "marts" / "curated.sql").read_text(encoding="utf-8")
    with lake.connect() as connection:
        table = connection.sql(sql).to_arrow_table()
    write_parquet(table, lake.mart_path("curated"))
