"""How long the long cases are: a short form in ``make test``, the full one in ``make faults``."""

import os

import pytest

FULL = os.environ.get("SHOP_FAULTS") == "full"


def rounds(short: int, full: int) -> int:
    """How often a race is run."""
    return full if FULL else short


def on_both_or(short: str) -> pytest.MarkDecorator:
    """Both databases in full, else the one where the fault would bite soonest."""
    kinds = ["sqlite", "postgresql"] if FULL else [short]
    return pytest.mark.parametrize("database_url", kinds, indirect=True)
