"""Orchestration: what all assets share in their dealings with Dagster, and the runs that died."""
