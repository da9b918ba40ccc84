"""Loading the demo county."""


def load_if_empty() -> bool:
    """Fill an empty database; ``False`` when it holds anything."""
    return False


def top_up() -> None:
    """Renew what the demo needs to be shown."""
