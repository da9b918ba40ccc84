"""Origins: scheme, host and port of an address, and nothing that could hide behind them."""

import re

ORIGIN = re.compile(
    r"https?://(?:[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\])(?::([0-9]{1,5}))?"
)


def is_origin(text: str) -> bool:
    """Whether it is such as ``https://shop.example`` or ``http://127.0.0.1:8000``."""
    found = ORIGIN.fullmatch(text)
    return found is not None and 0 < int(found[1] or 443) < 65536
