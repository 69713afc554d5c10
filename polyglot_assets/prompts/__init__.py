"""Prompts: what the teacher is asked, chosen and rendered from the seeds of a cell."""
