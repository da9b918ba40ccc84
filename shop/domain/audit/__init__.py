"""Answers kept for a key, and the invariants of the books."""
