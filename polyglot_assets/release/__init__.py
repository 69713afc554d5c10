"""The release: what is published, with a card whose every number is computed from it."""
