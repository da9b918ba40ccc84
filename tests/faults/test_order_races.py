"""FAULTS 15 and 19: one key places one order, and of cancelling and sending one wins."""

from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select, update

from shop.db import db
from shop.domain.accounts.states import Role
from shop.domain.audit import service as answers
from shop.domain.audit.errors import IdempotencyKeyReused
from shop.domain.audit.models import KeptAnswer
from shop.domain.audit.service import Kept, KeyedRequest
from shop.domain.orders import service as orders
from shop.domain.orders.errors import OrderStateConflict
from shop.domain.orders.models import Order, OrderLine
from shop.domain.orders.states import OrderStatus
from shop.flows import cancelling, checkout, shipping
from shop.flows.drafting import Placed
from shop.kernel.actor import Actor
from tests.builders import a_sku, an_actor
from tests.conftest import NOON, Race
from tests.invariants import assert_sound
from tests.lengths import rounds
from tests.money import a_paid, ask
from tests.naive import a_moment, assert_breaks, on_postgresql, patiently, unlocked
from tests.paid_orders import TERMS
from tests.seen import order_now, stock


def placed() -> int:
    db.session.rollback()
    return db.session.scalar(select(func.count(Order.id))) or 0


def place_keyed(sku: str, buyer: Actor, *, key: str, body: str = "a") -> Placed | Kept:
    """A press of the button; ``body`` stands for what was in the request."""
    return checkout.place_order(
        ask({sku: 1}),
        actor=buyer,
        terms=TERMS,
        key=KeyedRequest(
            actor=f"user:{buyer.user_id}", route="POST /orders", key=key, fingerprint=body * 64
        ),
        answer=lambda placed: Kept(status=201, body=placed.number),
        now=NOON,
    )


def press_often(race: Race, sku: str, buyer: Actor, *, key: str) -> list[Any]:
    return race(8, lambda _: place_keyed(sku, buyer, key=key))


def test_one_key_pressed_often_places_one_order_that_all_are_shown(ctx: Flask, race: Race) -> None:
    sku, buyer = a_sku(on_hand=50), an_actor()
    for number in range(1, rounds(2, 20) + 1):
        results = race(
            8,
            lambda _, number=number: patiently(  # type: ignore[misc]
                lambda: place_keyed(sku, buyer, key=f"k-{number}")
            ),
        )
        (order,) = (x for x in results if isinstance(x, Placed))
        shown = [x for x in results if isinstance(x, Kept)]
        assert [kept.body for kept in shown] == [order.number] * 7
        assert (placed(), stock(sku)[1]) == (number, number)
    assert_sound()


def test_one_key_with_other_bodies_is_told_to_all_but_the_first(ctx: Flask, race: Race) -> None:
    sku, buyer = a_sku(on_hand=50), an_actor()
    results = race(
        6,
        lambda i: patiently(lambda: place_keyed(sku, buyer, key="k", body="abcdef"[i])),
    )
    assert Counter(type(x) for x in results) == {Placed: 1, IdempotencyKeyReused: 5}
    assert placed() == 1


def trust_the_first_look(kept: Mapping[KeyedRequest, Kept], *, now: datetime) -> set[KeyedRequest]:
    """``answers.keep_first`` as it is often written: the key was free a moment ago."""
    for key, answer in kept.items():
        db.session.add(KeptAnswer(**vars(key), **vars(answer), leased_until=now, created_at=now))
    db.session.flush()
    return set(kept)


@on_postgresql
def test_naive_twin_answers_a_double_click_with_an_internal_error(
    ctx: Flask, race: Race, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answers, "keep_first", trust_the_first_look)
    sku, buyer = a_sku(on_hand=50), an_actor()
    keys = iter(range(99))
    assert_breaks(lambda: press_often(race, sku, buyer, key=f"k-{next(keys)}"))


def cancel_and_send(order: Order, race: Race, keeper: Actor) -> list[Any]:
    """The buyer cancels while the cooperative hands over."""
    buyer = an_actor(order.buyer_id).wearing("buyer")
    number, waybill_no = order.number, f"SF{order.id:010d}"
    acts = [
        lambda: cancelling.cancel_order(actor=buyer, number=number, now=NOON),
        lambda: shipping.hand_over(
            actor=keeper,
            number=number,
            carrier="SF",
            waybill_no=waybill_no,
            lines=None,
            now=NOON,
        ),
    ]
    return race(2, lambda i: acts[i]())


def test_of_cancelling_and_sending_exactly_one_wins(ctx: Flask, race: Race) -> None:
    sku = a_sku(on_hand=200)
    order = a_paid({sku: 1})
    keeper = an_actor(seat=(Role.KEEPER, order.parts[0].cooperative_id))
    for _ in range(rounds(8, 200)):
        cancelled, sent = cancel_and_send(order, race, keeper)
        won = order_now(order).status
        if won is OrderStatus.CANCELLED:
            assert isinstance(cancelled, Order)
            assert isinstance(sent, OrderStateConflict)
        else:
            assert won is OrderStatus.SHIPPED
            assert isinstance(sent, int)
            assert isinstance(cancelled, OrderStateConflict)
        order = a_paid({sku: 1})
    assert_sound()


def cancel_blindly(line: OrderLine) -> int:
    """``orders.cancel_rest`` that trusts what was read before."""
    rest = line.quantity - line.shipped - line.cancelled
    a_moment()
    db.session.execute(
        update(OrderLine)
        .where(OrderLine.id == line.id)
        .values(cancelled=OrderLine.cancelled + rest)
        .execution_options(synchronize_session=False)
    )
    return rest


@on_postgresql
def test_naive_twin_both_sends_and_cancels(
    ctx: Flask, race: Race, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two guards stand here: the lock on the order and the line's own condition. Both are off."""
    sku = a_sku(on_hand=50)
    keeper = an_actor(seat=(Role.KEEPER, a_paid({sku: 1}).parts[0].cooperative_id))
    monkeypatch.setattr(orders, "locked", unlocked(Order))
    monkeypatch.setattr(orders, "cancel_rest", cancel_blindly)

    def attempt() -> list[Any]:
        return cancel_and_send(a_paid({sku: 1}), race, keeper)

    assert_breaks(attempt)
