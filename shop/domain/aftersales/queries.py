"""Nouns of claims."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import func, select

from shop.db import db
from shop.domain.aftersales.models import Claim, ClaimHistory, ClaimLine
from shop.domain.aftersales.states import ClaimStatus

COUNTED = (ClaimStatus.OPEN, ClaimStatus.PARTIAL)
"""Claims whose units cannot be claimed once more; those of a granted one are refunded units."""


def claim(claim_id: int, *, cooperative_ids: Sequence[int] | None) -> Claim | None:
    """One claim; outside the given cooperatives (``None``: all) it is not found."""
    query = select(Claim).where(Claim.id == claim_id)
    if cooperative_ids is not None:
        query = query.where(Claim.cooperative_id.in_(cooperative_ids))
    return db.session.scalar(query)


def claim_of_buyer(claim_id: int, *, buyer_id: int | None) -> Claim | None:
    """A buyer's own claim."""
    return db.session.scalar(select(Claim).where(Claim.id == claim_id, Claim.buyer_id == buyer_id))


def of_order(order_id: int, *, cooperative_ids: Sequence[int] | None = None) -> list[Claim]:
    """Claims about an order, the newest first."""
    query = select(Claim).where(Claim.order_id == order_id).order_by(Claim.id.desc())
    if cooperative_ids is not None:
        query = query.where(Claim.cooperative_id.in_(cooperative_ids))
    return list(db.session.scalars(query))


def of_cooperatives(
    cooperative_ids: Sequence[int] | None,
    *,
    status: ClaimStatus | None = None,
    before: int | None = None,
    limit: int = 24,
) -> list[Claim]:
    """Claims that these cooperatives answer, the newest first; ``before`` is a claim id."""
    query = select(Claim).order_by(Claim.id.desc()).limit(limit)
    if cooperative_ids is not None:
        query = query.where(Claim.cooperative_id.in_(cooperative_ids))
    if status is not None:
        query = query.where(Claim.status == status)
    if before is not None:
        query = query.where(Claim.id < before)
    return list(db.session.scalars(query))


def claimed_units(order_line_ids: Iterable[int]) -> dict[int, int]:
    """Units of order lines that a claim names which is open or was granted in part."""
    rows = db.session.execute(
        select(ClaimLine.order_line_id, func.sum(ClaimLine.quantity))
        .join(Claim, Claim.id == ClaimLine.claim_id)
        .where(ClaimLine.order_line_id.in_(set(order_line_ids)), Claim.status.in_(COUNTED))
        .group_by(ClaimLine.order_line_id)
    )
    return {row[0]: int(row[1]) for row in rows}


def overdue(now: datetime, *, limit: int = 200) -> list[Claim]:
    """Open claims whose answer is owed by now."""
    return list(
        db.session.scalars(
            select(Claim)
            .where(Claim.status == ClaimStatus.OPEN, Claim.due_at <= now)
            .order_by(Claim.due_at)
            .limit(limit)
        )
    )


def history(claim_id: int) -> list[ClaimHistory]:
    """Every step of a claim."""
    return list(
        db.session.scalars(
            select(ClaimHistory).where(ClaimHistory.claim_id == claim_id).order_by(ClaimHistory.id)
        )
    )
