"""Paying: the wish is written before the provider is asked, and asking again charges once."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import func, select

from shop.db import db
from shop.domain.orders.errors import OrderStateConflict, ReservationExpired
from shop.domain.orders.states import OrderStatus
from shop.domain.outbox.models import InboxEvent, OutboxMessage
from shop.domain.outbox.states import InboxStatus
from shop.domain.payments.gateways.base import Charge, GatewayDown, GatewayRefused, Intent
from shop.domain.payments.models import Payment
from shop.domain.payments.states import PaymentStatus
from shop.flows import cancelling, hearing
from shop.kernel.errors import Invalid, NotFound
from tests.builders import a_cooperative, a_sku, an_actor
from tests.conftest import NOON, FixedClock
from tests.fakes.doors import event_of
from tests.invariants import assert_sound
from tests.money import a_payment, an_event, pay, place, told
from tests.seen import order_now, payment_now, refunds_of, stock
from tests.till import Till, opened

INTENTS = "/v1/payment_intents"
AT_END = NOON + timedelta(minutes=15)


@pytest.fixture
def till(tmp_path: Path, clock: FixedClock) -> Iterator[Till]:
    with opened(tmp_path, clock) as till:
        yield till


def payments() -> int:
    db.session.rollback()
    return db.session.scalar(select(func.count(Payment.id))) or 0


def test_a_payment_leads_to_the_providers_page_and_its_event_pays_the_order(
    ctx: Flask, till: Till
) -> None:
    sku = a_sku(on_hand=2)
    order = place({sku: 1})
    payment = till.start(order)
    assert payment.status is PaymentStatus.REQUIRES_ACTION
    assert payment.next_action is not None
    assert payment.next_action["type"] == "redirect"
    assert payment.provider_id is not None
    till.sandbox.pay(payment.provider_id)
    told(event_of(till.sandbox, payment.provider_id), source="sandbox")
    assert order_now(order).status is OrderStatus.PAID
    assert payment_now(payment.id).status is PaymentStatus.CAPTURED
    assert stock(sku) == (1, 0, 0)
    assert_sound()


def test_the_same_key_gives_the_same_payment(ctx: Flask, till: Till) -> None:
    order = place({a_sku(on_hand=2): 1})
    assert till.start(order).id == till.start(order).id
    assert (payments(), till.sandbox.charged()) == (1, 1)
    assert till.start(order, key="k-2").id != till.start(order).id


def test_paying_extends_the_hold_once_and_not_past_the_cap(ctx: Flask, till: Till) -> None:
    order = place({a_sku(on_hand=2): 1})
    till.clock.tick(minutes=10)
    till.start(order)
    assert order_now(order).expires_at == NOON + timedelta(minutes=25)
    till.clock.tick(minutes=10)
    till.start(order, key="k-2")
    assert order_now(order).expires_at == NOON + timedelta(minutes=25)
    due = db.session.scalars(
        select(OutboxMessage.due_at).where(OutboxMessage.kind == "payment.cancel")
    ).all()
    assert list(due) == [NOON + timedelta(minutes=25)] * 2


def test_only_an_open_order_of_ones_own_is_paid_in_an_offered_way(ctx: Flask, till: Till) -> None:
    order = place({a_sku(on_hand=2): 1})
    with pytest.raises(NotFound):
        till.start(order, actor=an_actor())
    with pytest.raises(Invalid):
        till.start(order, gateway="cowrie")
    till.clock.tick(minutes=15)
    with pytest.raises(ReservationExpired):
        till.start(order)
    cancelling.expire_order(order.id, now=till.clock())
    with pytest.raises(OrderStateConflict):
        till.start(order)
    assert payments() == 0


def test_a_provider_that_is_down_leaves_the_order_payable_with_the_same_key(
    ctx: Flask, till: Till
) -> None:
    order = place({a_sku(on_hand=2): 1})
    till.stripe.fake.fail("status", status=429, times=9)
    with pytest.raises(GatewayDown):
        till.start(order, gateway="stripe")
    till.stripe.fake.well()
    assert till.start(order, gateway="stripe").status is PaymentStatus.REQUIRES_ACTION
    assert (payments(), till.stripe.charged()) == (1, 1)


def test_a_refused_card_keeps_the_goods_and_another_pays(ctx: Flask, till: Till) -> None:
    sku = a_sku(on_hand=2)
    order = place({sku: 1})
    till.stripe.fake.account.decline_code = "insufficient_funds"
    with pytest.raises(GatewayRefused) as refusal:
        till.start(order, gateway="stripe")
    assert refusal.value.decline_code == "insufficient_funds"
    assert stock(sku) == (2, 1, 0)
    till.stripe.fake.account.decline_code = None
    assert till.start(order, gateway="stripe").status is PaymentStatus.FAILED
    second = till.start(order, gateway="stripe", key="k-2")
    assert second.provider_id is not None
    till.stripe.pay(second.provider_id)
    told(event_of(till.stripe, second.provider_id))
    assert order_now(order).status is OrderStatus.PAID
    assert_sound()


def test_what_the_provider_told_before_its_answer_is_applied_with_the_answer(
    ctx: Flask, till: Till, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The message is ahead of the id it speaks by, and another that waits is left alone."""
    order, other = place({a_sku(on_hand=2): 1}), place({a_sku(on_hand=2): 1})
    elsewhere = an_event(a_payment(other), other, payment_id=None, provider_id="pi_elsewhere")
    begin = till.stripe.gateway.start
    heard = []

    def tells_first(charge: Charge) -> Intent:
        intent = begin(charge)
        till.stripe.pay(intent.provider_id)
        event = event_of(till.stripe, intent.provider_id)
        heard.append(told(replace(event, payment_id=None)).status)
        return intent

    monkeypatch.setattr(till.stripe.gateway, "start", tells_first)
    assert told(elsewhere).status is InboxStatus.PARKED
    payment = till.start(order, gateway="stripe")
    assert heard == [InboxStatus.PARKED]
    assert (payment.status, order_now(order).status) == (PaymentStatus.CAPTURED, OrderStatus.PAID)
    tries = select(InboxEvent.attempts).order_by(InboxEvent.id)
    assert db.session.scalars(tries).all() == [1, 2]
    assert_sound()


def test_a_return_page_believes_the_provider_and_nobody_else(ctx: Flask, till: Till) -> None:
    order = place({a_sku(on_hand=2): 1})
    payment = till.start(order)
    gateways = till.gateways
    hearing.look(payment.id, gateways=gateways, source="return", now=NOON)
    assert order_now(order).status is OrderStatus.PENDING_PAYMENT
    assert payment.provider_id is not None
    till.sandbox.pay(payment.provider_id)
    hearing.look(payment.id, gateways=gateways, source="return", now=NOON)
    assert order_now(order).status is OrderStatus.PAID
    assert_sound()


def test_a_payment_is_called_off_when_its_order_can_no_longer_be_paid(
    ctx: Flask, till: Till
) -> None:
    order = place({a_sku(on_hand=2): 1})
    payment = till.start(order)
    till.cancel(payment, now=NOON + timedelta(minutes=5))
    assert payment_now(payment.id).status is PaymentStatus.REQUIRES_ACTION
    cancelling.expire_order(order.id, now=AT_END)
    till.cancel(payment, now=AT_END)
    assert payment_now(payment.id).status is PaymentStatus.CANCELLED


def test_a_buyer_who_was_faster_than_the_calling_off_gets_the_money_back(
    ctx: Flask, till: Till
) -> None:
    order = place({a_sku(on_hand=2): 1})
    payment = till.start(order)
    cancelling.expire_order(order.id, now=AT_END)
    assert payment.provider_id is not None
    till.sandbox.pay(payment.provider_id)
    till.cancel(payment, now=AT_END)
    assert payment_now(payment.id).status is PaymentStatus.REFUND_DUE
    assert [r.amount_fen for r in refunds_of(order)] == [order.total_fen]
    assert_sound()


def test_the_promised_day_is_counted_from_the_money(ctx: Flask) -> None:
    """The product page promises hours after payment."""
    one, two = a_sku(on_hand=2), a_sku(cooperative=a_cooperative(), on_hand=2)
    order = place({one: 1, two: 1})
    before = (order.ship_by, [part.ship_by for part in order.parts])
    paid = NOON + timedelta(minutes=14)
    pay(order, now=paid)
    seen = order_now(order)
    assert seen.ship_by == before[0] + timedelta(minutes=14)
    assert [part.ship_by for part in seen.parts] == [at + timedelta(minutes=14) for at in before[1]]
    assert seen.ship_by - paid == before[0] - NOON
