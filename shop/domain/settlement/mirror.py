"""A refund after completion takes from each party what the sale had given it."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace

from shop.domain.settlement.models import LedgerEntry
from shop.domain.settlement.split import Leg
from shop.domain.settlement.states import PartyKind
from shop.kernel.money import allocate


def as_leg(entry: LedgerEntry) -> Leg:
    """A posted leg as a plain value."""
    return Leg(
        party_kind=entry.party_kind,
        party_id=entry.party_id,
        cooperative_id=entry.cooperative_id,
        village_id=entry.village_id,
        split_rule_id=entry.split_rule_id,
        order_line_id=entry.order_line_id or 0,
        lot_id=entry.lot_id or 0,
        amount_fen=entry.amount_fen,
        quantity=entry.quantity,
    )


def reversed_legs(entries: Iterable[LedgerEntry]) -> list[Leg]:
    """Exactly the opposite of a posting."""
    return [replace(as_leg(e), amount_fen=-e.amount_fen, quantity=-e.quantity) for e in entries]


def mirror(
    posted: Iterable[LedgerEntry], *, goods_fen: dict[int, int], freight_fen: dict[int, int]
) -> list[Leg]:
    """Legs that take back goods by line and freight by cooperative.

    ``goods_fen`` maps order line ids, ``freight_fen`` cooperative ids to fen. What earlier refunds
    took is counted, so a line refunded to its end leaves every party at zero.
    """
    left = _left(posted)
    legs: list[Leg] = []
    for line_id, fen in goods_fen.items():
        cells = [
            leg
            for leg in left
            if leg.order_line_id == line_id and leg.party_kind is not PartyKind.FREIGHT
        ]
        legs.extend(_take(cells, fen))
    for cooperative_id, fen in freight_fen.items():
        cells = [
            leg
            for leg in left
            if leg.cooperative_id == cooperative_id and leg.party_kind is PartyKind.FREIGHT
        ]
        legs.extend(_take(cells, fen))
    return legs


def _left(posted: Iterable[LedgerEntry]) -> list[Leg]:
    """What each party still has of each cell; its clearing side is made anew by ``_take``."""
    sums: dict[Leg, int] = defaultdict(int)
    for entry in posted:
        if entry.party_kind is not PartyKind.CLEARING:
            sums[replace(as_leg(entry), amount_fen=0, quantity=0)] += entry.amount_fen
    return [replace(leg, amount_fen=-fen) for leg, fen in sums.items() if fen < 0]


def _take(held: list[Leg], fen: int) -> list[Leg]:
    if fen <= 0 or not held:
        return []
    taken = allocate(min(fen, sum(leg.amount_fen for leg in held)), [x.amount_fen for x in held])
    legs = []
    for leg, part in zip(held, taken, strict=True):
        if part:
            legs.append(replace(leg, amount_fen=part))
            legs.append(
                replace(leg, party_kind=PartyKind.CLEARING, party_id=None, amount_fen=-part)
            )
    return _merged(legs)


def _merged(legs: list[Leg]) -> list[Leg]:
    sums: dict[Leg, int] = defaultdict(int)
    for leg in legs:
        sums[replace(leg, amount_fen=0)] += leg.amount_fen
    return [replace(leg, amount_fen=fen) for leg, fen in sums.items() if fen]
