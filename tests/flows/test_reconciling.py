"""Answers that are lost and hooks that never come: the shop finds out, and charges once."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select

from shop.db import db
from shop.domain.orders.states import OrderStatus
from shop.domain.outbox.models import OutboxMessage
from shop.domain.outbox.states import InboxStatus
from shop.domain.payments.gateways.base import (
    GatewayDown,
    Outcome,
    OutcomeUnknown,
    RefundOutcome,
)
from shop.domain.payments.states import PaymentStatus, RefundStatus
from shop.flows import cancelling, paying, reconciling, sending_back
from tests.builders import a_sku, an_actor
from tests.conftest import NOON, FixedClock
from tests.fakes.doors import event_of
from tests.invariants import assert_sound
from tests.money import a_paid, a_payment, a_refund_event, an_event, place, refund, told
from tests.seen import order_now, payment_now, refund_now, waiting
from tests.till import Till, opened, return_url

INTENTS = "/v1/payment_intents"
AT_END = NOON + timedelta(minutes=15)


@pytest.fixture
def till(tmp_path: Path, clock: FixedClock) -> Iterator[Till]:
    with opened(tmp_path, clock) as till:
        yield till


def test_an_answer_that_was_lost_is_asked_for_again_with_the_same_key(
    ctx: Flask, till: Till
) -> None:
    order = place({a_sku(on_hand=2): 1})
    till.stripe.fake.fail("drop_after", times=2)
    assert till.start(order, gateway="stripe").status is PaymentStatus.REQUIRES_ACTION
    assert (len(till.stripe.fake.keys(INTENTS)), till.stripe.charged()) == (1, 1)


def test_an_outcome_that_stays_unknown_is_processing_and_found_out_later(
    ctx: Flask, till: Till
) -> None:
    order = place({a_sku(on_hand=2): 1})
    till.stripe.fake.fail("drop_after", times=9)
    payment = till.start(order, gateway="stripe")
    assert (payment.status, payment.provider_id) == (PaymentStatus.PROCESSING, None)
    till.stripe.fake.well()
    till.reconcile()
    found = payment_now(payment.id)
    assert found.provider_id is not None
    assert (len(till.stripe.fake.keys(INTENTS)), till.stripe.charged()) == (1, 1)
    till.stripe.pay(found.provider_id)
    till.reconcile()
    assert order_now(order).status is OrderStatus.PAID
    assert_sound()


def test_without_any_hook_the_reconciler_learns_of_money_and_of_refunds(
    ctx: Flask, till: Till
) -> None:
    order = place({a_sku(on_hand=2): 1})
    payment = till.start(order, gateway="stripe")
    assert payment.provider_id is not None
    till.stripe.pay(payment.provider_id)
    till.reconcile()
    assert order_now(order).status is OrderStatus.PAID
    owed = refund(order)
    till.stripe.fake.account.refunds_wait = True
    till.reconcile()
    waits = refund_now(owed.id)
    assert (waits.status, order_now(order).status) == (RefundStatus.PENDING, OrderStatus.PAID)
    assert waits.provider_id is not None
    till.stripe.fake.account.settle_refund(waits.provider_id)
    till.reconcile()
    assert refund_now(owed.id).status is RefundStatus.SUCCEEDED
    assert order_now(order).status is OrderStatus.REFUNDED
    assert till.stripe.refunded_fen() == order.total_fen
    assert_sound()


def test_a_wish_whose_process_died_before_asking_is_asked_by_the_reconciler(
    ctx: Flask, till: Till
) -> None:
    order = place({a_sku(on_hand=2): 1})
    wish = a_payment(order, provider_id=None)
    till.reconcile()
    found = payment_now(wish.id)
    assert (found.status, till.stripe.charged()) == (PaymentStatus.REQUIRES_ACTION, 1)
    assert till.stripe.gateway.look(str(found.provider_id)).outcome is Outcome.REQUIRES_ACTION


def test_one_payment_that_cannot_be_asked_about_stops_no_other(ctx: Flask, till: Till) -> None:
    lost = a_payment(place({a_sku(on_hand=2): 1}), provider_id="pi_unknown")
    order = place({a_sku(on_hand=2): 1})
    payment = till.start(order, gateway="stripe")
    till.stripe.pay(str(payment.provider_id))
    till.reconcile()
    assert order_now(order).status is OrderStatus.PAID
    assert payment_now(lost.id).status is PaymentStatus.CREATED


def test_what_waits_is_applied_though_the_provider_cannot_be_asked(ctx: Flask, till: Till) -> None:
    order = place({a_sku(on_hand=2): 1})
    event = an_event(a_payment(order), order, payment_id=None, provider_id="pi_soon")
    assert told(event).status is InboxStatus.PARKED
    a_payment(order, provider_id="pi_soon")
    till.stripe.fake.fail("status", status=401, times=99)
    till.reconcile()
    assert order_now(order).status is OrderStatus.PAID


def test_the_unknown_is_never_called_a_failure(ctx: Flask, till: Till) -> None:
    wish = a_payment(place({a_sku(on_hand=2): 1}), provider_id=None)
    till.stripe.fake.fail("status", status=500, times=9)
    with pytest.raises(OutcomeUnknown):
        paying.resume_unknown(
            wish.id, gateways=till.gateways, return_url=lambda _: "http://x/", now=NOON
        )
    assert payment_now(wish.id).status is PaymentStatus.CREATED


def test_a_gateway_that_is_not_set_up_any_more_stops_no_other(ctx: Flask, till: Till) -> None:
    sku = a_sku(on_hand=9)
    gone = [refund(a_paid({sku: 1})) for _ in range(2)]
    told(a_refund_event(gone[1], RefundOutcome.PENDING))
    order = place({sku: 1})
    payment = till.start(order)
    till.sandbox.pay(str(payment.provider_id))
    told(event_of(till.sandbox, str(payment.provider_id)), source="sandbox")
    last = refund(order)
    only = {"sandbox": till.sandbox.gateway}
    with pytest.raises(GatewayDown):
        sending_back.send_refund(gone[0].id, gateways=only, now=NOON)
    reconciling.reconcile(gateways=only, return_url=return_url, now=NOON + timedelta(minutes=1))
    assert refund_now(last.id).status is RefundStatus.SUCCEEDED
    assert [refund_now(r.id).status for r in gone] == [RefundStatus.DUE, RefundStatus.PENDING]


def test_a_payment_begun_after_its_order_was_closed_is_called_off_at_once(
    ctx: Flask, till: Till
) -> None:
    """The process died before it asked; the order was cancelled before the reconciler did."""
    order = place({a_sku(on_hand=2): 1})
    wish = a_payment(order, provider_id=None, gateway="sandbox")
    cancelling.cancel_order(
        actor=an_actor(order.buyer_id).wearing("buyer"), number=order.number, now=NOON
    )
    for payload in waiting("payment.cancel"):
        till.cancel(payment_now(payload["payment_id"]), now=NOON)
    soon = NOON + timedelta(minutes=1)
    till.reconcile(now=soon)
    assert payment_now(wish.id).status is PaymentStatus.REQUIRES_ACTION
    due = db.session.scalars(
        select(OutboxMessage.due_at).where(OutboxMessage.dedupe_key == f"payment.cancel:{wish.id}")
    ).one()
    assert due == soon
    till.cancel(wish, now=soon)
    assert payment_now(wish.id).status is PaymentStatus.CANCELLED
    assert_sound()
