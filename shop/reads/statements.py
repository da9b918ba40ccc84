"""A cooperative's month: every sold line, its lots, and each party's share."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import select

from shop.db import db
from shop.domain.accounts import queries as people
from shop.domain.inventory.models import Lot
from shop.domain.orders.models import Order, OrderLine
from shop.domain.settlement import queries as books
from shop.domain.settlement.models import LedgerEntry
from shop.domain.settlement.states import PartyKind
from shop.domain.villages.models import Cooperative, Farmer, Village
from shop.kernel.actor import Actor
from shop.kernel.errors import NotFound
from shop.reads.sold_units import sold_units

Party = tuple[PartyKind, int]
Names = dict[Party, str]


@dataclass(frozen=True, kw_only=True)
class PartyShare:
    """``party`` is a name: of a village, a cooperative, a farmer of one's own, a host; or a role.

    ``farmer_id`` tells farmers of one name apart.
    """

    party: str
    kind: PartyKind
    amount_fen: int
    farmer_id: int | None = None


@dataclass(frozen=True, kw_only=True)
class StatementLine:
    """One lot of one order line, after refunds; ``gross_fen`` includes freight.

    Units and sums fall below zero where a month holds only the refund of an earlier sale.
    """

    order: str
    sku: str
    lot: str
    quantity: int
    gross_fen: int
    shares: tuple[PartyShare, ...]


@dataclass(frozen=True, kw_only=True)
class Statement:
    """What a month brought, and to whom, in fen."""

    cooperative: Cooperative
    period: str
    orders: int
    lines: tuple[StatementLine, ...]
    totals: tuple[PartyShare, ...]


def cooperative_in_reach(slug: str, actor: Actor) -> Cooperative:
    """A cooperative whose money the caller may see; raises ``NotFound``."""
    query = select(Cooperative).where(Cooperative.slug == slug)
    if not actor.is_operator:
        query = query.where(Cooperative.id.in_(actor.cooperatives("manager")))
    found = db.session.scalar(query)
    if found is None:
        raise NotFound
    return found


def statement(cooperative: Cooperative, period: str) -> Statement:
    """Recompute a month from the ledger; ``period`` is ``YYYY-MM``, Asia/Shanghai."""
    rows = db.session.execute(
        select(LedgerEntry, Order.number, OrderLine.sku, Lot.code)
        .join(Order, Order.id == LedgerEntry.order_id)
        .join(OrderLine, OrderLine.id == LedgerEntry.order_line_id)
        .join(Lot, Lot.id == LedgerEntry.lot_id)
        .where(LedgerEntry.cooperative_id == cooperative.id, LedgerEntry.period == period)
        .order_by(LedgerEntry.id)
    ).all()
    names = _names([entry for entry, *_ in rows], cooperative)
    units = sold_units((entry.order_id for entry, *_ in rows), period=period)
    grouped: dict[tuple[str, str, str], list[LedgerEntry]] = defaultdict(list)
    for entry, number, sku, code in rows:
        grouped[(number, sku, code)].append(entry)
    return Statement(
        cooperative=cooperative,
        period=period,
        orders=len({number for number, _, _ in grouped}),
        lines=tuple(_line(key, entries, names, units) for key, entries in grouped.items()),
        totals=_shares([entry for entry, *_ in rows], names),
    )


def _line(
    key: tuple[str, str, str],
    entries: list[LedgerEntry],
    names: Names,
    units: Mapping[tuple[int, int], int],
) -> StatementLine:
    number, sku, code = key
    return StatementLine(
        order=number,
        sku=sku,
        lot=code,
        quantity=units.get((entries[0].order_line_id or 0, entries[0].lot_id or 0), 0),
        gross_fen=sum(e.amount_fen for e in entries if e.party_kind is PartyKind.CLEARING),
        shares=_shares(entries, names),
    )


def _shares(entries: list[LedgerEntry], names: Names) -> tuple[PartyShare, ...]:
    """One share a party, never a name: two farmers may have the same."""
    sums: dict[Party, int] = defaultdict(int)
    for entry in entries:
        if entry.party_kind is not PartyKind.CLEARING:
            sums[(entry.party_kind, entry.party_id or 0)] -= entry.amount_fen
    order = list(PartyKind)
    found = [(kind, names.get((kind, i), str(kind)), i, fen) for (kind, i), fen in sums.items()]
    return tuple(
        PartyShare(
            party=name,
            kind=kind,
            amount_fen=fen,
            farmer_id=party_id if kind is PartyKind.FARMER else None,
        )
        for kind, name, party_id, fen in sorted(
            found, key=lambda share: (order.index(share[0]), share[1], share[2])
        )
    )


def _names(entries: list[LedgerEntry], cooperative: Cooperative) -> Names:
    villages = {e.party_id for e in entries if e.party_kind is PartyKind.VILLAGE}
    farmers = {e.party_id for e in entries if e.party_kind is PartyKind.FARMER}
    hosts = {e.party_id for e in entries if e.party_kind is PartyKind.HOST and e.party_id}
    found = {
        (PartyKind.VILLAGE, village.id): village.name
        for village in db.session.scalars(select(Village).where(Village.id.in_(villages)))
    }
    found |= {
        (PartyKind.FARMER, farmer.id): farmer.name
        for farmer in db.session.scalars(select(Farmer).where(Farmer.id.in_(farmers)))
    }
    found |= {(PartyKind.HOST, i): name for i, name in people.names(hosts).items()}
    found[(PartyKind.COOPERATIVE, cooperative.id)] = cooperative.name
    found[(PartyKind.FREIGHT, cooperative.id)] = cooperative.name
    return found


def periods(cooperative_id: int) -> list[str]:
    """Months with figures, the newest first."""
    return books.periods(LedgerEntry.cooperative_id == cooperative_id)


def cooperatives_in_reach(actor: Actor) -> list[Cooperative]:
    """Cooperatives whose money the caller may see."""
    query = select(Cooperative).order_by(Cooperative.id)
    if not actor.is_operator:
        query = query.where(Cooperative.id.in_(actor.cooperatives("manager")))
    return list(db.session.scalars(query))
