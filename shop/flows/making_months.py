"""Months of live events get their partitions before the first event of theirs."""

from datetime import UTC, date, datetime

from shop.db import transactional
from shop.domain.live import months

AHEAD = 3
"""Months made beforehand: so long may every worker be away."""


def make_months(*, now: datetime) -> int:
    """Make the partitions of this month and of the next three; gives how many are new."""
    today = now.astimezone(UTC)
    return sum(_make(today.year, today.month + ahead) for ahead in range(AHEAD + 1))


@transactional
def _make(year: int, month: int) -> bool:
    years, over = divmod(month - 1, 12)
    return months.make(date(year + years, over + 1, 1))
