"""Responses: what the teachers said, and how each request ended."""
