"""Paying an order: the wish is written, the provider asked, its answer written."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from shop.db import db, transactional
from shop.domain.inventory import holds
from shop.domain.orders import queries as order_queries
from shop.domain.orders import service as orders
from shop.domain.orders.errors import OrderStateConflict, ReservationExpired
from shop.domain.orders.models import Order
from shop.domain.orders.states import OrderStatus
from shop.domain.outbox import service as outbox
from shop.domain.payments import queries as payment_queries
from shop.domain.payments import service as payments
from shop.domain.payments.gateways.base import (
    Charge,
    Gateway,
    GatewayRefused,
    Intent,
    Method,
    OutcomeUnknown,
)
from shop.domain.payments.models import Payment
from shop.domain.payments.states import LIVE_PAYMENTS, PaymentStatus
from shop.flows import hearing
from shop.flows.capturing import apply_payment
from shop.kernel.actor import Actor
from shop.kernel.clock import rfc3339
from shop.kernel.errors import Invalid


@dataclass(frozen=True, kw_only=True)
class PayRequest:
    """How a buyer wants to pay; ``request_key`` makes sending again give the same payment."""

    number: str
    gateway: str
    method: Method
    request_key: str
    on_phone: bool = False


@dataclass(frozen=True, kw_only=True)
class HoldTerms:
    """Starting a payment extends the hold once, to ``extension`` from now, ``cap`` in all."""

    extension: timedelta
    cap: timedelta


def start_payment(
    request: PayRequest,
    *,
    actor: Actor,
    gateways: Mapping[str, Gateway],
    return_url: Callable[[str], str],
    terms: HoldTerms,
    clock: Callable[[], datetime],
) -> int:
    """Begin a payment and give its id; asked again with the same key, the same payment.

    Raises ``OrderStateConflict``, ``ReservationExpired``, ``GatewayRefused`` (402),
    ``GatewayDown`` (503; the same key may be sent again). An outcome that stays unknown leaves the
    payment ``processing``, never failed.
    """
    gateway = gateways.get(request.gateway)
    if gateway is None or request.method not in gateway.methods:
        raise Invalid.at("/gateway", "this way to pay is not offered")
    payment_id, charge = _intend(
        request, actor=actor, return_url=return_url, terms=terms, now=clock()
    )
    if charge is None:
        return payment_id
    try:
        intent = gateway.start(charge)
    except OutcomeUnknown:
        _leave_unknown(payment_id, now=clock())
    except GatewayRefused as refusal:
        _note_refusal(payment_id, refusal.decline_code, now=clock())
        raise
    else:
        _note_intent(payment_id, intent, now=clock())
    hearing.apply_waiting(
        gateway.name, livemode=gateway.livemode, now=clock(), payment_id=payment_id
    )
    return payment_id


@transactional
def _intend(
    request: PayRequest,
    *,
    actor: Actor,
    return_url: Callable[[str], str],
    terms: HoldTerms,
    now: datetime,
) -> tuple[int, Charge | None]:
    order = orders.locked(order_queries.of_buyer(request.number, actor.user_id).id)
    payment = payment_queries.by_request_key(order.id, request.request_key)
    if payment is not None and (
        payment.provider_id is not None or payment.status not in LIVE_PAYMENTS
    ):
        return payment.id, None
    if order.status is not OrderStatus.PENDING_PAYMENT:
        raise OrderStateConflict(f"the order is {order.status}", status=str(order.status))
    if order.expires_at <= now:
        raise ReservationExpired("the time to pay is over")
    if payment is None:
        _extend(order, terms, now=now)
        payment = payments.intend(
            order_id=order.id,
            gateway=request.gateway,
            method=str(request.method),
            amount_fen=order.total_fen,
            request_key=request.request_key,
            on_phone=request.on_phone,
            hold_expires_at=order.expires_at,
            now=now,
        )
    return payment.id, _charge(order, payment, return_url)


def _extend(order: Order, terms: HoldTerms, *, now: datetime) -> None:
    """Give the buyer time to pay, once; the sweeper's row moves with it."""
    until = min(now + terms.extension, order.created_at + terms.cap)
    if order.hold_extended or until <= order.expires_at:
        return
    order.hold_extended = True
    order.expires_at = until
    db.session.flush()
    holds.extend(order.id, until)


def _charge(order: Order, payment: Payment, return_url: Callable[[str], str]) -> Charge:
    return Charge(
        payment_id=payment.id,
        order_number=order.number,
        amount_fen=payment.amount_fen,
        method=Method(payment.method),
        idempotency_key=payment.gateway_key,
        description=order.lines[0].title,
        return_url=return_url(order.number),
        hold_expires_at=payment.hold_expires_at,
        on_phone=payment.on_phone,
    )


@transactional
def _note_intent(payment_id: int, intent: Intent, *, now: datetime) -> None:
    known = db.session.get_one(Payment, payment_id)
    order = orders.locked(known.order_id)
    payment = payments.locked(payment_id)
    action = intent.next_action
    payments.note_provider(
        payment,
        intent.provider_id,
        next_action=None
        if action is None
        else {
            "type": action.type,
            "url": action.url,
            "data": action.data,
            "expires_at": rfc3339(action.expires_at) if action.expires_at else None,
        },
    )
    apply_payment(
        order,
        payment,
        outcome=intent.outcome,
        failure_code=intent.failure_code,
        source="start",
        now=now,
    )
    waits = order.status is OrderStatus.PENDING_PAYMENT
    outbox.put(
        "payment.cancel",
        dedupe_key=f"payment.cancel:{payment.id}",
        payload={"payment_id": payment.id},
        due_at=max(order.expires_at, now) if waits else now,
        now=now,
    )


@transactional
def _leave_unknown(payment_id: int, *, now: datetime) -> None:
    payments.move(
        payments.locked(payment_id),
        PaymentStatus.PROCESSING,
        source="start",
        now=now,
        reason="outcome unknown",
    )


@transactional
def _note_refusal(payment_id: int, code: str, *, now: datetime) -> None:
    payments.move(
        payments.locked(payment_id),
        PaymentStatus.FAILED,
        source="start",
        now=now,
        failure_code=code,
    )


def cancel_payment(payment_id: int, *, gateways: Mapping[str, Gateway], now: datetime) -> None:
    """Call an unfinished payment off once its order can no longer be paid by it.

    Raises ``GatewayDown`` so that the outbox tries again; captured meanwhile is heard as such.
    """
    payment = db.session.get(Payment, payment_id)
    if payment is None or payment.status not in LIVE_PAYMENTS or payment.provider_id is None:
        return
    order = db.session.get_one(Order, payment.order_id)
    gateway, provider_id = gateways.get(payment.gateway), payment.provider_id
    waits = order.status is OrderStatus.PENDING_PAYMENT and order.expires_at > now
    db.session.rollback()
    if gateway is None or waits:
        return
    hearing.record_standing(payment_id, gateway.cancel(provider_id), source="cancel", now=now)


def resume_unknown(
    payment_id: int,
    *,
    gateways: Mapping[str, Gateway],
    return_url: Callable[[str], str],
    now: datetime,
) -> None:
    """Ask again, with its own key, for a payment whose first answer was lost."""
    charge = _unanswered(payment_id, return_url)
    if charge is None:
        return
    gateway, wanted = charge
    if gateway not in gateways:
        return
    try:
        intent = gateways[gateway].start(wanted)
    except GatewayRefused as refusal:
        _note_refusal(payment_id, refusal.decline_code, now=now)
        return
    _note_intent(payment_id, intent, now=now)


@transactional
def _unanswered(payment_id: int, return_url: Callable[[str], str]) -> tuple[str, Charge] | None:
    payment = payments.locked(payment_id)
    if payment.provider_id is not None or payment.status not in LIVE_PAYMENTS:
        return None
    order = db.session.get_one(Order, payment.order_id)
    return payment.gateway, _charge(order, payment, return_url)
