"""Looks across subjects: joins to frozen dataclasses, never a write."""
