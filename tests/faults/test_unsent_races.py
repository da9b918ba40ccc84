"""Units given back while they are handed over: each one is sent or returns to the shelf."""

from collections import Counter
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import update

from shop.db import db
from shop.domain.accounts.states import Role
from shop.domain.orders import service as orders
from shop.domain.orders.errors import OrderStateConflict
from shop.domain.orders.models import Order, OrderLine
from shop.domain.orders.states import OrderStatus
from shop.domain.payments.errors import AlreadyRefunded, RefundExceedsCaptured
from shop.domain.payments.models import Refund
from shop.flows import cancelling, shipping
from shop.kernel.actor import Actor
from tests.builders import a_sku, an_actor, an_operator
from tests.conftest import NOON, Race
from tests.invariants import assert_sound
from tests.lengths import rounds
from tests.money import a_paid, refund, seller_of
from tests.naive import assert_breaks, on_postgresql, patiently, unexpected, unlocked
from tests.seen import order_now, refunds_of, stock

BOUGHT, GIVEN_BACK = 3, 2


def refund_and_send(
    order: Order, race: Race, keeper: Actor, operator: Actor, *, units: int | None = None
) -> list[Any]:
    """Two units are paid back while the cooperative hands over ``units``, or all that is left."""
    number, sku, waybill_no = order.number, order.lines[0].sku, f"SF{order.id:010d}"
    acts = [
        lambda: refund(number, actor=operator, lines={sku: GIVEN_BACK}),
        lambda: shipping.hand_over(
            actor=keeper,
            number=number,
            carrier="SF",
            waybill_no=waybill_no,
            lines=None if units is None else [(sku, units)],
            now=NOON,
        ),
    ]
    return race(2, lambda i: acts[i]())


def test_a_unit_given_back_at_the_moment_of_handing_over_is_sent_or_kept(
    ctx: Flask, race: Race
) -> None:
    sku, operator = a_sku(on_hand=90), an_operator()
    keeper = an_actor(seat=(Role.KEEPER, seller_of(sku)))
    left = 90
    for turn in range(rounds(6, 30)):
        order = a_paid({sku: BOUGHT})
        named = BOUGHT if turn % 2 else None
        owed, sent = refund_and_send(order, race, keeper, operator, units=named)
        line = order_now(order).lines[0]
        assert isinstance(owed, Refund)
        assert line.refunded == GIVEN_BACK
        if isinstance(sent, OrderStateConflict):
            assert (named, line.shipped, line.cancelled) == (BOUGHT, 0, GIVEN_BACK)
            assert order_now(order).status is OrderStatus.PAID
        else:
            assert isinstance(sent, int)
            assert (line.shipped, line.cancelled) in {(3, 0), (1, 2)}
            assert order_now(order).status is OrderStatus.SHIPPED
        left -= BOUGHT - line.cancelled
        assert stock(sku) == (left, 0, 0)
    assert_sound()


def unlocked_order(order_id: int) -> Order:
    """``orders.locked`` without its lock, which remembers what it read."""
    order: Order = unlocked(Order)(order_id)
    db.session().info["shipped"] = {line.id: line.shipped for line in order.lines}
    return order


def cancel_by_what_was_read(line: OrderLine) -> int:
    """``orders.cancel_refunded`` of a shop that knows what is unsent from its first look."""
    units = line.refunded - db.session().info["shipped"][line.id] - line.cancelled
    db.session.execute(
        update(OrderLine)
        .where(OrderLine.id == line.id)
        .values(cancelled=OrderLine.cancelled + units)
        .execution_options(synchronize_session=False)
    )
    return units


@on_postgresql
def test_naive_twin_keeps_units_that_are_sent(
    ctx: Flask, race: Race, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two guards stand here: the lock on the order and the line's own condition. Both are off."""
    sku, operator = a_sku(on_hand=90), an_operator()
    keeper = an_actor(seat=(Role.KEEPER, seller_of(sku)))
    monkeypatch.setattr(orders, "locked", unlocked_order)
    monkeypatch.setattr(orders, "cancel_refunded", cancel_by_what_was_read)

    def attempt() -> list[Any]:
        return refund_and_send(a_paid({sku: BOUGHT}), race, keeper, operator)

    assert_breaks(attempt)


def test_units_given_back_by_many_and_cancelled_at_once_return_once(ctx: Flask, race: Race) -> None:
    sku, operator = a_sku(on_hand=90), an_operator()
    for _ in range(rounds(2, 20)):
        order = a_paid({sku: BOUGHT})
        buyer, number = an_actor(order.buyer_id).wearing("buyer"), order.number
        acts = [
            *[lambda number=number: refund(number, actor=operator, lines={sku: 1})] * 4,  # type: ignore[misc]
            lambda buyer=buyer, number=number: cancelling.cancel_order(  # type: ignore[misc]
                actor=buyer, number=number, now=NOON
            ),
        ]
        results = race(5, lambda i, acts=acts: patiently(acts[i]))  # type: ignore[misc]
        assert not unexpected(results)
        told = Counter(type(x) for x in results if isinstance(x, Exception))
        assert set(told) <= {RefundExceedsCaptured, AlreadyRefunded, OrderStateConflict}
        assert stock(sku) == (90, 0, 0)
        assert sum(r.amount_fen for r in refunds_of(order)) == order.total_fen
    assert_sound()
