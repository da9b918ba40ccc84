"""Money and time meet: whatever comes first, an order is paid once or its money goes back once."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from shop.db import db
from shop.domain.inventory.queries import lot_sales
from shop.domain.notices.models import Message
from shop.domain.orders import service as orders
from shop.domain.orders.models import Order
from shop.domain.orders.states import OrderStatus
from shop.domain.outbox import inbox
from shop.domain.outbox.models import InboxEvent
from shop.domain.outbox.states import InboxStatus
from shop.domain.payments import service as payments
from shop.domain.payments.models import Payment
from shop.domain.payments.states import PaymentStatus
from shop.flows import cancelling, hearing
from tests.builders import a_sku, an_actor
from tests.conftest import NOON, FixedClock, Race
from tests.fakes.doors import event_of
from tests.invariants import assert_sound
from tests.lengths import rounds
from tests.money import a_payment, age, an_event, place, told
from tests.naive import a_moment, assert_breaks, on_postgresql, patiently, unexpected, unlocked
from tests.seen import order_now, payment_now, refunds_of, stock
from tests.till import Till, opened


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


@on_postgresql
def test_naive_twin_without_the_lock_puts_money_off(
    ctx: Flask, race: Race, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The guards behind the lock save the books, but the event fails and waits for another try."""
    sku = a_sku(on_hand=50)
    monkeypatch.setattr(orders, "locked", unlocked(Order))

    def attempt() -> bool:
        order = place({sku: 1})
        payment = a_payment(order)
        age(order)
        heard, _ = pay_and_expire(order, payment, race)
        return getattr(heard, "status", None) is not InboxStatus.APPLIED

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
        return unexpected(race(4, lambda _: told(event)))

    assert_breaks(attempt)


def all_at_once(order: Order, payment: Payment, race: Race, till: Till) -> list[Any]:
    """Two kinds of event, the return page and the reconciler speak of one payment."""
    kinds = ("payment_intent.succeeded", "charge.succeeded")
    events, payment_id = [an_event(payment, order, type=kind) for kind in kinds], payment.id
    acts = [
        lambda: told(events[0]),
        lambda: told(events[1]),
        lambda: hearing.look(payment_id, gateways=till.gateways, source="return", now=NOON),
        till.reconcile,
    ]
    return race(len(acts), lambda i: patiently(acts[i]))


def test_hook_return_page_and_reconciler_at_once_pay_once(
    ctx: Flask, race: Race, till: Till
) -> None:
    times = rounds(4, 50)
    sku = a_sku(on_hand=times)
    for number in range(1, times + 1):
        order = place({sku: 1})
        payment = till.start(order, gateway="stripe")
        till.stripe.pay(str(payment.provider_id))
        results = all_at_once(order, payment, race, till)
        assert statuses(results[:2]) == {"applied": 2}
        assert unexpected(results) == []
        assert order_now(order).status is OrderStatus.PAID
        assert [sale.quantity for sale in lot_sales(order.id)] == [1]
        assert (messages("order-paid"), refunds_of(order)) == (number, [])
    assert_sound()


@on_postgresql
def test_naive_twin_hears_four_voices_and_fails_for_some(
    ctx: Flask, race: Race, till: Till, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both locks are off, since either alone makes the voices wait for each other."""
    sku = a_sku(on_hand=50)
    monkeypatch.setattr(orders, "locked", unlocked(Order))
    monkeypatch.setattr(payments, "locked", unlocked(Payment))

    def attempt() -> bool:
        order = place({sku: 1})
        payment = till.start(order, gateway="stripe")
        till.stripe.pay(str(payment.provider_id))
        results = all_at_once(order, payment, race, till)
        return bool(unexpected(results)) or statuses(results[:2]) != {"applied": 2}

    assert_breaks(attempt)


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
    monkeypatch.setattr(orders, "locked", unlocked(Order))
    assert_breaks(lambda: statuses(pay_twice(place({sku: 1}), race)) != {"applied": 2})
