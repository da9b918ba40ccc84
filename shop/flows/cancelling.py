"""Cancelling: before payment the goods go back, after it the money too."""

import logging
from datetime import datetime
from typing import Any

from shop.db import db, transactional
from shop.domain.inventory import holds
from shop.domain.orders import queries as order_queries
from shop.domain.orders import service as orders
from shop.domain.orders.errors import OrderStateConflict
from shop.domain.orders.models import Order
from shop.domain.orders.states import CancelReason, OrderStatus
from shop.domain.outbox import service as outbox
from shop.domain.payments import queries as payment_queries
from shop.domain.payments.errors import AlreadyRefunded
from shop.domain.payments.states import RefundCause
from shop.flows import following, holding, owing
from shop.kernel.actor import SYSTEM, Actor

log = logging.getLogger(__name__)


@transactional
def cancel_order(
    *, actor: Actor, number: str, now: datetime, expected_version: int | None = None
) -> Order:
    """The buyer, or the operator, cancels an order as far as it has not been handed over.

    Unpaid: closed. Paid and not handed over: closed, goods back on their lots, refunded in full.
    Partly shipped: the rest is cancelled and refunded. Raises ``OrderStateConflict``, and
    ``Stale`` where the caller read another version.
    """
    found = (
        order_queries.by_number(number)
        if actor.is_operator and actor.role == "operator"
        else order_queries.of_buyer(number, actor.user_id)
    )
    order = orders.locked(found.id)
    orders.check_version(order, expected_version)
    reason = CancelReason.OPERATOR if actor.role == "operator" else CancelReason.BUYER
    if order.status is OrderStatus.PENDING_PAYMENT:
        _close_unpaid(order, reason=reason, actor=actor, now=now)
    elif order.status is OrderStatus.PAID:
        _close_paid(order, reason=reason, actor=actor, now=now)
    elif order.status is OrderStatus.PARTIALLY_SHIPPED:
        _cancel_rest(order, actor=actor, now=now)
    else:
        raise OrderStateConflict(f"the order is {order.status}", status=str(order.status))
    return order


@transactional
def expire_order(order_id: int, *, now: datetime) -> bool:
    """Close an order whose time to pay is over; ``False``: it was paid, closed or extended."""
    order = orders.locked(order_id)
    if order.status is not OrderStatus.PENDING_PAYMENT or order.expires_at > now:
        return False
    _close_unpaid(order, reason=CancelReason.EXPIRED, actor=SYSTEM, now=now)
    return True


def expire_due(now: datetime) -> int:
    """Close every order whose time is over, each in its own transaction; one stops no other."""
    done = 0
    for order_id in order_queries.unpaid_past(now):
        try:
            done += expire_order(order_id, now=now)
        except Exception:
            log.exception("could not close order %s", order_id)
    return done


def _close_unpaid(order: Order, *, reason: CancelReason, actor: Actor, now: datetime) -> None:
    order.cancel_reason = reason
    orders.move(order, OrderStatus.CANCELLED, actor=actor, now=now, reason=str(reason))
    holding.release(holds.of_order(order.id), now=now)
    for payment in payment_queries.live_of(order.id):
        outbox.put(
            "payment.cancel",
            dedupe_key=f"payment.cancel:{payment.id}:closed",
            payload={"payment_id": payment.id},
            now=now,
        )


def _close_paid(order: Order, *, reason: CancelReason, actor: Actor, now: datetime) -> None:
    units = [(line, orders.cancel_rest(line)) for line in order.lines]
    order.cancel_reason = reason
    orders.move(order, OrderStatus.CANCELLED, actor=actor, now=now, reason=str(reason))
    holding.put_back(order, units, actor_id=actor.user_id, now=now)
    _give_back(
        order,
        {line.id: line.quantity - line.refunded for line in order.lines},
        freight=True,
        reason=str(reason),
        actor=actor,
        dedupe_key=f"cancelled:{order.id}",
        now=now,
    )


def _give_back(order: Order, lines: dict[int, int], **what: Any) -> None:
    """Owe what is left of cancelled units; what was given back before is no error."""
    try:
        owing.owe(order, lines=lines, cause=RefundCause.CANCELLED, **what)
    except AlreadyRefunded:
        return


def _cancel_rest(order: Order, *, actor: Actor, now: datetime) -> None:
    units = [(line, orders.cancel_rest(line)) for line in order.lines]
    units = [(line, count) for line, count in units if count > 0]
    unsent = owing.parts_with_nothing_sent(order)
    holding.put_back(order, units, actor_id=actor.user_id, now=now)
    orders.move(order, OrderStatus.SHIPPED, actor=actor, now=now, reason="rest cancelled")
    sellers = [part.cooperative_id for part in unsent]
    for seller in sorted({line.cooperative_id for line, _ in units}):
        own = {
            line.id: min(count, line.quantity - line.refunded)
            for line, count in units
            if line.cooperative_id == seller
        }
        _give_back(
            order,
            own,
            freight=seller in sellers,
            cooperative_id=seller,
            reason="rest cancelled",
            actor=actor,
            dedupe_key=f"rest-cancelled:{order.id}:{seller}",
            now=now,
        )
    following.parcels_moved(order, actor=actor, now=now)
    db.session.flush()
