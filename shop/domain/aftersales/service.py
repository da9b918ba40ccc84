"""Verbs of a claim: opened by a buyer, answered once by the seller, overturned by the platform."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import select, update

from shop.db import changed, db
from shop.domain.aftersales.models import Claim, ClaimHistory, ClaimLine
from shop.domain.aftersales.states import CLAIM_LIFE, ClaimReason, ClaimStatus
from shop.kernel.actor import Actor
from shop.kernel.errors import IllegalMove, NotFound


def open_claim(
    *,
    order_id: int,
    buyer_id: int,
    cooperative_id: int,
    reason: ClaimReason,
    lines: Mapping[int, int],
    note: str | None,
    pictures: Sequence[int],
    due_at: datetime,
    actor: Actor,
    now: datetime,
) -> Claim:
    """Write a complaint about units (order line id to quantity) of one cooperative."""
    claim = Claim(
        order_id=order_id,
        buyer_id=buyer_id,
        cooperative_id=cooperative_id,
        status=ClaimStatus.OPEN,
        reason=reason,
        note=note,
        pictures=list(pictures),
        due_at=due_at,
        created_at=now,
        lines=[
            ClaimLine(order_line_id=line_id, quantity=quantity)
            for line_id, quantity in sorted(lines.items())
        ],
    )
    db.session.add(claim)
    db.session.flush()
    _record(claim, None, actor=actor, reason=None, now=now)
    return claim


def locked(claim_id: int) -> Claim:
    """The claim as it is now, ours until the transaction ends; raises ``NotFound``."""
    claim = db.session.scalar(
        select(Claim)
        .where(Claim.id == claim_id)
        .with_for_update(of=Claim)
        .execution_options(populate_existing=True)
    )
    if claim is None:
        raise NotFound
    return claim


def answer(
    claim: Claim,
    decision: ClaimStatus,
    *,
    amount_fen: int | None,
    reason: str,
    actor: Actor,
    now: datetime,
) -> None:
    """Decide a claim; raises ``IllegalMove`` where it is decided or somebody was faster."""
    came_from = claim.status
    CLAIM_LIFE.check(came_from, decision)
    answered = changed(
        update(Claim)
        .where(Claim.id == claim.id, Claim.status == came_from)
        .values(
            status=decision,
            amount_fen=amount_fen,
            answer=reason,
            answered_by=actor.user_id,
            answered_at=now,
        )
        .execution_options(synchronize_session=False)
    )
    if not answered:
        raise IllegalMove("the claim has just been answered")
    db.session.refresh(claim)
    _record(claim, came_from, actor=actor, reason=reason, now=now)


def _record(
    claim: Claim, came_from: ClaimStatus | None, *, actor: Actor, reason: str | None, now: datetime
) -> None:
    db.session.add(
        ClaimHistory(
            claim_id=claim.id,
            from_status=came_from,
            to_status=claim.status,
            actor_id=actor.user_id,
            actor_role=actor.role,
            reason=reason,
            at=now,
        )
    )
