"""Parcels that no carrier reports: people write down what happened."""

from datetime import datetime, timedelta

from shop.domain.logistics.couriers.base import CourierEvent, digest
from shop.domain.logistics.states import ShipmentStatus
from shop.kernel.errors import Invalid

MAX_NOTE = 200
CLOCK_SKEW = timedelta(minutes=5)


def record(
    status: ShipmentStatus, *, note: str, occurred_at: datetime | None, now: datetime
) -> CourierEvent:
    """One event as a person tells it, now unless said otherwise.

    Raises ``Invalid`` for a time to come or a note over 200 characters.
    """
    at = occurred_at or now
    if at > now + CLOCK_SKEW:
        raise Invalid.at("/occurred_at", "this time is still to come")
    text = note.strip()
    if len(text) > MAX_NOTE:
        raise Invalid.at("/note", "a note has at most 200 characters")
    mark = digest(at.isoformat(), status, text)
    return CourierEvent(occurred_at=at, text=text, code=None, status=status, fingerprint=mark)
