"""How many units of each lot stayed sold in a month: what was completed, less what went back."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from sqlalchemy import func, select

from shop.db import db
from shop.domain.inventory.models import Lot
from shop.domain.orders.models import OrderLine
from shop.domain.payments.models import Refund, RefundLine
from shop.domain.payments.states import RefundStatus
from shop.domain.settlement.models import LedgerEntry, LedgerTx
from shop.domain.settlement.states import PartyKind, TxKind
from shop.kernel.money import allocate

Cell = tuple[int, int]
"""Order line and lot."""


@dataclass
class _Line:
    """One completed order line: units of its lots, and what went back in which month."""

    period: str
    lots: dict[int, int] = field(default_factory=dict)
    never_income: int = 0
    returned: dict[str, int] = field(default_factory=lambda: defaultdict(int))

    def kept(self, *, before: str = "", until: str = "") -> dict[int, int]:
        """Units of each lot at the beginning (``before``) or the end (``until``) of a month.

        A refund names units of a line, not of a lot: they are spread over its lots by what each
        had, anew from the whole, so that no lot ever falls below zero.
        """
        if before and before <= self.period:
            return dict.fromkeys(self.lots, 0)
        gone = sum(
            units
            for month, units in self.returned.items()
            if (month < before if before else month <= until)
        )
        total = sum(self.lots.values())
        left = min(max(total - self.never_income - gone, 0), total)
        return dict(zip(self.lots, allocate(left, list(self.lots.values())), strict=True))


def sold_units(order_ids: Iterable[int], *, period: str) -> Mapping[Cell, int]:
    """Units of a month by line and lot; below zero where only a refund falls into it."""
    lines = _lines(set(order_ids))
    return {
        (line_id, lot_id): units - line.kept(before=period)[lot_id]
        for line_id, line in lines.items()
        for lot_id, units in line.kept(until=period).items()
    }


def _lines(order_ids: set[int]) -> dict[int, _Line]:
    """A lot grown in two villages has two clearing legs, each with the units of the whole lot."""
    completed = db.session.execute(
        select(OrderLine.id, Lot.id, LedgerEntry.period, func.max(LedgerEntry.quantity))
        .join(LedgerTx, LedgerTx.id == LedgerEntry.tx_id)
        .join(OrderLine, OrderLine.id == LedgerEntry.order_line_id)
        .join(Lot, Lot.id == LedgerEntry.lot_id)
        .where(
            LedgerEntry.order_id.in_(order_ids),
            LedgerEntry.party_kind == PartyKind.CLEARING,
            LedgerTx.kind == TxKind.COMPLETION,
        )
        .group_by(OrderLine.id, Lot.id, LedgerEntry.period)
        .order_by(OrderLine.id, Lot.id)
    )
    found: dict[int, _Line] = {}
    for line_id, lot_id, period, units in completed:
        found.setdefault(line_id, _Line(period=period)).lots[lot_id] = units
    for line_id, units in _given_back_before(found):
        found[line_id].never_income = max(sum(found[line_id].lots.values()) - units, 0)
    for line_id, period, units in _returned(order_ids):
        if line_id in found:
            found[line_id].returned[period] += units
    return found


def _given_back_before(lines: Mapping[int, _Line]) -> list[tuple[int, int]]:
    """Lines with the units that were left when their income was posted."""
    given = (
        select(func.coalesce(func.sum(RefundLine.quantity), 0))
        .join(Refund, Refund.id == RefundLine.refund_id)
        .where(
            RefundLine.order_line_id == OrderLine.id,
            Refund.after_completion.is_(False),
            Refund.status != RefundStatus.FAILED,
        )
        .scalar_subquery()
    )
    rows = db.session.execute(
        select(OrderLine.id, OrderLine.quantity - given).where(OrderLine.id.in_(lines))
    )
    return [(line_id, int(units)) for line_id, units in rows]


def _returned(order_ids: set[int]) -> list[tuple[int, str, int]]:
    """Units of each posted refund; a posting that was taken back (a debit) counts the other way."""
    rows = db.session.execute(
        select(
            RefundLine.order_line_id,
            LedgerTx.period,
            RefundLine.quantity,
            func.sum(LedgerEntry.amount_fen),
        )
        .join(LedgerTx, LedgerTx.refund_id == RefundLine.refund_id)
        .join(
            LedgerEntry,
            (LedgerEntry.tx_id == LedgerTx.id)
            & (LedgerEntry.order_line_id == RefundLine.order_line_id),
        )
        .where(
            LedgerTx.order_id.in_(order_ids),
            LedgerTx.kind == TxKind.REFUND,
            LedgerEntry.party_kind == PartyKind.CLEARING,
        )
        .group_by(RefundLine.id, RefundLine.order_line_id, RefundLine.quantity, LedgerTx.period)
        .group_by(LedgerTx.id)
    )
    return [(line_id, period, units if fen < 0 else -units) for line_id, period, units, fen in rows]
