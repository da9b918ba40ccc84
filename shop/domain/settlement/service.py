"""Verbs of the books: a rule is a new version, a correction is a new posting."""

import secrets
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, select

from shop.db import db
from shop.domain.settlement.models import LedgerEntry, LedgerTx, SplitRule
from shop.domain.settlement.split import Leg
from shop.domain.settlement.states import TxKind
from shop.kernel.clock import period_of
from shop.kernel.errors import Invalid
from shop.kernel.money import WHOLE_BP


def set_rule(
    cooperative_id: int,
    *,
    platform_bp: int,
    village_bp: int,
    farmer_bp: int,
    actor_id: int | None,
    now: datetime,
) -> SplitRule:
    """Add the next version of a cooperative's rule; orders placed before keep theirs."""
    if min(platform_bp, village_bp, farmer_bp) < 0:
        raise Invalid("a share is not negative")
    if platform_bp + village_bp + farmer_bp > WHOLE_BP:
        raise Invalid("the shares exceed the whole")
    newest = db.session.scalar(
        select(func.max(SplitRule.version)).where(SplitRule.cooperative_id == cooperative_id)
    )
    rule = SplitRule(
        cooperative_id=cooperative_id,
        version=(newest or 0) + 1,
        platform_bp=platform_bp,
        village_bp=village_bp,
        farmer_bp=farmer_bp,
        created_by=actor_id,
        created_at=now,
    )
    db.session.add(rule)
    db.session.flush()
    return rule


def post(
    kind: TxKind,
    legs: Sequence[Leg],
    *,
    cause_key: str,
    order_id: int,
    now: datetime,
    refund_id: int | None = None,
) -> bool:
    """Post legs that sum to zero, once a cause: legs first, header last. ``False``: posted before.

    An empty posting (an order refunded to nothing) is not written.
    """
    known = db.session.scalar(select(LedgerTx.id).where(LedgerTx.cause_key == cause_key))
    if known or not legs:
        return False
    tx_id, period = secrets.token_hex(16), period_of(now)
    db.session.add_all(
        LedgerEntry(
            tx_id=tx_id,
            order_id=order_id,
            order_line_id=leg.order_line_id,
            lot_id=leg.lot_id,
            party_kind=leg.party_kind,
            party_id=leg.party_id,
            cooperative_id=leg.cooperative_id,
            village_id=leg.village_id,
            split_rule_id=leg.split_rule_id,
            quantity=leg.quantity,
            amount_fen=leg.amount_fen,
            period=period,
        )
        for leg in legs
    )
    db.session.flush()
    db.session.add(
        LedgerTx(
            id=tx_id,
            kind=kind,
            cause_key=cause_key,
            order_id=order_id,
            refund_id=refund_id,
            period=period,
            posted_at=now,
        )
    )
    db.session.flush()
    return True
