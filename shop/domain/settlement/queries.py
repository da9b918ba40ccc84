"""Nouns of the books."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, func, select

from shop.bulk import among
from shop.db import db
from shop.domain.settlement.models import LedgerEntry, LedgerTx, SplitRule
from shop.domain.settlement.states import PartyKind, TxKind


def current_rules(cooperative_ids: Sequence[int]) -> dict[int, SplitRule]:
    """The newest rule of each cooperative: the one an order placed now is frozen with."""
    newest = (
        select(SplitRule.cooperative_id, func.max(SplitRule.version).label("version"))
        .where(among(SplitRule.cooperative_id, cooperative_ids))
        .group_by(SplitRule.cooperative_id)
        .subquery()
    )
    rules = db.session.scalars(
        select(SplitRule).join(
            newest,
            (SplitRule.cooperative_id == newest.c.cooperative_id)
            & (SplitRule.version == newest.c.version),
        )
    )
    return {rule.cooperative_id: rule for rule in rules}


def rules(ids: Sequence[int]) -> dict[int, SplitRule]:
    """Rules by id, as frozen on orders."""
    return {
        rule.id: rule for rule in db.session.scalars(select(SplitRule).where(SplitRule.id.in_(ids)))
    }


def is_completed(order_id: int) -> bool:
    """Whether an order's income has been posted."""
    return (
        db.session.scalar(
            select(LedgerTx.id).where(
                LedgerTx.order_id == order_id, LedgerTx.kind == TxKind.COMPLETION
            )
        )
        is not None
    )


def entries(order_id: int) -> list[LedgerEntry]:
    """Every leg of an order, in the order of posting."""
    return list(
        db.session.scalars(
            select(LedgerEntry).where(LedgerEntry.order_id == order_id).order_by(LedgerEntry.id)
        )
    )


def periods(whose: ColumnElement[bool]) -> list[str]:
    """Months in which somebody has legs, the newest first.

    One look at the index a month, however many legs it has: each asks for the newest before.
    """
    newest = select(func.max(LedgerEntry.period).label("period")).where(whose)
    months = newest.cte("months", recursive=True)
    earlier = newest.where(LedgerEntry.period < months.c.period).scalar_subquery()
    months = months.union_all(select(earlier).where(months.c.period.is_not(None)))
    found = db.session.scalars(select(months.c.period).where(months.c.period.is_not(None)))
    return sorted(found, reverse=True)


def refund_entries(cause_key: str) -> list[LedgerEntry]:
    """The legs of one posting, by what caused it."""
    return list(
        db.session.scalars(
            select(LedgerEntry)
            .join(LedgerTx, LedgerTx.id == LedgerEntry.tx_id)
            .where(LedgerTx.cause_key == cause_key)
            .order_by(LedgerEntry.id)
        )
    )


def shares(order_id: int) -> dict[PartyKind, int]:
    """What each kind of party has of an order, in fen, after refunds."""
    rows = db.session.execute(
        select(LedgerEntry.party_kind, func.sum(-LedgerEntry.amount_fen))
        .where(LedgerEntry.order_id == order_id, LedgerEntry.party_kind != PartyKind.CLEARING)
        .group_by(LedgerEntry.party_kind)
    )
    return {kind: int(fen) for kind, fen in rows}
