"""Marts: tables over the whole lake, computed by the SQL files in dbt_like_sql/."""
