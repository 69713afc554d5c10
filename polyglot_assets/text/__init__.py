"""Text: everything that knows characters, words and languages."""
