"""Every action in every state of an order (FAULTS 18): a step of the table, or a refusal that
changes nothing. The expectations are generated from ``ORDER_LIFE``."""

from collections.abc import Callable
from datetime import timedelta
from itertools import product

import pytest
from flask import Flask
from sqlalchemy import select, text, update

from shop.db import db, transactional
from shop.domain.orders import service
from shop.domain.orders.errors import OrderStateConflict
from shop.domain.orders.models import Order, OrderHistory
from shop.domain.orders.states import ORDER_LIFE, OrderStatus
from shop.domain.payments.errors import AlreadyRefunded, RefundExceedsCaptured
from shop.flows import cancelling, completing
from shop.kernel.actor import SYSTEM
from tests.builders import a_sku, an_actor
from tests.conftest import NOON
from tests.invariants import assert_sound
from tests.money import a_paid, arrive, complete, deliver, pay, place, refunded, ship
from tests.seen import order_now

S = OrderStatus
LATER = NOON + timedelta(hours=1)
TABLES = ("orders", "order_line", "order_history", "stock", "stock_hold", "payment", "refund")


@transactional
def force(order_id: int, status: OrderStatus) -> None:
    db.session.execute(update(Order).where(Order.id == order_id).values(status=status))


@transactional
def step(order_id: int, status: OrderStatus) -> None:
    service.move(service.locked(order_id), status, actor=SYSTEM, now=NOON)


def test_a_move_is_in_the_table_or_changes_nothing(ctx: Flask) -> None:
    order_id = place({a_sku(on_hand=1): 1}).id
    for came_from, to in product(OrderStatus, OrderStatus):
        force(order_id, came_from)
        before = count_history()
        if ORDER_LIFE.allows(came_from, to):
            step(order_id, to)
            assert (status_of(order_id), count_history()) == (to, before + 1)
        else:
            with pytest.raises(OrderStateConflict):
                step(order_id, to)
            assert (status_of(order_id), count_history()) == (came_from, before)


def status_of(order_id: int) -> OrderStatus:
    db.session.rollback()
    return db.session.scalars(select(Order.status).where(Order.id == order_id)).one()


def count_history() -> int:
    db.session.rollback()
    return len(db.session.scalars(select(OrderHistory.id)).all())


def everything() -> list[object]:
    """Every row that an action on an order may touch."""
    db.session.rollback()
    rows = [db.session.execute(text(f"SELECT * FROM {name} ORDER BY 1")).all() for name in TABLES]
    db.session.rollback()
    return list(rows)


def partly_sent(sku: str) -> Order:
    order = a_paid({sku: 2})
    ship(order, lines=[(sku, 1)])
    return order


def cancelled(sku: str) -> Order:
    order = place({sku: 2})
    cancel(order)
    return order


def gone_back(sku: str) -> Order:
    order = a_paid({sku: 2})
    refunded(order)
    return order


STATES: dict[OrderStatus, Callable[[str], Order]] = {
    S.PENDING_PAYMENT: lambda sku: place({sku: 2}),
    S.PAID: lambda sku: a_paid({sku: 2}),
    S.PARTIALLY_SHIPPED: partly_sent,
    S.SHIPPED: lambda sku: (order := a_paid({sku: 2}), ship(order))[0],
    S.DELIVERED: lambda sku: deliver(a_paid({sku: 2})),
    S.COMPLETED: lambda sku: complete(a_paid({sku: 2})),
    S.CANCELLED: cancelled,
    S.REFUNDED: gone_back,
}


def cancel(order: Order) -> None:
    cancelling.cancel_order(actor=an_actor(order.buyer_id), number=order.number, now=NOON)


def confirm(order: Order) -> None:
    completing.confirm_receipt(actor=an_actor(order.buyer_id), number=order.number, now=NOON)


def expire(order: Order) -> None:
    if not cancelling.expire_order(order.id, now=LATER):
        raise OrderStateConflict


def complete_itself(order: Order) -> None:
    if not completing.complete_order(order.id, now=LATER):
        raise OrderStateConflict


ACTIONS: dict[str, tuple[Callable[[Order], object], dict[OrderStatus, OrderStatus]]] = {
    "cancel": (
        cancel,
        {S.PENDING_PAYMENT: S.CANCELLED, S.PAID: S.CANCELLED, S.PARTIALLY_SHIPPED: S.SHIPPED},
    ),
    "expire": (expire, {S.PENDING_PAYMENT: S.CANCELLED}),
    "hand over": (ship, {S.PAID: S.SHIPPED, S.PARTIALLY_SHIPPED: S.SHIPPED}),
    "arrive": (arrive, {S.SHIPPED: S.DELIVERED}),
    "confirm": (confirm, {S.SHIPPED: S.COMPLETED, S.DELIVERED: S.COMPLETED}),
    "complete": (complete_itself, {S.DELIVERED: S.COMPLETED}),
    "refund": (
        refunded,
        {state: S.REFUNDED for state in S if ORDER_LIFE.allows(state, S.REFUNDED)},
    ),
}
QUIET = {("arrive", state) for state in S if state is not S.SHIPPED} | {("confirm", S.COMPLETED)}
"""Said again, or said of an order it does not move: no error and no change of state."""


@pytest.mark.parametrize("state", list(OrderStatus))
def test_every_action_is_a_step_of_the_table_or_changes_nothing(
    ctx: Flask, state: OrderStatus
) -> None:
    sku = a_sku(on_hand=50)
    order = STATES[state](sku)
    assert order_now(order).status is state
    for name, (act, steps) in ACTIONS.items():
        if state in steps:
            assert ORDER_LIFE.allows(state, steps[state])
            act(order)
            assert order_now(order).status is steps[state], name
            order = STATES[state](sku)
        elif (name, state) in QUIET:
            act(order)
            assert order_now(order).status is state, name
        else:
            before = everything()
            with pytest.raises((OrderStateConflict, AlreadyRefunded, RefundExceedsCaptured)):
                act(order)
            assert everything() == before, name
    assert_sound()


def test_money_that_comes_again_moves_no_state_but_is_owed_back(ctx: Flask) -> None:
    sku = a_sku(on_hand=50)
    for state, build in STATES.items():
        order = build(sku)
        payment = pay(order)
        expected = S.PAID if state is S.PENDING_PAYMENT else state
        assert order_now(order).status is expected
        assert (payment.refunded_fen == payment.amount_fen) is (state is not S.PENDING_PAYMENT)
    assert_sound()
