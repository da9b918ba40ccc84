"""Money asked back by many at once: never more than was paid, and the provider hears it once."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from itertools import count
from pathlib import Path
from secrets import token_hex
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, update

from shop.db import db
from shop.domain.orders import service as orders
from shop.domain.orders.models import Order, OrderLine, OrderPart
from shop.domain.orders.states import OrderStatus
from shop.domain.payments import service as payments
from shop.domain.payments.errors import AlreadyRefunded, RefundExceedsCaptured
from shop.domain.payments.gateways.base import RefundOutcome
from shop.domain.payments.models import Payment, Refund
from shop.domain.payments.states import PaymentStatus, RefundStatus
from shop.domain.settlement import service as ledger
from shop.domain.settlement.models import LedgerTx
from shop.flows import sending_back
from tests.builders import a_sku, an_operator
from tests.conftest import NOON, FixedClock, Race
from tests.fakes.doors import event_of
from tests.invariants import assert_sound
from tests.lengths import rounds
from tests.money import a_completed, a_paid, a_refund_event, place, refund, told
from tests.naive import a_moment, assert_breaks, loud, on_postgresql, patiently, unlocked
from tests.seen import order_now, payment_now, refund_now, refunds_of
from tests.till import Till, opened

REFUNDS = "/v1/refunds"


@pytest.fixture
def till(tmp_path: Path, clock: FixedClock) -> Iterator[Till]:
    with opened(tmp_path, clock) as till:
        yield till


def ask_at_once(order: Order, race: Race, *, crowd: int, **what: Any) -> list[Any]:
    """Many presses, each with a key of its own."""
    operator, number = an_operator(), order.number
    return race(crowd, lambda _: patiently(lambda: refund(number, actor=operator, **what)))


def test_many_full_refunds_at_once_are_one_and_the_provider_sees_one_key(
    ctx: Flask, race: Race, till: Till
) -> None:
    crowd = rounds(8, 20)
    order = place({a_sku(on_hand=5): 3})
    payment = till.start(order, gateway="stripe")
    till.stripe.pay(str(payment.provider_id))
    told(event_of(till.stripe, str(payment.provider_id)))
    results = ask_at_once(order, race, crowd=crowd)
    assert Counter(type(x) for x in results) == {Refund: 1, AlreadyRefunded: crowd - 1}
    refund_id = refunds_of(order)[0].id
    race(4, lambda _: till.send(refund_id))
    assert refund_now(refund_id).status is RefundStatus.SUCCEEDED
    assert order_now(order).status is OrderStatus.REFUNDED
    assert (len(till.stripe.fake.keys(REFUNDS)), len(till.stripe.fake.made("refund"))) == (1, 1)
    assert till.stripe.refunded_fen() == order.total_fen
    assert_sound()


def test_ten_fifths_at_once_are_five(ctx: Flask, race: Race) -> None:
    """Fifths of all that was paid, freight and all (FAULTS 44)."""
    for _ in range(rounds(2, 20)):
        order = a_paid({a_sku(on_hand=5, price_fen=1000): 5})
        results = ask_at_once(order, race, crowd=10, amount_fen=order.total_fen // 5)
        assert Counter(type(x) for x in results) == {Refund: 5, RefundExceedsCaptured: 5}
        assert sum(r.amount_fen for r in refunds_of(order)) == order.total_fen
        assert payment_now(refunds_of(order)[0].payment_id).refunded_fen == order.total_fen
        assert (
            sum(part.freight_refunded_fen for part in order_now(order).parts) == order.freight_fen
        )
    assert_sound()


def count_blindly(line: OrderLine, *, quantity: int, amount_fen: int) -> bool:
    """``orders.count_refund`` that trusts what was read before."""
    if line.refunded_fen + amount_fen > line.total_fen:
        return False
    a_moment()
    db.session.execute(
        update(OrderLine)
        .where(OrderLine.id == line.id)
        .values(
            refunded=line.refunded + quantity,
            refunded_fen=line.refunded_fen + amount_fen,
        )
        .execution_options(synchronize_session=False)
    )
    return True


def count_freight_blindly(part: OrderPart, amount_fen: int) -> bool:
    """``orders.count_freight_refund`` that trusts what was read before."""
    db.session.execute(
        update(OrderPart)
        .where(
            OrderPart.order_id == part.order_id,
            OrderPart.cooperative_id == part.cooperative_id,
        )
        .values(freight_refunded_fen=part.freight_refunded_fen + amount_fen)
        .execution_options(synchronize_session=False)
    )
    return True


@on_postgresql
def test_naive_twin_gives_everything_back_twice_until_the_database_stops_it(
    ctx: Flask, race: Race, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody waits for the order, and a refund is inserted by what was read before."""
    monkeypatch.setattr(orders, "locked", unlocked(Order))
    monkeypatch.setattr(orders, "count_refund", count_blindly)
    monkeypatch.setattr(orders, "count_freight_refund", count_freight_blindly)

    def attempt() -> list[Any]:
        return ask_at_once(a_paid({a_sku(on_hand=5): 3}), race, crowd=4)

    assert_breaks(attempt)


def send_at_once(till: Till, race: Race) -> tuple[int, int]:
    """A fifth goes back, and four workers send it; gives (keys, refunds) that Stripe saw."""
    order = place({a_sku(on_hand=5): 5})
    payment = till.start(order, gateway="stripe")
    till.stripe.pay(str(payment.provider_id))
    told(event_of(till.stripe, str(payment.provider_id)))
    refund_id = refund(order, amount_fen=order.goods_fen // 5).id
    keys, made = till.stripe.fake.keys(REFUNDS), len(till.stripe.fake.made("refund"))
    till.stripe.fake.fail("slow_after", seconds=0.05, times=9, match=REFUNDS)
    race(4, lambda _: patiently(lambda: till.send(refund_id)))
    till.stripe.fake.well()
    assert refund_now(refund_id).status is RefundStatus.SUCCEEDED
    return len(till.stripe.fake.keys(REFUNDS) - keys), len(till.stripe.fake.made("refund")) - made


def test_a_refund_sent_by_many_at_once_has_one_key_and_goes_back_once(
    ctx: Flask, race: Race, till: Till
) -> None:
    for _ in range(rounds(2, 20)):
        assert send_at_once(till, race) == (1, 1)
    assert_sound()


@on_postgresql
def test_naive_twin_makes_a_key_for_each_sending_and_gives_back_more_than_once(
    ctx: Flask, race: Race, till: Till, monkeypatch: pytest.MonkeyPatch
) -> None:
    send = till.stripe.gateway.refund
    monkeypatch.setattr(
        till.stripe.gateway,
        "refund",
        lambda request: send(replace(request, idempotency_key=token_hex())),
    )
    assert_breaks(lambda: [send_at_once(till, race)], wrong=lambda seen: seen[0][1] > 1)


@on_postgresql
def test_naive_twin_owes_more_than_the_goods_cost_until_the_database_stops_it(
    ctx: Flask, race: Race, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two guards stand here: the lock on the order and the line's own condition. Both are off."""
    monkeypatch.setattr(orders, "locked", unlocked(Order))
    monkeypatch.setattr(orders, "count_refund", count_blindly)

    asked: list[Order] = []

    def attempt() -> list[Any]:
        asked.append(a_paid({a_sku(on_hand=5, price_fen=1000): 5}))
        return ask_at_once(asked[-1], race, crowd=8, amount_fen=1000)

    def miscounted(_results: list[Any]) -> bool:
        owed = sum(r.amount_fen for r in refunds_of(asked[-1]))
        bound = payment_now(refunds_of(asked[-1])[0].payment_id)
        assert bound.refunded_fen <= bound.amount_fen
        return owed != sum(line.refunded_fen for line in order_now(asked[-1]).lines)

    assert_breaks(attempt, wrong=miscounted)


def test_one_refunds_end_told_often_at_once_is_posted_once(ctx: Flask, race: Race) -> None:
    order = a_completed({a_sku(on_hand=5): 2})
    owed = refund(order)
    events = [a_refund_event(owed) for _ in range(6)]
    results = race(6, lambda i: patiently(lambda: told(events[i])))
    assert Counter(str(x.status) for x in results) == {"applied": 6}
    assert order_now(order).status is OrderStatus.REFUNDED
    assert payment_now(owed.payment_id).status is PaymentStatus.REFUNDED
    assert_sound()


def move_blindly(refund: Refund, status: RefundStatus, **_: Any) -> bool:
    """``payments.move_refund`` that trusts what was read before."""
    if refund.status is status:
        return False
    a_moment()
    refund.status = status
    db.session.flush()
    return True


@on_postgresql
def test_naive_twin_posts_a_refunds_end_twice(
    ctx: Flask, race: Race, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Four guards stand here: two locks, the step's condition and the books' key. All are off."""
    numbers, post = count(), ledger.post
    monkeypatch.setattr(orders, "locked", unlocked(Order))
    monkeypatch.setattr(payments, "locked", unlocked(Payment))
    monkeypatch.setattr(payments, "move_refund", move_blindly)
    monkeypatch.setattr(
        ledger, "post", lambda *a, cause_key, **how: post(*a, cause_key=f"{next(numbers)}", **how)
    )
    loud(monkeypatch)
    order = a_completed({a_sku(on_hand=5): 2})

    def attempt() -> list[Any]:
        owed = refund(order, amount_fen=100)
        events = [a_refund_event(owed) for _ in range(4)]
        return race(4, lambda i: told(events[i]))

    def posted_twice(_results: list[Any]) -> bool:
        query = select(LedgerTx.refund_id).where(LedgerTx.refund_id.is_not(None))
        refunds = db.session.scalars(query).all()
        return len(refunds) > len(set(refunds))

    assert_breaks(attempt, wrong=posted_twice)


def test_a_failed_refund_sent_again_by_two_people_is_sent_once(ctx: Flask, race: Race) -> None:
    owed = refund(a_paid({a_sku(on_hand=5): 2}), amount_fen=1000)
    told(a_refund_event(owed, RefundOutcome.FAILED))
    operator, refund_id = an_operator(), owed.id
    results = race(
        4,
        lambda _: patiently(
            lambda: sending_back.send_again(actor=operator, refund_id=refund_id, now=NOON).id
        ),
    )
    assert results == [results[0]] * 4
    assert isinstance(results[0], int)
    assert_sound()
