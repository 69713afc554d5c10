"""Curation: what the lake says about its examples as a whole. Nothing here deletes a row."""
