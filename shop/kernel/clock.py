"""Time: aware UTC instants inside, Asia/Shanghai days and months where people count them."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

Clock = Callable[[], datetime]

SHANGHAI = ZoneInfo("Asia/Shanghai")


def utc_now() -> datetime:
    """Now, aware, in UTC."""
    return datetime.now(UTC)


def local_date(at: datetime) -> date:
    """The calendar day in Asia/Shanghai, on which produce expires and months turn."""
    return at.astimezone(SHANGHAI).date()


def period_of(at: datetime) -> str:
    """``YYYY-MM`` in Asia/Shanghai, so that each entry falls in exactly one month."""
    return at.astimezone(SHANGHAI).strftime("%Y-%m")


def start_of_day(day: date) -> datetime:
    """The UTC instant at which a day begins in Asia/Shanghai."""
    return datetime(day.year, day.month, day.day, tzinfo=SHANGHAI).astimezone(UTC)


def next_midnight(at: datetime) -> datetime:
    """The UTC instant of the next 00:00 in Asia/Shanghai."""
    return start_of_day(local_date(at) + timedelta(days=1))


def rfc3339(at: datetime) -> str:
    """``2026-02-01T08:00:00.123Z``: how times leave the shop."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
