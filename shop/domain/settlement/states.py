"""Words of the ledger."""

from enum import StrEnum


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
