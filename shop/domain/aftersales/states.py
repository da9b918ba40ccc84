"""The life of a claim."""

from enum import StrEnum

from shop.kernel.lifecycle import Lifecycle


class ClaimStatus(StrEnum):
    OPEN = "open"
    APPROVED = "approved"
    PARTIAL = "partial"
    REFUSED = "refused"


CLAIM_LIFE = Lifecycle(
    "claim",
    {
        ClaimStatus.OPEN: frozenset(
            {ClaimStatus.APPROVED, ClaimStatus.PARTIAL, ClaimStatus.REFUSED}
        ),
        ClaimStatus.REFUSED: frozenset({ClaimStatus.APPROVED, ClaimStatus.PARTIAL}),
        ClaimStatus.APPROVED: frozenset(),
        ClaimStatus.PARTIAL: frozenset(),
    },
)


class ClaimReason(StrEnum):
    DAMAGED = "damaged"
    ROTTEN = "rotten"
    SHORT_WEIGHT = "short_weight"
    WRONG_GOODS = "wrong_goods"
    NOT_ARRIVED = "not_arrived"
    CHANGED_MIND = "changed_mind"
    OTHER = "other"
