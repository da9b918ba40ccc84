"""Where a parcel is, how reports move it, and when the fresh-produce clock starts."""

from datetime import datetime
from enum import StrEnum


class ShipmentStatus(StrEnum):
    """In the order in which reports of the same second are taken."""

    LABEL_CREATED = "label_created"
    VOID = "void"
    PICKED_UP = "picked_up"
    IN_TRANSIT = "in_transit"
    CUSTOMS = "customs"
    FORWARDED = "forwarded"
    EXCEPTION = "exception"
    OUT_FOR_DELIVERY = "out_for_delivery"
    READY_FOR_PICKUP = "ready_for_pickup"
    REFUSED = "refused"
    DELIVERED = "delivered"
    RETURNING = "returning"
    RETURNED = "returned"


class Concern(StrEnum):
    """What a sub-code asks people to do."""

    LEFT_AT_PICKUP = "left_at_pickup"
    STALLED = "stalled"
    DAMAGED = "damaged"


_RANK = {status: place for place, status in enumerate(ShipmentStatus)}
_SETTLED = {
    ShipmentStatus.DELIVERED: 1,
    ShipmentStatus.RETURNING: 1,
    ShipmentStatus.RETURNED: 2,
}
_STARTS_CLOCK = frozenset({"3", "301", "302", "303"})
_WAITS_FOR_COLLECTION = frozenset({"501", "304"})
_CONCERNS = {
    "205": Concern.LEFT_AT_PICKUP,
    "202": Concern.STALLED,
    "208": Concern.STALLED,
    "209": Concern.DAMAGED,
}


def next_status(
    current: ShipmentStatus | None, reported: ShipmentStatus | None
) -> ShipmentStatus | None:
    """The status after a newer report: delivered leaves only for the way back, returned never.

    ``None`` reported is an unknown code, which changes nothing.
    """
    if current is None or reported is None:
        return reported or current
    return reported if _SETTLED.get(reported, 0) >= _SETTLED.get(current, 0) else current


def advance(
    current: ShipmentStatus | None,
    current_at: datetime | None,
    reported: ShipmentStatus | None,
    reported_at: datetime,
) -> tuple[ShipmentStatus | None, datetime | None]:
    """Status and its time after one report, the same whatever the order in which reports come.

    A settled status (delivered, returning; above them returned) wins over an open one whatever
    its time; between equals the later report wins, in one second the one further along.
    """
    if reported is None:
        return current, current_at
    if current is None or current_at is None:
        return reported, reported_at
    old = (_SETTLED.get(current, 0), current_at, _RANK[current])
    new = (_SETTLED.get(reported, 0), reported_at, _RANK[reported])
    return (reported, reported_at) if new > old else (current, current_at)


def starts_clock(status: ShipmentStatus | None, code: str | None) -> bool:
    """Whether after-sale time runs from this event: signed for, not merely left at a station.

    Codes 3, 301, 302 and 303 start it; a hand-recorded delivery has no code and starts it too.
    """
    if code in _WAITS_FOR_COLLECTION:
        return False
    return code in _STARTS_CLOCK or status is ShipmentStatus.DELIVERED


def waits_for_collection(code: str | None) -> bool:
    """Left in a locker or station (501, 304): the clock starts when somebody fetches it."""
    return code in _WAITS_FOR_COLLECTION


def concern(code: str | None) -> Concern | None:
    """What a carrier's sub-code should alert people to: 205; 202 and 208; 209."""
    return _CONCERNS.get(code or "")
