"""Promises: they end by themselves, once, and what they held goes back where it came from."""

from dataclasses import replace
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from shop.db import db, transactional
from shop.domain.accounts.states import Role
from shop.domain.inventory import holds
from shop.domain.inventory.errors import OutOfStock
from shop.domain.inventory.models import Lot, StockHold, StockMove
from shop.domain.inventory.states import AdjustReason, HoldState, MoveKind
from shop.domain.live.models import LiveItem
from shop.domain.live.sales import PurchaseLimit
from shop.domain.orders.models import Order
from shop.domain.orders.states import CancelReason, OrderStatus
from shop.domain.payments.states import PaymentStatus, RefundCause
from shop.flows import cancelling, going_live, holding, stocking
from shop.kernel.errors import Invalid
from tests.builders import a_sku, an_actor
from tests.conftest import NOON
from tests.invariants import assert_sound
from tests.money import a_deal, a_lot, a_payment, age, an_event, pay, place, seller_of, told
from tests.seen import item, order_now, payment_now, refunds_of, stock

LATER = NOON + timedelta(minutes=16)


def hold_of(order: Order) -> StockHold:
    db.session.rollback()
    return db.session.scalars(select(StockHold).where(StockHold.order_id == order.id)).one()


def test_the_next_buyer_takes_over_expired_units_without_any_sweeper(ctx: Flask) -> None:
    sku = a_sku(on_hand=2)
    first = place({sku: 2})
    with pytest.raises(OutOfStock):
        place({sku: 1}, now=NOON + timedelta(minutes=14, seconds=59))
    second = place({sku: 2}, now=NOON + timedelta(minutes=15))
    assert hold_of(first).state is HoldState.RELEASED
    assert hold_of(second).state is HoldState.HELD
    assert order_now(first).status is OrderStatus.PENDING_PAYMENT
    assert stock(sku) == (2, 2, 0)
    assert_sound()


def test_the_next_buyer_takes_over_expired_units_of_a_deal(ctx: Flask) -> None:
    deal = a_deal(live_price_fen=2900, allotment=2)
    first = place([replace(deal, quantity=2)])
    place([deal], now=LATER)
    assert hold_of(first).state is HoldState.RELEASED
    assert item(deal.live_item_id) == (1, 0)
    assert_sound()


def test_units_are_taken_over_only_when_they_are_needed(ctx: Flask) -> None:
    sku = a_sku(on_hand=3)
    first = place({sku: 1})
    place({sku: 1}, now=LATER)
    assert hold_of(first).state is HoldState.HELD
    assert stock(sku) == (3, 2, 0)


def test_an_expired_promise_of_ones_own_does_not_count_against_the_maximum(ctx: Flask) -> None:
    deal, buyer = a_deal(live_price_fen=2900, allotment=5, per_buyer_max=2), an_actor()
    place([replace(deal, quantity=2)], buyer=buyer)
    with pytest.raises(PurchaseLimit):
        place([deal], buyer=buyer)
    place([replace(deal, quantity=2)], buyer=buyer, now=LATER)
    assert_sound()


def test_an_order_whose_units_were_taken_over_gets_its_goods_or_its_money(ctx: Flask) -> None:
    sku = a_sku(on_hand=2)
    one, two = place({sku: 1}), place({sku: 1})
    payments = [a_payment(one), a_payment(two)]
    place({sku: 1}, now=LATER)
    told(an_event(payments[0], one), now=LATER)
    told(an_event(payments[1], two), now=LATER)
    paid, owed = (payment_now(payment.id) for payment in payments)
    assert (order_now(one).status, paid.status) == (OrderStatus.PAID, PaymentStatus.CAPTURED)
    assert owed.status is PaymentStatus.REFUND_DUE
    closed = order_now(two)
    assert (closed.status, closed.cancel_reason) == (
        OrderStatus.CANCELLED,
        CancelReason.NO_STOCK,
    )
    assert [(r.cause, r.amount_fen) for r in refunds_of(two)] == [
        (RefundCause.NO_STOCK, two.total_fen)
    ]
    assert_sound()


def test_late_money_for_a_deal_takes_the_deal_again_within_the_maximum(ctx: Flask) -> None:
    deal, buyer = a_deal(live_price_fen=2900, allotment=9, per_buyer_max=2), an_actor()
    late = place([replace(deal, quantity=2)], buyer=buyer)
    payment = a_payment(late)
    newer = place([replace(deal, quantity=2)], buyer=buyer, now=LATER)
    pay(newer, now=LATER)
    told(an_event(payment, late), now=LATER)
    assert payment_now(payment.id).status is PaymentStatus.REFUND_DUE
    assert item(deal.live_item_id) == (0, 2)
    other = place([deal])
    other_payment = a_payment(other)
    release(other)
    told(an_event(other_payment, other), now=LATER)
    assert order_now(other).status is OrderStatus.PAID
    assert item(deal.live_item_id) == (0, 3)
    assert stock(deal.sku) == (17, 0, 6)
    assert_sound()


@transactional
def release(order: Order) -> int:
    """What the next buyer does to an expired order."""
    return holding.release(holds.of_order(order.id), now=NOON)


def test_a_promise_ends_once(ctx: Flask) -> None:
    sku = a_sku(on_hand=2)
    order = place({sku: 2})
    assert (release(order), release(order)) == (1, 0)
    assert stock(sku) == (2, 0, 0)
    assert_sound()


def test_units_held_when_the_show_ends_go_to_the_shelf_afterwards(ctx: Flask) -> None:
    host = an_actor(roles=(Role.HOST,))
    deal = a_deal(host=host, live_price_fen=2900, allotment=5)
    kept, dropped = place([deal]), place([replace(deal, quantity=2)])
    session_id = db.session.get_one(LiveItem, deal.live_item_id).session_id
    going_live.end(session_id, actor=host, now=NOON)
    assert stock(deal.sku) == (20, 0, 3)
    pay(kept)
    cancelling.expire_order(dropped.id, now=LATER)
    assert stock(deal.sku) == (19, 0, 0)
    assert item(deal.live_item_id) == (0, 1)
    assert_sound()


def test_late_money_after_the_show_takes_the_shelf(ctx: Flask) -> None:
    host = an_actor(roles=(Role.HOST,))
    deal = a_deal(host=host, live_price_fen=2900, allotment=5)
    order = place([deal])
    payment = a_payment(order)
    release(order)
    session_id = db.session.get_one(LiveItem, deal.live_item_id).session_id
    going_live.end(session_id, actor=host, now=NOON)
    told(an_event(payment, order))
    assert order_now(order).status is OrderStatus.PAID
    assert stock(deal.sku) == (19, 0, 0)
    assert_sound()


def test_a_deal_without_an_allotment_sells_from_the_shelf_and_is_counted(ctx: Flask) -> None:
    deal = a_deal(live_price_fen=2900, on_hand=3)
    order = place([replace(deal, quantity=2)])
    assert (stock(deal.sku), item(deal.live_item_id)) == ((3, 2, 0), (0, 0))
    pay(order)
    assert (stock(deal.sku), item(deal.live_item_id)) == ((1, 0, 0), (0, 2))
    assert_sound()


def test_a_stock_take_never_counts_promised_units_away(ctx: Flask) -> None:
    sku = a_sku()
    lot = a_lot(sku, 5)
    keeper = an_actor(seat=(Role.KEEPER, seller_of(sku)))
    order = place({sku: 3})

    def count(delta: int) -> Lot:
        return stocking.correct_lot(
            actor=keeper,
            code=lot.code,
            delta=delta,
            reason=AdjustReason.COUNTED,
            note=None,
            now=NOON,
        )

    with pytest.raises(OutOfStock):
        count(-3)
    assert count(-2).on_hand == 3
    pay(order)
    with pytest.raises(Invalid):
        count(3)
    assert count(2).on_hand == 2
    cancelling.cancel_order(actor=an_actor(order.buyer_id), number=order.number, now=NOON)
    assert stock(sku) == (5, 0, 0)
    assert_sound()


def test_every_step_of_a_unit_leaves_one_move(ctx: Flask) -> None:
    sku = a_sku(on_hand=4)
    pay(place({sku: 1}))
    cancelling.expire_order(place({sku: 2}).id, now=LATER)
    db.session.rollback()
    moves = db.session.execute(
        select(StockMove.kind, StockMove.on_hand_delta, StockMove.held_delta).order_by(StockMove.id)
    ).all()
    assert [tuple(move) for move in moves] == [
        (MoveKind.RECEIPT, 4, 0),
        (MoveKind.HOLD, 0, 1),
        (MoveKind.CONSUME, 0, -1),
        (MoveKind.CONSUME, -1, 0),
        (MoveKind.HOLD, 0, 2),
        (MoveKind.RELEASE, 0, -2),
    ]
    assert_sound()


def test_an_extended_order_keeps_its_units_longer(ctx: Flask) -> None:
    sku = a_sku(on_hand=1)
    order = place({sku: 1})
    age(order, to=NOON + timedelta(minutes=30))
    with pytest.raises(OutOfStock):
        place({sku: 1}, now=LATER)
    assert not cancelling.expire_order(order.id, now=LATER)
