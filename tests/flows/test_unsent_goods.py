"""Goods paid back before they leave: they return to the shelf, and their order goes on without."""

from dataclasses import replace
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from shop.db import db
from shop.domain.accounts.states import Role
from shop.domain.aftersales.states import ClaimReason
from shop.domain.compliance.models import Task
from shop.domain.compliance.states import TaskStatus
from shop.domain.live.models import BuyerQuota
from shop.domain.orders.errors import OrderStateConflict
from shop.domain.orders.models import Order
from shop.domain.orders.states import OrderStatus
from shop.domain.payments.states import RefundCause
from shop.domain.settlement.states import PartyKind
from shop.flows import cancelling, claiming, completing, tracking, undoing
from shop.kernel.errors import Invalid
from shop.reads import audit, parcels
from tests.builders import a_cooperative, a_farmer, a_sku, an_actor
from tests.conftest import NOON
from tests.invariants import assert_sound
from tests.money import (
    a_deal,
    a_lot,
    a_paid,
    a_refund_event,
    arrive,
    refund,
    refunded,
    ship,
    told,
)
from tests.seen import order_now, refunds_of, stock
from tests.settled import parties


def settle_refunds(order: Order) -> None:
    """Everything owed has reached the buyer."""
    for owed in refunds_of(order):
        told(a_refund_event(owed))


def confirm(order: Order) -> None:
    completing.confirm_receipt(actor=an_actor(order.buyer_id), number=order.number, now=NOON)


def assert_all_well() -> None:
    assert_sound()
    assert audit.violations(NOON) == []


def approve_claim(order: Order, sku: str, units: int = 1) -> None:
    """The buyer complains of units, and the seller gives their price back."""
    claim_id = claiming.open_claim(
        actor=an_actor(order.buyer_id),
        number=order.number,
        lines=[(sku, units)],
        reason=ClaimReason.NOT_ARRIVED,
        note=None,
        pictures=[],
        now=NOON,
    )
    seller = next(line.cooperative_id for line in order.lines if line.sku == sku)
    claiming.answer_claim(
        actor=an_actor(seat=(Role.CLERK, seller)),
        claim_id=claim_id,
        decision="approve",
        amount_fen=None,
        reason="缺货",
        now=NOON,
    )


def test_one_cooperative_sends_and_is_paid_though_the_others_goods_are_given_back(
    ctx: Flask,
) -> None:
    one, two = a_cooperative(), a_cooperative()
    grower = a_farmer(one)
    first = a_sku(cooperative=one, price_fen=1000)
    a_lot(first, 5, growers=[(grower, 2500)])
    second = a_sku(cooperative=two, on_hand=5, price_fen=500)
    order = a_paid({first: 2, second: 1})
    ship(order)
    refunded(order, lines={second: 1})
    seen = order_now(order)
    assert (seen.status, seen.lines[1].cancelled) == (OrderStatus.SHIPPED, 1)
    assert (stock(first)[0], stock(second)[0]) == (3, 5)
    with pytest.raises(Invalid):
        ship(order, lines=[(second, 1)])
    arrive(order)
    assert order_now(order).status is OrderStatus.DELIVERED
    confirm(order)
    settle_refunds(order)
    shares = parties(order)
    assert shares[(PartyKind.FARMER, grower.id)] == 1200
    assert shares[(PartyKind.CLEARING, None)] == -2000 - order.parts[0].freight_fen
    assert_all_well()


def test_whoever_gives_unsent_goods_back_the_rest_of_the_order_goes_on(ctx: Flask) -> None:
    """Within one cooperative, by units, by a claim, and of one line; before and after a parcel."""
    home = a_cooperative()
    sent, unsent = (a_sku(cooperative=home, on_hand=40, price_fen=1000) for _ in range(2))
    left = 40
    for early in (True, False):
        for give in (
            lambda order: refund(order, lines={unsent: 1}),
            lambda order: approve_claim(order, unsent),
        ):
            order = a_paid({sent: 1, unsent: 1})
            left -= 1
            if early:
                give(order)
                ship(order)
            else:
                ship(order, lines=[(sent, 1)])
                give(order)
            seen = order_now(order)
            assert (seen.status, seen.lines[1].cancelled) == (OrderStatus.SHIPPED, 1)
            assert (stock(sent)[0], stock(unsent)[0]) == (left, 40)
            arrive(order)
            confirm(order)
            settle_refunds(order)
            assert [r.freight_fen for r in refunds_of(order)] == [0]
    order = a_paid({unsent: 3})
    ship(order, lines=[(unsent, 2)])
    refund(order, lines={unsent: 2})
    assert order_now(order).status is OrderStatus.PARTIALLY_SHIPPED
    refund(order, lines={unsent: 1})
    assert (order_now(order).status, stock(unsent)[0]) == (OrderStatus.SHIPPED, 38)
    assert_all_well()


def test_a_paid_order_whose_goods_are_all_given_back_is_refunded_with_its_freight(
    ctx: Flask,
) -> None:
    sku = a_sku(on_hand=5, price_fen=1000)
    order = a_paid({sku: 2})
    asked = refund(order, lines={sku: 2})
    assert (asked.amount_fen, stock(sku)) == (2000, (5, 0, 0))
    with pytest.raises(OrderStateConflict):
        ship(order)
    freight = refunds_of(order)[1]
    assert (freight.amount_fen, freight.freight_fen) == (order.freight_fen, order.freight_fen)
    assert (freight.cause, freight.cooperative_id) == (
        RefundCause.CANCELLED,
        order.parts[0].cooperative_id,
    )
    assert order_now(order).status is OrderStatus.PAID
    settle_refunds(order)
    assert order_now(order).status is OrderStatus.REFUNDED
    assert_all_well()


def test_when_all_money_goes_back_by_amounts_the_unsent_goods_stay_too(ctx: Flask) -> None:
    sku = a_sku(on_hand=5, price_fen=1000)
    order = a_paid({sku: 3})
    ship(order, lines=[(sku, 1)])
    refund(order, amount_fen=1000)
    assert (order_now(order).status, stock(sku)[0]) == (OrderStatus.PARTIALLY_SHIPPED, 2)
    refund(order, amount_fen=order.total_fen - 1000)
    assert (order_now(order).status, stock(sku)[0]) == (OrderStatus.SHIPPED, 4)
    settle_refunds(order)
    assert order_now(order).status is OrderStatus.REFUNDED
    assert_all_well()


def test_each_unit_returns_once_however_often_money_is_given_and_whoever_cancels(
    ctx: Flask,
) -> None:
    deal = a_deal(on_hand=20, live_price_fen=2900, allotment=9, per_buyer_max=4)
    buyer = an_actor()
    order = a_paid([replace(deal, quantity=4)], buyer=buyer)
    refund(order, lines={deal.sku: 1}, request_key="k")
    refund(order, lines={deal.sku: 1})
    refund(order, amount_fen=100)
    assert (stock(deal.sku)[0], quota(deal.live_item_id)) == (18, 2)
    cancelling.cancel_order(actor=buyer.wearing("buyer"), number=order.number, now=NOON)
    assert (stock(deal.sku)[0], quota(deal.live_item_id)) == (20, 0)
    assert sum(r.amount_fen for r in refunds_of(order)) == order.total_fen
    assert order_now(order).status is OrderStatus.CANCELLED
    assert_all_well()


def quota(item_id: int | None) -> int:
    db.session.rollback()
    return db.session.scalars(
        select(BuyerQuota.taken).where(BuyerQuota.live_item_id == item_id)
    ).one()


def test_a_late_cooperative_is_let_alone_once_its_goods_are_given_back(ctx: Flask) -> None:
    order = a_paid({a_sku(on_hand=5): 2})
    late = NOON + timedelta(days=9)
    assert tracking.find_late(late) == 1
    seller = order.parts[0].cooperative_id
    refund(order, lines={order.lines[0].sku: 1})
    assert tracking.find_late(late) == 0
    refund(order)
    db.session.rollback()
    assert db.session.scalars(select(Task.status)).all() == [TaskStatus.DONE]
    assert tracking.find_late(late) == 0
    assert parcels.slips([seller], numbers=None, now=late) == []


def test_a_unit_that_was_given_back_is_no_reason_to_refuse_a_claim_for_another(
    ctx: Flask,
) -> None:
    sku = a_sku(on_hand=5, price_fen=1000)
    order = a_paid({sku: 3})
    approve_claim(order, sku)
    approve_claim(order, sku, 2)
    with pytest.raises(Invalid):
        approve_claim(order, sku)
    assert [r.amount_fen for r in refunds_of(order)] == [1000, 2000, order.freight_fen]
    assert stock(sku) == (5, 0, 0)
    assert_all_well()


def test_an_undone_hand_over_of_goods_whose_money_all_goes_back_leaves_them_here(
    ctx: Flask,
) -> None:
    sku = a_sku(on_hand=5, price_fen=1000)
    order = a_paid({sku: 3})
    parcel = ship(order)
    refund(order, amount_fen=order.total_fen)
    keeper = an_actor(seat=(Role.KEEPER, order.parts[0].cooperative_id))
    undoing.undo_hand_over(actor=keeper, number=order.number, shipment_id=parcel, now=NOON)
    assert (order_now(order).status, stock(sku)) == (OrderStatus.PAID, (5, 0, 0))
    settle_refunds(order)
    assert order_now(order).status is OrderStatus.REFUNDED
    assert_all_well()
