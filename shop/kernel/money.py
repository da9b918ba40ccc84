"""Money is a whole number of fen; shares are basis points; nothing is a float."""

from collections.abc import Mapping, Sequence
from typing import TypeVar

K = TypeVar("K")

CURRENCY = "CNY"
MAX_FEN = 10**12
WHOLE_BP = 10_000


def yuan(fen: int) -> str:
    """``¥1,234.50`` for people."""
    sign = "-" if fen < 0 else ""
    return f"{sign}¥{abs(fen) // 100:,}.{abs(fen) % 100:02d}"


def allocate(total_fen: int, weights: Sequence[int]) -> list[int]:
    """Split ``total_fen`` by ``weights`` exactly: largest remainder, ties to the earlier part.

    Returns one non-negative amount a weight whose sum is ``total_fen``. Raises ``ValueError`` on a
    negative total, a negative weight, or no weight above zero.
    """
    whole = sum(weights)
    if total_fen < 0 or whole <= 0 or min(weights) < 0:
        raise ValueError("cannot allocate by these weights")
    parts = [total_fen * weight // whole for weight in weights]
    by_remainder = sorted(range(len(weights)), key=lambda i: (-(total_fen * weights[i] % whole), i))
    for i in by_remainder[: total_fen - sum(parts)]:
        parts[i] += 1
    return parts


def split_bp(total_fen: int, shares_bp: Mapping[K, int], *, rest: K) -> dict[K, int]:
    """Split by basis points; ``rest`` takes what the named shares leave.

    Raises ``ValueError`` when the named shares exceed 10,000.
    """
    left = WHOLE_BP - sum(shares_bp.values())
    if left < 0:
        raise ValueError("shares exceed the whole")
    keys = [*shares_bp, rest]
    return dict(zip(keys, allocate(total_fen, [*shares_bp.values(), left]), strict=True))
