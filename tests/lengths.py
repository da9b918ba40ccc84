"""How long the long cases are: a short form in ``make test``, the full one in ``make faults``."""

import os

FULL = os.environ.get("SHOP_FAULTS") == "full"


def rounds(short: int, full: int) -> int:
    """How often a race is run."""
    return full if FULL else short
