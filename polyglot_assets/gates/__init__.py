"""Gates: what is measured about a pair before it is kept, and what it is rejected for. One gate is one file."""
