"""Domain: what the project speaks of, without files and without Dagster: the grid, ids, outcomes, errors."""
