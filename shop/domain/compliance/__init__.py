"""Agreements in force and the work that waits for a person."""
