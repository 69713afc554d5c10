"""Deletion requests: what a person asked to have removed is removed from the whole lake, and stays out."""
