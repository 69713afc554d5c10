"""Contracts: what the rows of each table are, one file per table.

Here: names, types and meaning of the columns, and which of them are the key. Not here: how a row is made; that is each
stage's own business. Dagster's table schemas and the catalogue's views are derived from these files.
"""
