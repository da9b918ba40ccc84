"""Verbs of money: every row is written before a provider is called."""

import secrets
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select, update

from shop.db import changed, db
from shop.domain.payments.models import Payment, PaymentHistory, Refund, RefundLine
from shop.domain.payments.states import (
    PAYMENT_LIFE,
    REFUND_LIFE,
    PaymentStatus,
    RefundCause,
    RefundStatus,
)
from shop.kernel.errors import NotFound


def intend(
    *,
    order_id: int,
    gateway: str,
    method: str,
    amount_fen: int,
    request_key: str | None,
    on_phone: bool,
    hold_expires_at: datetime,
    now: datetime,
) -> Payment:
    """Write down the wish for money, with the key every try of it will carry."""
    payment = Payment(
        order_id=order_id,
        gateway=gateway,
        method=method,
        amount_fen=amount_fen,
        request_key=request_key,
        gateway_key=secrets.token_hex(20),
        on_phone=on_phone,
        hold_expires_at=hold_expires_at,
        created_at=now,
        asked_at=now,
    )
    db.session.add(payment)
    db.session.flush()
    _record(payment.id, None, payment.status, source="shop", reason=None, now=now)
    return payment


def locked(payment_id: int) -> Payment:
    """The payment as it is now, ours until the transaction ends; raises ``NotFound``."""
    payment = db.session.scalar(
        select(Payment)
        .where(Payment.id == payment_id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    if payment is None:
        raise NotFound
    return payment


def _record(
    payment_id: int,
    came_from: str | None,
    to: str,
    *,
    source: str,
    reason: str | None,
    now: datetime,
    refund_id: int | None = None,
) -> None:
    db.session.add(
        PaymentHistory(
            payment_id=payment_id,
            refund_id=refund_id,
            from_status=came_from,
            to_status=to,
            source=source,
            reason=reason,
            at=now,
        )
    )


def move(
    payment: Payment,
    status: PaymentStatus,
    *,
    source: str,
    now: datetime,
    reason: str | None = None,
    **values: Any,
) -> bool:
    """Take a step if the table has it; ``False``: the report is older than what is known."""
    came_from = payment.status
    if not PAYMENT_LIFE.allows(came_from, status):
        return False
    moved = changed(
        update(Payment)
        .where(Payment.id == payment.id, Payment.status == came_from)
        .values(status=status, version=Payment.version + 1, **values)
        .execution_options(synchronize_session=False)
    )
    if moved:
        db.session.refresh(payment)
        _record(payment.id, came_from, status, source=source, reason=reason, now=now)
    return bool(moved)


def note_provider(
    payment: Payment, provider_id: str, *, next_action: Mapping[str, Any] | None
) -> None:
    """Keep the provider's id, and what the buyer does next."""
    values: dict[str, Any] = {"provider_id": provider_id}
    if next_action is not None:
        values["next_action"] = dict(next_action)
    changed(
        update(Payment)
        .where(Payment.id == payment.id)
        .values(values)
        .execution_options(synchronize_session=False)
    )
    db.session.refresh(payment)


def owe_refund(
    payment: Payment,
    *,
    amount_fen: int,
    freight_fen: int,
    cause: RefundCause,
    reason: str,
    dedupe_key: str,
    cooperative_id: int | None,
    claim_id: int | None,
    lines: Mapping[int, tuple[int, int]],
    asked_by: int | None,
    now: datetime,
    after_completion: bool = False,
) -> Refund:
    """Write money owed back; the database refuses a sum above what was captured (I12).

    ``lines`` maps order line ids to (units, fen).
    """
    refund = Refund(
        payment_id=payment.id,
        order_id=payment.order_id,
        cooperative_id=cooperative_id,
        claim_id=claim_id,
        cause=cause,
        amount_fen=amount_fen,
        freight_fen=freight_fen,
        after_completion=after_completion,
        reason=reason[:200],
        dedupe_key=dedupe_key,
        asked_by=asked_by,
        created_at=now,
        lines=[
            RefundLine(order_line_id=line_id, quantity=units, amount_fen=fen)
            for line_id, (units, fen) in lines.items()
        ],
    )
    db.session.add(refund)
    db.session.flush()
    db.session.refresh(payment)
    _record(
        payment.id, None, refund.status, source="shop", reason=reason, now=now, refund_id=refund.id
    )
    return refund


def move_refund(
    refund: Refund,
    status: RefundStatus,
    *,
    source: str,
    now: datetime,
    provider_id: str | None = None,
    failure_code: str | None = None,
) -> bool:
    """Take a step if the table has it; ``False``: nothing new."""
    came_from = refund.status
    if not REFUND_LIFE.allows(came_from, status):
        return False
    values: dict[str, Any] = {"status": status, "failure_code": failure_code}
    if provider_id is not None:
        values["provider_id"] = provider_id
    if status is not RefundStatus.PENDING:
        values["settled_at"] = now
    moved = changed(
        update(Refund)
        .where(Refund.id == refund.id, Refund.status == came_from)
        .values(values)
        .execution_options(synchronize_session=False)
    )
    if moved:
        db.session.refresh(refund)
        _record(
            refund.payment_id,
            came_from,
            status,
            source=source,
            reason=failure_code,
            now=now,
            refund_id=refund.id,
        )
    return bool(moved)
