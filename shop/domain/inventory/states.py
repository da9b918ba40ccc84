"""Words and lives of stock."""

from enum import StrEnum

from shop.kernel.lifecycle import Lifecycle


class IntakeTerms(StrEnum):
    """``consigned``: paid from the sale; ``bought``: at a price stated on the slip."""

    CONSIGNED = "consigned"
    BOUGHT = "bought"


class PackingKind(StrEnum):
    GRADED = "graded"
    DRIED = "dried"
    MILLED = "milled"
    PACKED = "packed"


class MoveKind(StrEnum):
    RECEIPT = "receipt"
    HOLD = "hold"
    RELEASE = "release"
    CONSUME = "consume"
    ADJUST = "adjust"
    RETURN = "return"
    TRANSFER = "transfer"


class AdjustReason(StrEnum):
    DAMAGED = "damaged"
    COUNTED = "counted"
    SAMPLED = "sampled"
    RETURNED = "returned"
    EXPIRED = "expired"
    PACKED = "packed"


class HoldState(StrEnum):
    HELD = "held"
    CONSUMED = "consumed"
    RELEASED = "released"


HOLD_LIFE = Lifecycle(
    "hold",
    {
        HoldState.HELD: frozenset({HoldState.CONSUMED, HoldState.RELEASED}),
        HoldState.CONSUMED: frozenset(),
        HoldState.RELEASED: frozenset(),
    },
)
