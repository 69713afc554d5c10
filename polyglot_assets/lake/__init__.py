"""The lake: its files, cells, views, locks, counts and the log of deletions."""
