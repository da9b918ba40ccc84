"""Cancelling: goods go back on their lots, money to the buyer, each once."""

from datetime import timedelta

import pytest
from flask import Flask

from shop.db import db
from shop.domain.inventory.models import Lot
from shop.domain.inventory.queries import lot_sales
from shop.domain.orders import queries as order_queries
from shop.domain.orders.errors import OrderStateConflict
from shop.domain.orders.models import Order
from shop.domain.orders.states import CancelReason, OrderStatus
from shop.domain.payments.states import PaymentStatus, RefundCause
from shop.flows import cancelling, completing
from shop.kernel.errors import NotFound
from tests.builders import a_cooperative, a_sku, an_actor, an_operator
from tests.conftest import NOON
from tests.invariants import assert_sound
from tests.money import (
    a_deal,
    a_lot,
    a_paid,
    a_payment,
    a_refund_event,
    age,
    arrive,
    place,
    refund,
    ship,
    told,
)
from tests.seen import item, order_now, payment_now, refunds_of, stock, waiting


def lot_now(lot: Lot) -> Lot:
    db.session.rollback()
    return db.session.get_one(Lot, lot.id, populate_existing=True)


def cancel(order: Order) -> Order:
    return cancelling.cancel_order(
        actor=an_actor(order.buyer_id).wearing("buyer"), number=order.number, now=NOON
    )


def test_an_unpaid_order_is_closed_and_its_payment_called_off(ctx: Flask) -> None:
    sku = a_sku(on_hand=2)
    order = place({sku: 2})
    payment = a_payment(order)
    cancel(order)
    seen = order_now(order)
    assert (seen.status, seen.cancel_reason) == (OrderStatus.CANCELLED, CancelReason.BUYER)
    assert stock(sku) == (2, 0, 0)
    assert waiting("payment.cancel") == [{"payment_id": payment.id}]
    assert refunds_of(order) == []
    assert_sound()


def test_a_buyer_cancels_no_order_of_another(ctx: Flask) -> None:
    order = place({a_sku(on_hand=2): 1})
    for stranger in (an_actor(), an_operator().wearing("buyer")):
        with pytest.raises(NotFound):
            cancelling.cancel_order(actor=stranger, number=order.number, now=NOON)
    assert order_now(order).status is OrderStatus.PENDING_PAYMENT


def test_the_operator_cancels_anybodys_order(ctx: Flask) -> None:
    order = a_paid({a_sku(on_hand=2): 1})
    operator = an_operator().wearing("operator")
    cancelling.cancel_order(actor=operator, number=order.number, now=NOON)
    seen = order_now(order)
    assert (seen.status, seen.cancel_reason) == (OrderStatus.CANCELLED, CancelReason.OPERATOR)
    assert order_queries.history(order.id)[-1].actor_role == "operator"
    assert_sound()


def test_a_paid_order_goes_back_to_its_lots_and_is_owed_whole(ctx: Flask) -> None:
    sku = a_sku()
    old, new = a_lot(sku, 2), a_lot(sku, 5)
    order = a_paid({sku: 3})
    assert [sale.quantity for sale in lot_sales(order.id)] == [2, 1]
    cancel(order)
    assert (lot_now(old).on_hand, lot_now(new).on_hand, stock(sku)) == (2, 5, (7, 0, 0))
    (owed,) = refunds_of(order)
    assert (owed.amount_fen, owed.freight_fen, owed.cause) == (
        order.total_fen,
        order.freight_fen,
        RefundCause.CANCELLED,
    )
    assert waiting("refund.send") == [{"refund_id": owed.id}]
    assert_sound()


def test_a_cancelled_order_stays_cancelled_when_its_money_has_gone_back(ctx: Flask) -> None:
    order = a_paid({a_sku(on_hand=2): 1})
    cancel(order)
    (owed,) = refunds_of(order)
    told(a_refund_event(owed))
    assert order_now(order).status is OrderStatus.CANCELLED
    assert payment_now(owed.payment_id).status is PaymentStatus.REFUNDED
    assert_sound()


def test_a_cancelled_deal_counts_no_more_against_the_buyer(ctx: Flask) -> None:
    deal, buyer = a_deal(live_price_fen=2900, allotment=5, per_buyer_max=1), an_actor()
    order = a_paid([deal], buyer=buyer)
    cancel(order)
    assert item(deal.live_item_id) == (0, 1)
    assert stock(deal.sku) == (20, 0, 4)
    place([deal], buyer=buyer)
    assert_sound()


def test_after_money_was_given_back_only_the_rest_is_owed(ctx: Flask) -> None:
    order = a_paid({a_sku(on_hand=5): 3})
    refund(order, amount_fen=1000)
    cancel(order)
    assert [r.amount_fen for r in refunds_of(order)] == [1000, order.total_fen - 1000]
    assert_sound()


def test_an_order_that_is_owed_back_whole_can_still_be_cancelled(ctx: Flask) -> None:
    sku = a_sku(on_hand=5)
    order = a_paid({sku: 3})
    refund(order)
    cancel(order)
    assert (order_now(order).status, stock(sku)) == (OrderStatus.CANCELLED, (5, 0, 0))
    assert len(refunds_of(order)) == 1
    assert_sound()


def two_sellers() -> tuple[Order, str, str]:
    """3 units of one cooperative, of which 2 are sent, and 1 of another."""
    one, two = a_cooperative(), a_cooperative()
    first = a_sku(cooperative=one, on_hand=5, price_fen=1000)
    second = a_sku(cooperative=two, on_hand=5, price_fen=500)
    order = a_paid({first: 3, second: 1})
    ship(order, lines=[(first, 2)])
    return order_now(order), first, second


def test_what_is_left_of_a_partly_sent_order_is_cancelled_and_owed(ctx: Flask) -> None:
    order, first, second = two_sellers()
    cancel(order)
    seen = order_now(order)
    assert seen.status is OrderStatus.SHIPPED
    assert [(line.shipped, line.cancelled) for line in seen.lines] == [(2, 1), (0, 1)]
    assert (stock(first)[0], stock(second)[0]) == (3, 5)
    owed = {r.cooperative_id: (r.amount_fen, r.freight_fen) for r in refunds_of(order)}
    one, two = (line.cooperative_id for line in order.lines)
    freight = {part.cooperative_id: part.freight_fen for part in order.parts}
    assert owed == {one: (1000, 0), two: (500 + freight[two], freight[two])}
    assert_sound()


def test_what_is_left_can_be_cancelled_after_it_was_given_back(ctx: Flask) -> None:
    order, _, second = two_sellers()
    refund(order, lines={second: 1}, freight=True)
    cancel(order)
    assert order_now(order).status is OrderStatus.SHIPPED
    assert [r.amount_fen for r in refunds_of(order)] == [500 + order.parts[1].freight_fen, 1000]
    assert_sound()


def test_cancelling_the_rest_after_the_sent_parcel_arrived_delivers_the_order(ctx: Flask) -> None:
    order, *_ = two_sellers()
    arrive(order)
    cancel(order)
    assert order_now(order).status is OrderStatus.DELIVERED


def test_what_is_on_its_way_is_not_cancelled(ctx: Flask) -> None:
    order = a_paid({a_sku(on_hand=5): 1})
    ship(order)
    with pytest.raises(OrderStateConflict) as refusal:
        cancel(order)
    assert refusal.value.facts == {"status": "shipped"}
    completing.confirm_receipt(actor=an_actor(order.buyer_id), number=order.number, now=NOON)
    with pytest.raises(OrderStateConflict):
        cancel(order)


def test_the_sweeper_closes_what_is_due_and_one_that_fails_stops_no_other(
    ctx: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    sku = a_sku(on_hand=5)
    orders = [place({sku: 1}) for _ in range(3)]
    age(orders[2], to=NOON + timedelta(hours=1))
    close = cancelling.expire_order

    def one_fails(order_id: int, **how: object) -> bool:
        if order_id == orders[0].id:
            raise ValueError("broken order")
        return close(order_id, **how)  # type: ignore[arg-type]

    monkeypatch.setattr(cancelling, "expire_order", one_fails)
    assert cancelling.expire_due(NOON + timedelta(minutes=15)) == 1
    assert [order_now(order).status for order in orders] == [
        OrderStatus.PENDING_PAYMENT,
        OrderStatus.CANCELLED,
        OrderStatus.PENDING_PAYMENT,
    ]
