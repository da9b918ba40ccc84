"""Sending money back: the provider is asked outside any transaction, its word applied once."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from shop.db import db, transactional
from shop.domain.compliance import service as tasks
from shop.domain.compliance.states import TaskKind
from shop.domain.orders import service as orders
from shop.domain.orders.models import Order
from shop.domain.orders.states import ORDER_LIFE, OrderStatus
from shop.domain.payments import freight as freights
from shop.domain.payments import queries as payment_queries
from shop.domain.payments import service as payments
from shop.domain.payments.gateways.base import (
    Gateway,
    GatewayDown,
    GatewayRefused,
    RefundOutcome,
    RefundRequest,
)
from shop.domain.payments.models import Payment, Refund
from shop.domain.payments.queries import AGAIN
from shop.domain.payments.states import PaymentStatus, RefundStatus
from shop.domain.settlement import queries as books
from shop.domain.settlement import service as ledger
from shop.domain.settlement.mirror import mirror, reversed_legs
from shop.domain.settlement.states import TxKind
from shop.flows.owing import queue
from shop.flows.telling import tell
from shop.kernel.actor import GATEWAY, Actor
from shop.kernel.errors import NotFound
from shop.kernel.money import yuan

OUTCOMES = {
    RefundOutcome.PENDING: RefundStatus.PENDING,
    RefundOutcome.SUCCEEDED: RefundStatus.SUCCEEDED,
    RefundOutcome.FAILED: RefundStatus.FAILED,
}


@transactional
def _to_send(refund_id: int) -> tuple[str, RefundRequest] | None:
    refund = db.session.get(Refund, refund_id)
    if refund is None or refund.status is not RefundStatus.DUE:
        return None
    payment = db.session.get_one(Payment, refund.payment_id)
    if payment.provider_id is None:
        raise GatewayDown("the provider's id of this payment is not known yet")
    return payment.gateway, RefundRequest(
        refund_id=refund.id,
        payment_id=payment.id,
        provider_payment_id=payment.provider_id,
        amount_fen=refund.amount_fen,
        idempotency_key=f"refund-{payment.gateway_key}-{refund.id}",
        reason=str(refund.cause),
    )


def send_refund(refund_id: int, *, gateways: Mapping[str, Gateway], now: datetime) -> str | None:
    """Ask the provider, with the refund's own key, so that any number of tries gives once.

    Gives the provider's id, or ``None`` where nothing was sent. Raises ``GatewayDown`` or
    ``OutcomeUnknown`` so that the outbox tries again.
    """
    wanted = _to_send(refund_id)
    if wanted is None:
        return None
    name, request = wanted
    try:
        standing = configured(gateways, name).refund(request)
    except GatewayRefused as refusal:
        record_refund(
            refund_id,
            outcome=RefundOutcome.FAILED,
            provider_id=None,
            failure_code=refusal.decline_code,
            source="send",
            now=now,
        )
        return None
    record_refund(
        refund_id,
        outcome=standing.outcome,
        provider_id=standing.provider_id,
        failure_code=standing.failure_code,
        source="send",
        now=now,
    )
    return standing.provider_id


def configured(gateways: Mapping[str, Gateway], name: str) -> Gateway:
    """The gateway of this name; one that the shop no longer has set up raises ``GatewayDown``."""
    if name not in gateways:
        raise GatewayDown(f"the gateway {name} is not set up")
    return gateways[name]


@transactional
def record_refund(
    refund_id: int,
    *,
    outcome: RefundOutcome,
    provider_id: str | None,
    failure_code: str | None,
    source: str,
    now: datetime,
) -> None:
    """Write what the provider says of a refund."""
    apply_refund(
        refund_id,
        outcome=outcome,
        provider_id=provider_id,
        failure_code=failure_code,
        source=source,
        now=now,
    )


def apply_refund(
    refund_id: int,
    *,
    outcome: RefundOutcome,
    provider_id: str | None,
    failure_code: str | None,
    source: str,
    now: datetime,
) -> bool:
    """The one path of a refund's report, whoever brings it; inside a transaction."""
    found = db.session.get(Refund, refund_id)
    if found is None:
        return False
    order = orders.locked(found.order_id)
    payment = payments.locked(found.payment_id)
    refund = db.session.get_one(Refund, refund_id, populate_existing=True)
    moved = payments.move_refund(
        refund,
        OUTCOMES[outcome],
        source=source,
        provider_id=provider_id,
        failure_code=failure_code,
        now=now,
    )
    if not moved:
        return False
    if refund.status is RefundStatus.SUCCEEDED:
        _succeeded(order, payment, refund, now=now)
    elif refund.status is RefundStatus.FAILED:
        _failed(order, payment, refund, now=now)
    return True


def _succeeded(order: Order, payment: Payment, refund: Refund, *, now: datetime) -> None:
    if payment_queries.succeeded_fen(payment.id) == payment.amount_fen:
        payments.move(payment, PaymentStatus.REFUNDED, source="shop", now=now)
        surplus = payment_queries.that_paid(order.id) != payment
        if not surplus and ORDER_LIFE.allows(order.status, OrderStatus.REFUNDED):
            orders.move(order, OrderStatus.REFUNDED, actor=GATEWAY, now=now, reason=refund.reason)
    elif not payment_queries.owes(payment.id):
        payments.move(payment, PaymentStatus.CAPTURED, source="shop", now=now)
    if refund.after_completion:
        _post_mirror(order, refund, now=now)
    tell(
        user_id=order.buyer_id,
        phone=None,
        template="refund-sent",
        variables={"number": order.number, "amount": yuan(refund.amount_fen)},
        dedupe_key=f"refund-sent:{refund.id}",
        now=now,
    )


def _post_mirror(order: Order, refund: Refund, *, now: datetime) -> None:
    legs = mirror(
        books.entries(order.id),
        goods_fen={line.order_line_id: line.amount_fen for line in refund.lines},
        freight_fen=_freight_by_seller(order, refund),
    )
    ledger.post(
        TxKind.REFUND,
        legs,
        cause_key=f"refund:{refund.id}",
        order_id=order.id,
        refund_id=refund.id,
        now=now,
    )


def _freight_by_seller(order: Order, refund: Refund) -> dict[int, int]:
    """Whose freight a refund gives back."""
    if refund.freight_fen == 0:
        return {}
    charged = {part.cooperative_id: part.freight_fen for part in order.parts}
    return freights.by_refund(payment_queries.refunds_of(order.id), charged)[refund.id]


def _failed(order: Order, payment: Payment, refund: Refund, *, now: datetime) -> None:
    """A failed refund is still owed: books and order take it back and a person is asked."""
    legs = reversed_legs(books.refund_entries(f"refund:{refund.id}"))
    ledger.post(
        TxKind.REFUND,
        legs,
        cause_key=f"refund-failed:{refund.id}",
        order_id=order.id,
        refund_id=refund.id,
        now=now,
    )
    payments.move(payment, PaymentStatus.REFUND_DUE, source="shop", now=now)
    if order.status is OrderStatus.REFUNDED and payment_queries.that_paid(order.id) == payment:
        orders.take_back_refund(order, actor=GATEWAY, now=now, reason="refund failed")
    tasks.open_task(
        TaskKind.REFUND_DUE,
        dedupe_key=f"refund-failed:{refund.id}",
        ref=f"order:{order.number}",
        summary=f"{order.number} {yuan(refund.amount_fen)}",
        due_at=now + timedelta(days=1),
        now=now,
    )


@transactional
def send_again(*, actor: Actor, refund_id: int, now: datetime) -> Refund:
    """Owe a failed refund anew, once, under a key of its own; the operator's button."""
    if not actor.is_operator:
        raise NotFound
    failed = db.session.get(Refund, refund_id)
    if failed is None or failed.status is not RefundStatus.FAILED:
        raise NotFound
    payment = payments.locked(failed.payment_id)
    if known := payment_queries.refund_by_key(f"{AGAIN}{failed.id}"):
        return known
    refund = payments.owe_refund(
        payment,
        amount_fen=failed.amount_fen,
        freight_fen=failed.freight_fen,
        cause=failed.cause,
        reason=failed.reason,
        dedupe_key=f"{AGAIN}{failed.id}",
        cooperative_id=failed.cooperative_id,
        claim_id=failed.claim_id,
        lines={x.order_line_id: (x.quantity, x.amount_fen) for x in failed.lines},
        asked_by=actor.user_id,
        now=now,
        after_completion=failed.after_completion,
    )
    tasks.close_task(f"refund-failed:{failed.id}", actor=actor, note=None, now=now)
    queue(refund, now=now)
    return refund
