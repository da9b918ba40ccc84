"""FAULTS 6, 7, 28, 29 and 38: money and time meet, and an order is paid once or its money goes."""

from collections import Counter
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select, update

from shop.db import db
from shop.domain.inventory import holds
from shop.domain.inventory.errors import OutOfStock
from shop.domain.inventory.models import Stock
from shop.domain.inventory.queries import lot_sales
from shop.domain.notices.models import Message
from shop.domain.orders import service as orders
from shop.domain.orders.models import Order
from shop.domain.orders.states import OrderStatus
from shop.domain.outbox import inbox
from shop.domain.outbox.models import InboxEvent
from shop.domain.outbox.states import InboxStatus
from shop.domain.payments import service as payments
from shop.domain.payments.gateways.base import Method
from shop.domain.payments.models import Payment
from shop.domain.payments.states import PaymentStatus
from shop.flows import cancelling, hearing
from shop.kernel.actor import Actor
from shop.kernel.clock import utc_now
from tests.builders import a_sku, an_actor
from tests.conftest import NOON, FixedClock, Race
from tests.fakes.doors import event_of
from tests.invariants import assert_sound
from tests.lengths import rounds
from tests.money import a_payment, age, an_event, place, told
from tests.naive import (
    a_moment,
    assert_breaks,
    loud,
    on_postgresql,
    patiently,
    unexpected,
    unlocked,
)
from tests.seen import order_now, payment_now, refunds_of, stock
from tests.till import MINUTE, Till, opened


@pytest.fixture
def till(tmp_path: Path, clock: FixedClock) -> Iterator[Till]:
    with opened(tmp_path, clock) as till:
        yield till


def statuses(results: list[Any]) -> Counter[str]:
    return Counter(str(getattr(x, "status", x)) for x in results)


def messages(template: str) -> int:
    db.session.rollback()
    query = select(func.count(Message.id)).where(Message.template == template)
    return db.session.scalar(query) or 0


def test_money_in_the_very_instant_the_hold_ends_pays_or_goes_back(ctx: Flask, race: Race) -> None:
    times = rounds(15, 100)
    sku, buyer = a_sku(on_hand=times), an_actor()
    for _ in range(times):
        order = place({sku: 1}, buyer=buyer)
        payment = a_payment(order)
        age(order)
        heard, swept = pay_and_expire(order, payment, race)
        assert heard.status is InboxStatus.APPLIED
        seen, money = order_now(order), payment_now(payment.id)
        if swept:
            assert seen.status is OrderStatus.CANCELLED
            assert money.status is PaymentStatus.REFUND_DUE
            assert [r.amount_fen for r in refunds_of(order)] == [order.total_fen]
        else:
            assert seen.status is OrderStatus.PAID
            assert money.status is PaymentStatus.CAPTURED
            assert [sale.quantity for sale in lot_sales(order.id)] == [1]
    assert_sound()


def pay_and_expire(order: Order, payment: Payment, race: Race) -> list[Any]:
    event, order_id = an_event(payment, order), order.id
    acts = [
        lambda: patiently(lambda: told(event)),
        lambda: patiently(lambda: cancelling.expire_order(order_id, now=NOON)),
    ]
    return race(2, lambda i: acts[i]())


def step_blindly(
    order: Order, status: OrderStatus, *, actor: Actor, now: Any, reason: str | None = None
) -> None:
    """``orders.move`` that trusts what was read before; the sweeper thinks a little longer."""
    came_from = order.status
    if status is OrderStatus.CANCELLED:
        a_moment()
        a_moment()
    values = {"status": status} | ({"paid_at": now} if status is OrderStatus.PAID else {})
    db.session.execute(
        update(Order)
        .where(Order.id == order.id)
        .values(values)
        .execution_options(synchronize_session=False)
    )
    db.session.refresh(order, ["status", "paid_at"])
    orders.record(order, came_from, actor=actor, now=now, reason=reason)


@on_postgresql
def test_naive_twin_keeps_the_money_of_an_order_it_cancels(
    ctx: Flask, race: Race, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two guards stand here: the lock on the order and the step's own condition. Both are off."""
    sku = a_sku(on_hand=50)
    loud(monkeypatch)
    monkeypatch.setattr(orders, "locked", unlocked(Order))
    monkeypatch.setattr(orders, "move", step_blindly)

    def attempt() -> list[Any]:
        order = place({sku: 1})
        payment = a_payment(order)
        age(order)
        return pay_and_expire(order, payment, race)

    assert_breaks(attempt)


def test_money_after_the_goods_were_resold_is_refunded_once_at_the_provider(
    ctx: Flask, till: Till
) -> None:
    sku = a_sku(on_hand=1)
    order = place({sku: 1})
    payment = till.start(order, gateway="stripe")
    age(order)
    second = till.start(place({sku: 1}), gateway="stripe")
    for one in (second, payment):
        till.stripe.pay(str(one.provider_id))
        told(event_of(till.stripe, str(one.provider_id)))
    assert order_now(order).status is OrderStatus.CANCELLED
    assert payment_now(payment.id).status is PaymentStatus.REFUND_DUE
    till.send_all()
    till.send_all()
    assert till.stripe.refunded_fen() == order.total_fen
    assert len(till.stripe.fake.made("refund")) == 1
    assert payment_now(payment.id).status is PaymentStatus.REFUNDED
    assert (stock(sku), messages("refund-due")) == ((0, 0, 0), 1)
    assert_sound()


def late_money(sku: str, *, given_back: bool) -> tuple[Order, Payment]:
    """An order for the last unit whose time is over; ``given_back``: its promise has ended too.

    Somebody bought the unit and changed his mind, and no sweeper has been here since.
    """
    order = place({sku: 1})
    payment = a_payment(order)
    age(order)
    if given_back:
        other = place({sku: 1})
        buyer = an_actor(other.buyer_id)
        cancelling.cancel_order(actor=buyer, number=other.number, now=NOON)
    return order, payment


def pay_late_and_resell(order: Order, payment: Payment, race: Race, sku: str) -> list[Any]:
    """The money of an order whose time is over meets the next buyer of its goods."""
    event, buyer = an_event(payment, order), an_actor()
    acts = [lambda: told(event), lambda: place({sku: 1}, buyer=buyer)]
    return race(2, lambda i: patiently(acts[i]))


def test_late_money_and_the_next_buyer_never_both_get_the_last_unit(ctx: Flask, race: Race) -> None:
    for number in range(rounds(8, 100)):
        sku = a_sku(on_hand=1)
        order, payment = late_money(sku, given_back=bool(number % 2))
        heard, bought = pay_late_and_resell(order, payment, race, sku)
        assert heard.status is InboxStatus.APPLIED
        owed = [r.amount_fen for r in refunds_of(order)]
        if isinstance(bought, Order):
            assert order_now(order).status is OrderStatus.CANCELLED
            assert payment_now(payment.id).status is PaymentStatus.REFUND_DUE
            assert (owed, stock(sku)) == ([order.total_fen], (1, 1, 0))
        else:
            assert isinstance(bought, OutOfStock)
            assert order_now(order).status is OrderStatus.PAID
            assert (owed, stock(sku)) == ([], (0, 0, 0))
    assert_sound()


def read_then_take_again(sku: str, quantity: int) -> bool:
    """``holds.take_unheld`` as it is often written."""
    row = db.session.execute(
        select(Stock.on_hand, Stock.held, Stock.allotted).where(Stock.sku == sku)
    ).one()
    if row.on_hand - row.held - row.allotted < quantity:
        return False
    a_moment()
    db.session.execute(
        update(Stock)
        .where(Stock.sku == sku)
        .values(on_hand=row.on_hand - quantity)
        .execution_options(synchronize_session=False)
    )
    return True


@on_postgresql
def test_naive_twin_takes_again_what_the_next_buyer_was_promised(
    ctx: Flask, race: Race, monkeypatch: pytest.MonkeyPatch
) -> None:
    loud(monkeypatch)
    monkeypatch.setattr(holds, "take_unheld", read_then_take_again)

    def attempt() -> list[Any]:
        sku = a_sku(on_hand=1)
        return pay_late_and_resell(*late_money(sku, given_back=True), race, sku)

    assert_breaks(attempt)


@pytest.mark.settings(db_pool_size=15)
def test_one_event_delivered_often_at_once_has_one_effect(ctx: Flask, race: Race) -> None:
    crowd = rounds(12, 50)
    sku = a_sku(on_hand=9)
    order = place({sku: 1})
    event = an_event(a_payment(order), order)
    results = race(crowd, lambda _: patiently(lambda: told(event)))
    assert statuses(results) == {"applied": 1, "duplicate": crowd - 1}
    assert (stock(sku), messages("order-paid")) == ((8, 0, 0), 1)
    assert_sound()


def look_then_store(
    source: str, event_id: str, *, type_: str, payload: Any, now: Any
) -> int | None:
    """``inbox.store`` as it is often written."""
    if db.session.scalar(select(InboxEvent.id).where(InboxEvent.event_id == event_id)):
        return None
    a_moment()
    row = InboxEvent(
        source=source, event_id=event_id, type=type_, payload=dict(payload), received_at=now
    )
    db.session.add(row)
    db.session.flush()
    return row.id


@on_postgresql
def test_naive_twin_answers_a_repeated_event_with_an_internal_error(
    ctx: Flask, race: Race, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inbox, "store", look_then_store)
    sku = a_sku(on_hand=50)

    def attempt() -> list[Any]:
        order = place({sku: 1})
        event = an_event(a_payment(order), order)
        return race(4, lambda _: told(event))

    assert_breaks(attempt)


VOICES = ("payment_intent.succeeded", "charge.succeeded", "checkout.session.completed")


def a_checkout(till: Till) -> tuple[Order, Payment]:
    """A buyer has paid by card on Stripe's own page; a session knows no clock but the real one."""
    now = till.clock.now = utc_now()
    order = place({a_sku(on_hand=9, now=now): 1}, now=now)
    payment = till.start(order, gateway="stripe", method=Method.CARD)
    till.stripe.pay(str(payment.provider_id))
    return order, payment


def all_at_once(payment: Payment, race: Race, till: Till) -> list[Any]:
    """Three kinds of event, the return page and the reconciler speak of one payment."""
    now, payment_id = till.clock.now, payment.id
    events = [till.stripe.fake.events_of(kind)[-1] for kind in VOICES]
    heard = [till.stripe.gateway.read_event(*till.stripe.fake.signed(e), now=now) for e in events]
    acts = [
        *(partial(told, event, now=now) for event in heard),
        lambda: hearing.look(payment_id, gateways=till.gateways, source="return", now=now),
        lambda: till.reconcile(now=now + MINUTE),
    ]
    return race(len(acts), lambda i: patiently(acts[i]))


def test_three_events_the_return_page_and_the_reconciler_at_once_pay_once(
    ctx: Flask, race: Race, till: Till
) -> None:
    for number in range(1, rounds(4, 50) + 1):
        order, payment = a_checkout(till)
        results = all_at_once(payment, race, till)
        assert unexpected(results) == []
        assert set(statuses(results[:3])) <= {"applied", "duplicate"}
        assert order_now(order).status is OrderStatus.PAID
        assert stock(order.lines[0].sku) == (8, 0, 0)
        assert [sale.quantity for sale in lot_sales(order.id)] == [1]
        assert (messages("order-paid"), refunds_of(order)) == (number, [])
    assert_sound()


@on_postgresql
def test_naive_twin_hears_five_voices_and_fails_for_some(
    ctx: Flask, race: Race, till: Till, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both locks are off, since either alone makes the voices wait for each other."""
    loud(monkeypatch)
    monkeypatch.setattr(orders, "locked", unlocked(Order))
    monkeypatch.setattr(payments, "locked", unlocked(Payment))
    assert_breaks(lambda: all_at_once(a_checkout(till)[1], race, till))


def pay_twice(order: Order, race: Race) -> list[Any]:
    """Two tabs, two payments, and both providers say yes."""
    events = [an_event(a_payment(order), order) for _ in range(2)]
    return race(2, lambda i: patiently(lambda: told(events[i])))


def test_of_two_payments_at_once_one_is_kept_and_one_goes_back(ctx: Flask, race: Race) -> None:
    times = rounds(6, 50)
    sku = a_sku(on_hand=2 * times)
    for _ in range(times):
        order = place({sku: 1})
        assert statuses(pay_twice(order, race)) == {"applied": 2}
        assert order_now(order).status is OrderStatus.PAID
        (owed,) = refunds_of(order)
        assert owed.amount_fen == order.total_fen
        assert payment_now(owed.payment_id).status is PaymentStatus.REFUND_DUE
    assert stock(sku) == (times, 0, 0)
    assert_sound()


@on_postgresql
def test_naive_twin_without_the_lock_cannot_say_which_payment_counts(
    ctx: Flask, race: Race, monkeypatch: pytest.MonkeyPatch
) -> None:
    sku = a_sku(on_hand=50)
    loud(monkeypatch)
    monkeypatch.setattr(orders, "locked", unlocked(Order))
    assert_breaks(lambda: pay_twice(place({sku: 1}), race))
