"""Claims and their answers."""
