"""Answers that are lost and hooks that never come: the shop finds out, and charges once."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask

from shop.domain.orders.states import OrderStatus
from shop.domain.payments.gateways.base import (
    Outcome,
    OutcomeUnknown,
)
from shop.domain.payments.states import PaymentStatus, RefundStatus
from shop.flows import paying
from tests.builders import a_sku
from tests.conftest import NOON, FixedClock
from tests.invariants import assert_sound
from tests.money import a_payment, place, refund
from tests.seen import order_now, payment_now, refund_now
from tests.till import Till, opened

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


def test_the_unknown_is_never_called_a_failure(ctx: Flask, till: Till) -> None:
    wish = a_payment(place({a_sku(on_hand=2): 1}), provider_id=None)
    till.stripe.fake.fail("status", status=500, times=9)
    with pytest.raises(OutcomeUnknown):
        paying.resume_unknown(
            wish.id, gateways=till.gateways, return_url=lambda _: "http://x/", now=NOON
        )
    assert payment_now(wish.id).status is PaymentStatus.CREATED
