"""Curation: what of the examples must not be published, decided over the lake as a whole."""
