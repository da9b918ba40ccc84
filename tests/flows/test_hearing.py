"""What providers report is stored first, applied once, and believed only where it fits."""

from datetime import timedelta
from itertools import permutations
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from shop.db import db
from shop.domain.compliance.models import Task
from shop.domain.compliance.states import TaskKind, TaskStatus
from shop.domain.notices.models import Message
from shop.domain.orders.states import OrderStatus
from shop.domain.outbox import inbox
from shop.domain.outbox.models import InboxEvent
from shop.domain.outbox.states import InboxStatus
from shop.domain.payments.gateways.base import Outcome, RefundOutcome
from shop.domain.payments.states import PaymentStatus, RefundCause, RefundStatus
from shop.flows import cancelling, hearing, working
from tests.builders import a_sku, an_actor, an_operator
from tests.conftest import NOON
from tests.invariants import assert_sound
from tests.money import a_paid, a_payment, a_refund_event, an_event, pay, place, refund, told
from tests.seen import order_now, payment_now, refund_now, refunds_of, stock

ORDERLY = (Outcome.REQUIRES_ACTION, Outcome.PENDING, Outcome.FAILED, Outcome.CAPTURED)


def inbox_row(event_id: str) -> InboxEvent:
    db.session.rollback()
    return db.session.scalars(select(InboxEvent).where(InboxEvent.event_id == event_id)).one()


def tasks() -> list[tuple[TaskKind, str, TaskStatus]]:
    db.session.rollback()
    return [(t.kind, t.summary, t.status) for t in db.session.scalars(select(Task))]


def messages(template: str) -> int:
    db.session.rollback()
    return len(db.session.scalars(select(Message).where(Message.template == template)).all())


def test_an_event_told_again_is_a_duplicate(ctx: Flask) -> None:
    order = place({a_sku(on_hand=2): 1})
    event = an_event(a_payment(order), order)
    assert told(event).status is InboxStatus.APPLIED
    assert told(event).status is InboxStatus.DUPLICATE
    assert messages("order-paid") == 1
    assert_sound()


def test_several_events_about_one_payment_pay_once(ctx: Flask) -> None:
    sku = a_sku(on_hand=2)
    order = place({sku: 1})
    payment = a_payment(order)
    for kind in ("payment_intent.succeeded", "charge.succeeded", "checkout.session.completed"):
        assert told(an_event(payment, order, type=kind)).status is InboxStatus.APPLIED
    assert (stock(sku), messages("order-paid"), refunds_of(order)) == ((1, 0, 0), 1, [])
    assert_sound()


def test_in_whatever_order_events_arrive_what_is_over_never_goes_back(ctx: Flask) -> None:
    sku, buyer = a_sku(on_hand=24), an_actor()
    for number, outcomes in enumerate(permutations(ORDERLY), start=1):
        order = place({sku: 1}, buyer=buyer)
        payment = a_payment(order)
        for outcome in outcomes:
            told(an_event(payment, order, outcome))
        assert payment_now(payment.id).status is PaymentStatus.CAPTURED, outcomes
        assert order_now(order).status is OrderStatus.PAID, outcomes
        assert stock(sku) == (24 - number, 0, 0)
    assert_sound()


def test_an_event_that_overtakes_the_providers_answer_is_applied(ctx: Flask) -> None:
    order = place({a_sku(on_hand=2): 1})
    payment = a_payment(order, provider_id=None)
    told(an_event(payment, order, provider_id="pi_quick"))
    found = payment_now(payment.id)
    assert (found.status, found.provider_id) == (PaymentStatus.CAPTURED, "pi_quick")
    assert order_now(order).status is OrderStatus.PAID


def test_an_event_about_a_payment_that_does_not_exist_yet_waits_for_it(ctx: Flask) -> None:
    order = place({a_sku(on_hand=2): 1})
    first = a_payment(order)
    event = an_event(first, order, payment_id=first.id + 1, provider_id="pi_next")
    assert told(event).status is InboxStatus.PARKED
    assert hearing.apply_waiting("stripe", livemode=False, now=NOON) == 0
    assert tasks() == []
    late = NOON + timedelta(minutes=10)
    hearing.apply_waiting("stripe", livemode=False, now=late)
    assert tasks() == [(TaskKind.PARKED_EVENT, "no such payment yet", TaskStatus.OPEN)]
    a_payment(order, provider_id="pi_next")
    assert hearing.apply_waiting("stripe", livemode=False, now=late) == 1
    assert order_now(order).status is OrderStatus.PAID
    assert [status for *_, status in tasks()] == [TaskStatus.DONE]


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"amount_fen": 1}, "another amount"),
        ({"currency": "USD"}, "another currency"),
        ({"order_number": "260302-SOMEBODY22"}, "another order"),
        ({"provider_id": "pi_somebody"}, "another payment"),
        ({"account": "acct_somebody"}, "from another account or mode"),
        ({"livemode": True}, "from another account or mode"),
    ],
)
def test_money_that_does_not_fit_is_quarantined_and_a_person_is_asked(
    ctx: Flask, changes: dict[str, Any], why: str
) -> None:
    order = place({a_sku(on_hand=2): 1})
    payment = a_payment(order)
    event = an_event(payment, order, **changes)
    verdict = told(event)
    assert (verdict.status, verdict.reason) == (InboxStatus.QUARANTINED, why)
    assert order_now(order).status is OrderStatus.PENDING_PAYMENT
    assert payment_now(payment.id).captured_at is None
    assert tasks() == [(TaskKind.QUARANTINED_PAYMENT, why, TaskStatus.OPEN)]
    told(event)
    assert len(tasks()) == 1


def test_one_payment_at_the_provider_does_not_pay_two_orders(ctx: Flask) -> None:
    first, second = place({a_sku(on_hand=2): 1}), place({a_sku(on_hand=2): 1})
    taken = a_payment(first, provider_id="pi_first")
    wish = a_payment(second, provider_id=None)
    for outcome in (Outcome.REQUIRES_ACTION, Outcome.CAPTURED):
        verdict = told(an_event(wish, second, outcome, provider_id="pi_first"))
        assert (verdict.status, verdict.reason) == (InboxStatus.QUARANTINED, "another payment")
    assert tasks() == [(TaskKind.QUARANTINED_PAYMENT, "another payment", TaskStatus.OPEN)] * 2
    assert order_now(second).status is OrderStatus.PENDING_PAYMENT
    assert payment_now(wish.id).provider_id is None
    pay(first, payment=taken)
    assert order_now(first).status is OrderStatus.PAID
    assert_sound()


def test_one_refund_at_the_provider_does_not_settle_two(ctx: Flask) -> None:
    first, second = (refund(a_paid({a_sku(on_hand=2): 1})) for _ in range(2))
    told(a_refund_event(first))
    verdict = told(a_refund_event(second, provider_id=f"re_{first.id}"))
    assert (verdict.status, verdict.reason) == (InboxStatus.QUARANTINED, "another refund")
    assert refund_now(second.id).status is RefundStatus.DUE


def test_one_provider_does_not_speak_of_the_others_payments(ctx: Flask) -> None:
    order = place({a_sku(on_hand=2): 1})
    event = an_event(a_payment(order), order)
    assert told(event, source="sandbox").status is InboxStatus.PARKED
    paid = a_paid({a_sku(on_hand=2): 1})
    owed = refund(paid)
    verdict = told(a_refund_event(owed), source="sandbox")
    assert (verdict.status, verdict.reason) == (InboxStatus.QUARANTINED, "of another payment")
    assert refund_now(owed.id).status is RefundStatus.DUE


def test_an_unknown_type_and_a_dispute_are_kept_and_change_nothing(ctx: Flask) -> None:
    order = place({a_sku(on_hand=2): 1})
    payment = a_payment(order)
    for kind in ("invoice.paid", "charge.dispute.created", "payment_intent.future_thing"):
        event = an_event(payment, order, type=kind, kind="ignored", raw={"new_field": [1]})
        assert told(event).status is InboxStatus.IGNORED
        assert inbox_row(event.event_id).payload["raw"] == {"new_field": [1]}
    assert order_now(order).status is OrderStatus.PENDING_PAYMENT


def test_money_for_a_cancelled_order_goes_back_once(ctx: Flask) -> None:
    sku = a_sku(on_hand=2)
    order = place({sku: 1})
    payment = a_payment(order)
    cancelling.cancel_order(actor=an_actor(order.buyer_id), number=order.number, now=NOON)
    for kind in ("payment_intent.succeeded", "charge.succeeded"):
        told(an_event(payment, order, type=kind))
    (owed,) = refunds_of(order)
    assert (owed.amount_fen, owed.cause) == (order.total_fen, RefundCause.LATE_PAYMENT)
    assert payment_now(payment.id).status is PaymentStatus.REFUND_DUE
    assert (order_now(order).status, stock(sku)) == (OrderStatus.CANCELLED, (2, 0, 0))
    assert messages("refund-due") == 1
    told(a_refund_event(owed))
    assert payment_now(payment.id).status is PaymentStatus.REFUNDED
    assert order_now(order).status is OrderStatus.CANCELLED
    assert_sound()


def test_money_that_comes_twice_goes_back_once(ctx: Flask) -> None:
    order = place({a_sku(on_hand=2): 1})
    first, second = a_payment(order), a_payment(order)
    pay(order, payment=first)
    pay(order, payment=second)
    assert payment_now(first.id).status is PaymentStatus.CAPTURED
    (owed,) = refunds_of(order)
    assert (owed.payment_id, owed.cause) == (second.id, RefundCause.DOUBLE_PAYMENT)
    told(a_refund_event(owed))
    assert order_now(order).status is OrderStatus.PAID
    assert payment_now(second.id).status is PaymentStatus.REFUNDED
    assert refund(order).amount_fen == order.total_fen
    assert_sound()


def test_a_refund_made_at_the_providers_desk_is_kept_once_and_never_repeated(ctx: Flask) -> None:
    order = a_paid({a_sku(on_hand=2): 1})
    owed = refund(order, amount_fen=100)
    foreign = a_refund_event(owed, refund_id=None, payment_id=None, provider_id="re_by_hand")
    assert told(foreign).status is InboxStatus.QUARANTINED
    assert told(foreign).status is InboxStatus.DUPLICATE
    assert tasks() == [
        (TaskKind.QUARANTINED_PAYMENT, "a refund the shop did not ask for", TaskStatus.OPEN)
    ]
    assert [r.id for r in refunds_of(order)] == [owed.id]
    assert refund_now(owed.id).status is RefundStatus.DUE


def test_a_refund_is_known_by_the_providers_id_alone(ctx: Flask) -> None:
    owed = refund(a_paid({a_sku(on_hand=2): 1}))
    told(a_refund_event(owed, RefundOutcome.PENDING))
    told(a_refund_event(owed, refund_id=None, payment_id=None))
    assert refund_now(owed.id).status is RefundStatus.SUCCEEDED


@pytest.mark.parametrize(
    "changes", [{"amount_fen": 1}, {"currency": "USD"}, {"provider_id": "re_other"}]
)
def test_a_refund_event_that_does_not_fit_is_quarantined(
    ctx: Flask, changes: dict[str, Any]
) -> None:
    owed = refund(a_paid({a_sku(on_hand=2): 1}))
    told(a_refund_event(owed, RefundOutcome.PENDING))
    assert told(a_refund_event(owed, **changes)).status is InboxStatus.QUARANTINED
    assert refund_now(owed.id).status is RefundStatus.PENDING


def test_a_poisonous_event_stops_no_other_dies_and_can_be_replayed_once(
    ctx: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad, good = place({a_sku(on_hand=2): 1}), place({a_sku(on_hand=2): 1})
    event = an_event(a_payment(bad), bad)
    capture = hearing.apply_payment

    def chokes(order: Any, *rest: Any, **how: Any) -> None:
        if order.id == bad.id:
            raise ValueError("a constraint said no")
        capture(order, *rest, **how)

    monkeypatch.setattr(hearing, "apply_payment", chokes)
    assert told(event).status is InboxStatus.RECEIVED
    pay(good)
    assert order_now(good).status is OrderStatus.PAID
    for _ in range(inbox.MAX_ATTEMPTS):
        hearing.apply_waiting("stripe", livemode=False, now=NOON)
    assert inbox_row(event.event_id).status is InboxStatus.DEAD
    assert inbox_row(event.event_id).attempts == inbox.MAX_ATTEMPTS
    (task,) = db.session.scalars(select(Task)).all()
    monkeypatch.setattr(hearing, "apply_payment", capture)
    working.report_to_retry(actor=an_operator(), task_id=task.id, now=NOON)
    assert hearing.apply_waiting("stripe", livemode=False, now=NOON) == 1
    assert hearing.apply_waiting("stripe", livemode=False, now=NOON) == 0
    assert order_now(bad).status is OrderStatus.PAID
    assert [status for *_, status in tasks()] == [TaskStatus.DONE]
    assert_sound()
