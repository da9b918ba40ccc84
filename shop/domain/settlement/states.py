"""Words of the ledger, and the life of a village's sheet."""

from enum import StrEnum

from shop.kernel.lifecycle import Lifecycle


class TxKind(StrEnum):
    COMPLETION = "completion"
    REFUND = "refund"


class PartyKind(StrEnum):
    """Who a leg belongs to; ``clearing`` is the buyer's money, ``freight`` the cooperative's."""

    CLEARING = "clearing"
    PLATFORM = "platform"
    HOST = "host"
    VILLAGE = "village"
    COOPERATIVE = "cooperative"
    FARMER = "farmer"
    FREIGHT = "freight"


class SheetStatus(StrEnum):
    """Of a village's month: frozen by one person, and published or taken back."""

    DRAFT = "draft"
    PUBLISHED = "published"
    WITHDRAWN = "withdrawn"


SHEET_LIFE = Lifecycle(
    "board",
    {
        SheetStatus.DRAFT: frozenset({SheetStatus.PUBLISHED, SheetStatus.WITHDRAWN}),
        SheetStatus.PUBLISHED: frozenset(),
        SheetStatus.WITHDRAWN: frozenset(),
    },
)
