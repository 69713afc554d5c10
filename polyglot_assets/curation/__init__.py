"""Curation: what a row is beside all others. Repetitions within the lake, and text of evaluation sets."""
