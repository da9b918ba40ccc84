"""Months as addresses name them."""

import re

PERIOD = r"^20[0-9]{2}-(0[1-9]|1[0-2])$"


def clean_period(text: str | None) -> str | None:
    """``YYYY-MM``, or ``None`` for anything else."""
    return text if text and re.fullmatch(PERIOD, text, re.ASCII) else None
