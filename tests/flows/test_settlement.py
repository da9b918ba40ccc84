"""Completion posts each party's share by the lots really sold; refunds take it back exactly."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

from flask import Flask
from sqlalchemy import select, text

from shop.db import db, transactional
from shop.domain.orders.models import Order
from shop.domain.orders.states import OrderStatus
from shop.domain.payments.gateways.base import RefundOutcome
from shop.domain.settlement import queries as books
from shop.domain.settlement import service as settlement
from shop.domain.settlement.models import LedgerTx
from shop.domain.settlement.states import PartyKind, TxKind
from shop.domain.villages.models import Cooperative, Farmer
from shop.flows import cancelling, completing, sending_back
from shop.reads import money_goes
from tests.builders import a_cooperative, a_farmer, a_sku, a_village, an_actor, an_operator
from tests.conftest import NOON
from tests.invariants import assert_sound
from tests.money import (
    a_completed,
    a_deal,
    a_lot,
    a_paid,
    a_refund_event,
    complete,
    deliver,
    pay,
    place,
    refund,
    refunded,
    ship,
    told,
)
from tests.seen import order_now, refunds_of
from tests.settled import Party, parties

K = PartyKind


def kinds(order: Order) -> dict[PartyKind, int]:
    db.session.rollback()
    return {kind: fen for kind, fen in books.shares(order.id).items() if fen}


def posted(order: Order) -> list[TxKind]:
    db.session.rollback()
    return list(
        db.session.scalars(
            select(LedgerTx.kind).where(LedgerTx.order_id == order.id).order_by(LedgerTx.posted_at)
        )
    )


def assert_split(order: Order, *, given_back: int = 0) -> None:
    """Every fen that stayed is somebody's (I18), and the buyer's side is its mirror."""
    assert sum(kinds(order).values()) == order.total_fen - given_back
    assert parties(order).get((K.CLEARING, None), 0) == given_back - order.total_fen
    assert_sound()


def test_a_farmers_lot_pays_platform_village_farmer_cooperative_and_freight(ctx: Flask) -> None:
    home = a_cooperative()
    farmer = a_farmer(home)
    sku = a_sku(cooperative=home, price_fen=3680)
    a_lot(sku, 5, growers=[(farmer, 2500)])
    order = a_completed({sku: 1})
    assert parties(order) == {
        (K.CLEARING, None): -4480,
        (K.PLATFORM, None): 74,
        (K.VILLAGE, home.village_id): 184,
        (K.FARMER, farmer.id): 2208,
        (K.COOPERATIVE, home.id): 1214,
        (K.FREIGHT, home.id): 800,
    }
    assert_split(order)


def test_a_room_pays_its_host_what_the_product_promised(ctx: Flask) -> None:
    deal = a_deal(live_price_fen=3000, allotment=9)
    order = complete(a_paid([replace(deal, quantity=7)]))
    host = order.lines[0].host_id
    assert parties(order)[(K.HOST, host)] == 2100
    assert_split(order)


def test_what_a_page_promises_is_what_the_books_say(ctx: Flask) -> None:
    home = a_cooperative()
    sku = a_sku(cooperative=home, price_fen=3685)
    lot = a_lot(sku, 5, growers=[(a_farmer(home), 2500)])
    promised = money_goes.for_sku(sku, 3685, now=NOON)
    assert promised is not None
    assert (promised.lot_code, promised.harvested_on) == (lot.code, lot.harvested_on)
    order = a_completed({sku: 1})
    real = kinds(order)
    assert {share.kind: share.amount_fen for share in promised.shares} == {
        kind: fen for kind, fen in real.items() if kind is not K.FREIGHT
    }


def test_farmers_share_by_the_grams_of_the_lots_really_sold(ctx: Flask) -> None:
    home = a_cooperative()
    one, two, three = (a_farmer(home, name=f"演示农户{n}") for n in "甲乙丙")
    sku = a_sku(cooperative=home, price_fen=1000)
    a_lot(sku, 2, growers=[(one, 750), (two, 250)], best_before=NOON.date() + timedelta(days=9))
    a_lot(sku, 10, growers=[(three, 5000)])
    order = a_completed({sku: 3})
    shares = {i: fen for (kind, i), fen in parties(order).items() if kind is K.FARMER}
    assert shares == {one.id: 900, two.id: 300, three.id: 600}
    assert_split(order)


def test_each_growers_own_village_gets_its_part(ctx: Flask) -> None:
    here, there = a_village(), a_village()
    home = a_cooperative(village=here)
    near, far = a_farmer(home), a_farmer_of(home, there.id)
    sku = a_sku(cooperative=home, price_fen=1000)
    a_lot(sku, 4, growers=[(near, 500), (far, 1500)])
    order = a_completed({sku: 2})
    shares = parties(order)
    assert (shares[(K.VILLAGE, here.id)], shares[(K.VILLAGE, there.id)]) == (25, 75)
    assert (shares[(K.FARMER, near.id)], shares[(K.FARMER, far.id)]) == (300, 900)
    assert_split(order)


def a_farmer_of(home: Cooperative, village_id: int) -> Farmer:
    made = a_farmer(home)
    move(made.id, village_id)
    return made


@transactional
def move(farmer_id: int, village_id: int) -> None:
    db.session.execute(
        text("UPDATE farmer SET village_id = :village WHERE id = :farmer"),
        {"village": village_id, "farmer": farmer_id},
    )


def test_what_the_cooperative_grew_itself_is_its_own_income(ctx: Flask) -> None:
    home = a_cooperative()
    sku = a_sku(cooperative=home, on_hand=5, price_fen=1000)
    order = a_completed({sku: 1})
    assert parties(order) == {
        (K.CLEARING, None): -1800,
        (K.PLATFORM, None): 20,
        (K.VILLAGE, home.village_id): 50,
        (K.COOPERATIVE, home.id): 930,
        (K.FREIGHT, home.id): 800,
    }
    assert_split(order)


@transactional
def new_rule(cooperative_id: int, **shares: int) -> None:
    settlement.set_rule(cooperative_id, actor_id=None, now=NOON, **shares)


def test_an_order_keeps_the_rule_it_was_placed_under(ctx: Flask) -> None:
    home = a_cooperative()
    sku = a_sku(cooperative=home, on_hand=5, price_fen=1000)
    before = place({sku: 1})
    new_rule(home.id, platform_bp=0, village_bp=10_000, farmer_bp=0)
    after = a_completed({sku: 1})
    pay(before)
    complete(before)
    assert parties(before)[(K.VILLAGE, home.village_id)] == 50
    assert parties(after)[(K.VILLAGE, home.village_id)] == 1000
    assert_split(before)
    assert_split(after)


def test_income_is_posted_once_however_often_the_buyer_confirms(ctx: Flask) -> None:
    order = a_completed({a_sku(on_hand=5): 1})
    completing.confirm_receipt(actor=an_actor(order.buyer_id), number=order.number, now=NOON)
    assert completing.complete_order(order.id, now=NOON) is False
    assert posted(order) == [TxKind.COMPLETION]


def test_orders_complete_by_themselves_some_days_after_delivery(ctx: Flask) -> None:
    order = deliver(a_paid({a_sku(on_hand=5): 1}))
    assert completing.complete_due(NOON + timedelta(days=6), after_days=7) == 0
    assert completing.complete_due(NOON + timedelta(days=7), after_days=7) == 1
    assert order_now(order).status is OrderStatus.COMPLETED
    assert_split(order)


def test_a_refund_before_completion_was_never_income(ctx: Flask) -> None:
    sku = a_sku(on_hand=5, price_fen=1000)
    order = a_paid({sku: 3})
    deliver(order)
    refund(order, lines={sku: 1})
    complete_now(order)
    assert_split(order, given_back=1000)
    assert kinds(order)[K.PLATFORM] == 40
    for owed in refunds_of(order):
        told(a_refund_event(owed))
    assert posted(order) == [TxKind.COMPLETION]


def complete_now(order: Order) -> None:
    completing.confirm_receipt(actor=an_actor(order.buyer_id), number=order.number, now=NOON)


def test_a_refund_after_completion_takes_back_in_proportion_and_at_last_all(ctx: Flask) -> None:
    home = a_cooperative()
    sku = a_sku(cooperative=home, price_fen=999)
    a_lot(sku, 9, growers=[(a_farmer(home), 1000), (a_farmer(home), 2000), (a_farmer(home), 77)])
    order = a_completed({sku: 3})
    whole = parties(order)
    refunded(order, lines={sku: 1})
    assert_split(order, given_back=999)
    shares = parties(order)
    assert shares.pop((K.FREIGHT, home.id)) == whole.pop((K.FREIGHT, home.id))
    assert all(abs(shares[party] * 3 - fen * 2) <= 3 for party, fen in whole.items() if party[1])
    refunded(order, amount_fen=500)
    refunded(order)
    assert parties(order) == {}
    assert order_now(order).status is OrderStatus.REFUNDED
    assert posted(order).count(TxKind.REFUND) == 3
    assert_split(order, given_back=order.total_fen)


def test_one_cooperatives_refund_moves_only_its_own_parties(ctx: Flask) -> None:
    one, two = a_cooperative(), a_cooperative()
    first, second = (a_sku(cooperative=x, on_hand=5, price_fen=1001) for x in (one, two))
    order = a_completed({first: 1, second: 1})
    before = of_cooperative(order)
    owed = refunded(order, lines={first: 1}, freight=True)
    after = of_cooperative(order)
    assert (after[one.id], after[two.id]) == ({}, before[two.id])
    assert_split(order, given_back=owed.amount_fen)


def of_cooperative(order: Order) -> Mapping[int, dict[Party, int]]:
    db.session.rollback()
    found: dict[int, dict[Party, int]] = {}
    for entry in books.entries(order.id):
        sums = found.setdefault(entry.cooperative_id, defaultdict(int))
        sums[(entry.party_kind, entry.party_id)] -= entry.amount_fen
    return {seller: {p: fen for p, fen in sums.items() if fen} for seller, sums in found.items()}


def test_freight_goes_back_from_whom_it_came_in_whatever_order_refunds_arrive(ctx: Flask) -> None:
    one, two = a_cooperative(), a_cooperative()
    first = a_sku(cooperative=one, on_hand=5, weight_grams=500)
    second = a_sku(cooperative=two, on_hand=5, weight_grams=2500)
    order = a_completed({first: 1, second: 1})
    own = refund(order, lines={first: 1}, freight=True)
    rest = refund(order)
    told(a_refund_event(rest))
    assert of_cooperative(order)[two.id] == {}
    told(a_refund_event(own))
    assert parties(order) == {}
    assert_split(order, given_back=order.total_fen)


def test_a_refund_that_fails_after_it_was_posted_is_reversed_by_new_entries(ctx: Flask) -> None:
    order = a_completed({a_sku(on_hand=5, price_fen=1000): 2})
    before = parties(order)
    owed = refunded(order, amount_fen=500)
    assert parties(order) != before
    told(a_refund_event(owed, RefundOutcome.FAILED))
    assert parties(order) == before
    again = sending_back.send_again(actor=an_operator(), refund_id=owed.id, now=NOON)
    told(a_refund_event(again))
    assert_split(order, given_back=500)
    assert posted(order) == [TxKind.COMPLETION, *[TxKind.REFUND] * 3]


def test_units_that_were_never_sent_are_nobodys_income(ctx: Flask) -> None:
    home = a_cooperative()
    kept, dropped = a_farmer(home), a_farmer(home)
    sku = a_sku(cooperative=home, price_fen=1000)
    a_lot(sku, 2, growers=[(kept, 1000)], best_before=NOON.date() + timedelta(days=9))
    a_lot(sku, 5, growers=[(dropped, 2500)])
    order = a_paid({sku: 3})
    ship(order, lines=[(sku, 2)])
    cancelling.cancel_order(actor=an_actor(order.buyer_id), number=order.number, now=NOON)
    complete_now(order)
    shares = parties(order)
    assert shares[(K.FARMER, kept.id)] == 1200
    assert (K.FARMER, dropped.id) not in shares
    assert_split(order, given_back=1000)
