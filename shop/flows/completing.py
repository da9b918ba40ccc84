"""Completing an order: its income is posted in the same breath."""

import logging
from datetime import datetime, timedelta

from shop.db import transactional
from shop.domain.orders import queries as order_queries
from shop.domain.orders import service as orders
from shop.domain.orders.models import Order
from shop.domain.orders.states import OrderStatus
from shop.domain.settlement import service as ledger
from shop.domain.settlement.split import legs_of
from shop.domain.settlement.states import TxKind
from shop.kernel.actor import SYSTEM, Actor
from shop.reads.sold import sold_lines

log = logging.getLogger(__name__)


@transactional
def confirm_receipt(
    *, actor: Actor, number: str, now: datetime, expected_version: int | None = None
) -> Order:
    """The buyer has the goods; a second press changes nothing.

    Raises ``OrderStateConflict``, and ``Stale`` where the caller read another version.
    """
    order = orders.locked(order_queries.of_buyer(number, actor.user_id).id)
    orders.check_version(order, expected_version)
    if order.status is not OrderStatus.COMPLETED:
        _complete(order, actor=actor.wearing("buyer"), now=now)
    return order


@transactional
def complete_order(order_id: int, *, now: datetime) -> bool:
    """Complete a delivered order nobody confirmed; ``False``: it has moved on, or its clock stands.

    The clock may have been stopped since the order was found due: a parcel is coming back.
    """
    order = orders.locked(order_id)
    if order.status is not OrderStatus.DELIVERED or order.delivered_at is None:
        return False
    _complete(order, actor=SYSTEM, now=now)
    return True


def complete_due(now: datetime, *, after_days: int) -> int:
    """Complete what was delivered ``after_days`` ago, one transaction each; one stops no other."""
    done = 0
    for order_id in order_queries.delivered_before(now - timedelta(days=after_days)):
        try:
            done += complete_order(order_id, now=now)
        except Exception:
            log.exception("could not complete order %s", order_id)
    return done


def _complete(order: Order, *, actor: Actor, now: datetime) -> None:
    orders.move(order, OrderStatus.COMPLETED, actor=actor, now=now)
    legs = [leg for line in sold_lines(order) for leg in legs_of(line)]
    ledger.post(
        TxKind.COMPLETION, legs, cause_key=f"completion:{order.id}", order_id=order.id, now=now
    )
