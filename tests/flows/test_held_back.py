"""Money that was held back goes back to the buyer once, or is set aside with a reason."""

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from shop.db import db
from shop.domain.compliance.models import Task
from shop.domain.orders.models import Order
from shop.domain.orders.states import OrderStatus
from shop.domain.outbox.models import InboxEvent
from shop.domain.outbox.states import InboxStatus
from shop.domain.payments.models import Payment
from shop.domain.payments.states import PaymentStatus
from shop.flows import held_back
from shop.kernel.actor import Actor
from shop.kernel.errors import IllegalMove, NotFound
from shop.reads import work
from shop.reads.audit import violations
from tests.builders import a_cooperative, a_manager, a_sku, an_operator
from tests.conftest import NOON
from tests.money import a_paid, a_payment, a_refund_event, an_event, pay, place, refund, told
from tests.seen import order_now, payment_now, refund_now, refunds_of


def held(order: Order, payment: Payment, **changes: object) -> int:
    """A report that does not fit; gives the id of its task."""
    assert told(an_event(payment, order, **changes)).status is InboxStatus.QUARANTINED
    task_id = db.session.scalars(select(Task.id).order_by(Task.id.desc())).first()
    db.session.rollback()
    assert task_id is not None
    return task_id


def event_status() -> InboxStatus:
    db.session.rollback()
    return db.session.scalars(select(InboxEvent.status)).one()


def test_money_of_another_amount_goes_back_whole_and_the_order_may_be_paid_anew(ctx: Flask) -> None:
    order = place({a_sku(on_hand=2): 1})
    payment, operator = a_payment(order), an_operator()
    task_id = held(order, payment, amount_fen=500)
    report = work.task(task_id, None, now=NOON).report
    assert report is not None
    assert report.return_fen == 500

    owed = held_back.send_back(actor=operator, task_id=task_id, now=NOON)
    assert (owed.amount_fen, payment_now(payment.id).status) == (500, PaymentStatus.REFUND_DUE)
    assert event_status() is InboxStatus.APPLIED
    assert work.task(task_id, None, now=NOON).row.done
    assert order_now(order).status is OrderStatus.PENDING_PAYMENT
    told(a_refund_event(owed))
    assert payment_now(payment.id).status is PaymentStatus.REFUNDED
    assert refund_now(owed.id).settled_at is not None
    pay(order)
    assert order_now(order).status is OrderStatus.PAID
    assert violations(NOON) == []
    with pytest.raises(IllegalMove):
        held_back.send_back(actor=operator, task_id=task_id, now=NOON)


def test_what_brought_no_money_can_only_be_set_aside_with_a_reason(ctx: Flask) -> None:
    order = place({a_sku(on_hand=2): 1})
    payment, operator = a_payment(order), an_operator()
    task_id = held(order, payment, currency="USD")
    report = work.task(task_id, None, now=NOON).report
    assert report is not None
    assert report.return_fen is None
    with pytest.raises(IllegalMove):
        held_back.send_back(actor=operator, task_id=task_id, now=NOON)
    held_back.dismiss(actor=operator, task_id=task_id, reason="测试环境的消息", now=NOON)
    view = work.task(task_id, None, now=NOON)
    assert view.row.done
    assert view.steps[-1].note == "测试环境的消息"
    assert event_status() is InboxStatus.IGNORED
    assert refunds_of(order) == []


@pytest.mark.parametrize("what", ["captured", "refund", "manager"])
def test_nothing_goes_back_that_is_not_the_operators_to_send(ctx: Flask, what: str) -> None:
    order = a_paid({a_sku(on_hand=2): 1})
    actor: Actor = an_operator()
    if what == "captured":
        [payment] = db.session.scalars(select(Payment)).all()
        db.session.rollback()
        task_id = held(order, payment, amount_fen=1)
    elif what == "refund":
        owed = refund(order)
        told(a_refund_event(owed, amount_fen=owed.amount_fen + 1), now=NOON + timedelta(1))
        task_id = db.session.scalars(select(Task.id)).one()
        db.session.rollback()
    else:
        actor = a_manager(a_cooperative())
        task_id = held(order, a_payment(order, provider_id="pi_2"), amount_fen=1)
    with pytest.raises((IllegalMove, NotFound)):
        held_back.send_back(actor=actor, task_id=task_id, now=NOON)
