"""The command line: everything that `polyglot` does. Options and what is printed; the work is done below."""
