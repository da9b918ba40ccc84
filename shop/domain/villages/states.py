"""Words of a place."""

from enum import StrEnum


class PlaceStatus(StrEnum):
    ACTIVE = "active"
    SUSPENDED = "suspended"


class SellerKind(StrEnum):
    """``self_grown`` needs no registration and says so (E-commerce Law art. 10, 15)."""

    COOPERATIVE = "cooperative"
    SELF_GROWN = "self_grown"
