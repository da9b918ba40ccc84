"""Money that did not go back after all: nothing calls it refunded, and a person is asked."""

from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import select

from shop.db import db
from shop.domain.compliance.models import Task
from shop.domain.compliance.states import TaskKind, TaskStatus
from shop.domain.orders import queries as order_queries
from shop.domain.orders.errors import OrderStateConflict
from shop.domain.orders.models import Order
from shop.domain.orders.states import OrderStatus
from shop.domain.payments.gateways.base import RefundOutcome
from shop.domain.payments.states import PaymentStatus, RefundStatus
from shop.flows import cancelling, completing, sending_back
from shop.reads import audit
from tests.builders import a_sku, an_actor, an_operator
from tests.conftest import NOON
from tests.invariants import assert_sound
from tests.money import (
    a_paid,
    a_payment,
    a_refund_event,
    complete,
    deliver,
    pay,
    place,
    refunded,
    ship,
    told,
)
from tests.seen import order_now, payment_now, refund_now, refunds_of
from tests.settled import parties

BEFORE: dict[OrderStatus, Callable[[Order], object]] = {
    OrderStatus.PAID: lambda order: None,
    OrderStatus.SHIPPED: ship,
    OrderStatus.DELIVERED: deliver,
    OrderStatus.COMPLETED: complete,
}


def times(order: Order) -> tuple[object, ...]:
    seen = order_now(order)
    return (seen.paid_at, seen.shipped_at, seen.delivered_at, seen.completed_at)


def broken() -> list[str]:
    return [violation.name for violation in audit.violations(NOON)]


def test_a_refunded_order_whose_money_did_not_arrive_is_again_what_it_was(ctx: Flask) -> None:
    """FAULTS 45: in every paid state; its times and its books are as before the refund."""
    sku = a_sku(on_hand=50, price_fen=1000)
    for status, reach in BEFORE.items():
        order = a_paid({sku: 2})
        reach(order)
        before, books = times(order), parties(order)
        owed = refunded(order)
        assert order_now(order).status is OrderStatus.REFUNDED
        told(a_refund_event(owed, RefundOutcome.FAILED, failure_code="account_closed"))
        assert (order_now(order).status, times(order)) == (status, before)
        assert parties(order) == books
        assert payment_now(owed.payment_id).status is PaymentStatus.REFUND_DUE
        step = order_queries.history(order.id)[-1]
        assert (step.from_status, step.to_status) == ("refunded", status)
        assert (step.reason, step.actor_role) == ("refund failed", "gateway")
        assert broken() == []
        again = sending_back.send_again(actor=an_operator(), refund_id=owed.id, now=NOON)
        told(a_refund_event(again))
        assert order_now(order).status is OrderStatus.REFUNDED
        with pytest.raises(OrderStateConflict):
            completing.confirm_receipt(
                actor=an_actor(order.buyer_id), number=order.number, now=NOON
            )
    tasks = db.session.scalars(select(Task)).all()
    assert [(t.kind, t.status) for t in tasks] == [(TaskKind.REFUND_DUE, TaskStatus.DONE)] * 4
    assert broken() == []
    assert_sound()


def test_one_of_two_refunds_that_fails_takes_the_order_back(ctx: Flask) -> None:
    order = a_paid({a_sku(on_hand=9): 2})
    ship(order)
    small, rest = refunded(order, amount_fen=500), refunded(order)
    assert order_now(order).status is OrderStatus.REFUNDED
    told(a_refund_event(small, RefundOutcome.FAILED))
    assert order_now(order).status is OrderStatus.SHIPPED
    assert refund_now(rest.id).status is RefundStatus.SUCCEEDED
    assert_sound()


def test_money_paid_twice_that_does_not_go_back_moves_no_order(ctx: Flask) -> None:
    order = place({a_sku(on_hand=9): 2})
    pay(order)
    second = pay(order, payment=a_payment(order))
    whole = refunded(order)
    surplus = next(r for r in refunds_of(order) if r.payment_id == second.id)
    told(a_refund_event(surplus))
    told(a_refund_event(surplus, RefundOutcome.FAILED))
    assert order_now(order).status is OrderStatus.REFUNDED
    assert broken() == ["I14"]
    told(a_refund_event(whole, RefundOutcome.FAILED))
    assert order_now(order).status is OrderStatus.PAID


def test_the_audit_names_a_cancelled_order_whose_money_is_not_on_its_way(ctx: Flask) -> None:
    order = a_paid({a_sku(on_hand=9): 2})
    cancelling.cancel_order(
        actor=an_actor(order.buyer_id).wearing("buyer"), number=order.number, now=NOON
    )
    (owed,) = refunds_of(order)
    assert broken() == []
    told(a_refund_event(owed, RefundOutcome.FAILED))
    assert payment_now(owed.payment_id).status is PaymentStatus.REFUND_DUE
    assert broken() == ["I14"]
    again = sending_back.send_again(actor=an_operator(), refund_id=owed.id, now=NOON)
    assert broken() == []
    told(a_refund_event(again))
    assert broken() == []
