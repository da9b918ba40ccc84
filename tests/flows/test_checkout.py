"""Placing an order: one price, everything promised and written down, or nothing at all."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select, update

from shop.db import db, transactional
from shop.domain.audit.errors import IdempotencyKeyReused
from shop.domain.audit.service import Kept, KeyedRequest
from shop.domain.catalog.models import Product, Variant
from shop.domain.inventory.errors import OutOfStock
from shop.domain.live.models import LiveItem, LiveSession
from shop.domain.live.sales import DealNotActive, PurchaseLimit
from shop.domain.live.states import ItemStatus, SessionStatus
from shop.domain.logistics import freight
from shop.domain.logistics.freight import NoDelivery, Zone
from shop.domain.orders import queries as order_queries
from shop.domain.orders.errors import ConsentRequired, PriceChanged
from shop.domain.orders.models import Order
from shop.domain.villages.models import Cooperative
from shop.domain.villages.states import PlaceStatus
from shop.flows import carts, checkout
from shop.flows.drafting import Placed
from shop.kernel.actor import Actor
from shop.kernel.errors import Invalid, NotFound
from shop.reads import pricing
from shop.reads.product_page import product_page
from tests.builders import COUNTY, a_category, a_product, a_sku, an_actor
from tests.conftest import NOON
from tests.invariants import assert_sound
from tests.money import a_deal, age, ask, place, seller_of
from tests.paid_orders import SHIP_TO, TERMS
from tests.seen import order_now, stock

URUMQI = "650102"


@transactional
def change(model: Any, where: Any, **values: Any) -> None:
    """Edit a row under the shop's feet."""
    db.session.execute(update(model).where(where).values(values))


def orders() -> int:
    db.session.rollback()
    return db.session.scalar(select(func.count(Order.id))) or 0


def test_an_order_keeps_the_papers_that_its_page_showed(ctx: Flask) -> None:
    papers = [
        {
            "kind": "compliance",
            "number": f"HG-{n}",
            "holder": "演示合作社",
            "valid_from": NOON.date() - timedelta(days=10),
            "valid_to": NOON.date() + timedelta(days=days),
        }
        for n, days in enumerate((1, 90, -1))
    ]
    sku = a_sku(on_hand=5, certificates=papers)
    for later, numbers in ((0, ["HG-0", "HG-1"]), (2, ["HG-1"])):
        order = order_now(place({sku: 1}, now=NOON + timedelta(days=later)))
        shown = product_page(order.lines[0].snapshot["slug"], actor=None, now=order.created_at)
        kept = [paper["number"] for paper in order.lines[0].snapshot["certificates"]]
        assert kept == [paper.number for paper in shown.certificates] == numbers


def test_an_order_keeps_the_price_the_freight_and_the_page_of_its_moment(ctx: Flask) -> None:
    sku = a_sku(on_hand=5, price_fen=3680, weight_grams=600, title="演示银耳")
    order = order_now(place({sku: 2}))
    (line,) = order.lines
    assert (line.unit_price_fen, line.total_fen, line.quantity) == (3680, 7360, 2)
    assert (order.goods_fen, order.freight_fen, order.total_fen) == (7360, 1000, 8360)
    assert line.snapshot["title"] == "演示银耳"
    assert line.snapshot["seller"]["name"]
    assert order.expires_at == NOON + timedelta(minutes=15)
    assert [(row.from_status, row.to_status) for row in order_queries.history(order.id)] == [
        (None, "pending_payment")
    ]
    assert stock(sku) == (5, 2, 0)
    assert_sound()


def test_a_live_price_is_held_for_five_minutes_and_names_its_host(ctx: Flask) -> None:
    deal = a_deal(live_price_fen=2900, allotment=5)
    order = order_now(place([deal]))
    (line,) = order.lines
    assert order.expires_at == NOON + timedelta(minutes=5)
    assert line.unit_price_fen == 2900
    assert line.host_id is not None
    assert line.commission_bp == 1000
    assert stock(deal.sku) == (20, 0, 5)
    assert_sound()


def test_goods_of_two_cooperatives_are_two_parts_with_their_own_freight(ctx: Flask) -> None:
    one, two = a_sku(on_hand=5, weight_grams=1500), a_sku(on_hand=5, weight_grams=500)
    order = order_now(place({one: 1, two: 1}))
    assert [(part.goods_fen, part.freight_fen) for part in order.parts] == [
        (3680, 1000),
        (3680, 800),
    ]
    assert order.freight_fen == 1800
    assert_sound()


def test_a_price_that_changed_since_the_buyer_saw_it_is_told_and_never_charged(ctx: Flask) -> None:
    sku = a_sku(on_hand=5)
    seen = pricing.quote(ask({sku: 1}).wishes, region_code=COUNTY, now=NOON).total_fen
    change(Variant, Variant.sku == sku, price_fen=3990)
    with pytest.raises(PriceChanged) as refusal:
        place({sku: 1}, expected_total_fen=seen)
    assert refusal.value.facts == {"total_fen": 4790, "expected_total_fen": 4480}
    assert (orders(), stock(sku)) == (0, (5, 0, 0))
    assert place({sku: 1}, expected_total_fen=4790).total_fen == 4790


def test_a_live_price_that_ended_is_not_sold_at_the_shops_price(ctx: Flask) -> None:
    deal = a_deal(live_price_fen=2900, allotment=5)
    seen = pricing.quote([deal], region_code=COUNTY, now=NOON).total_fen
    change(LiveItem, LiveItem.id == deal.live_item_id, live_price_fen=3000)
    with pytest.raises(PriceChanged):
        place([deal], expected_total_fen=seen)
    change(LiveItem, LiveItem.id == deal.live_item_id, status=ItemStatus.OFF)
    with pytest.raises(DealNotActive):
        place([deal])
    change(LiveItem, LiveItem.id == deal.live_item_id, status=ItemStatus.ON)
    change(LiveSession, LiveSession.id > 0, status=SessionStatus.ENDED)
    with pytest.raises(DealNotActive):
        place([deal])
    assert orders() == 0


def test_an_order_that_cannot_hold_everything_holds_nothing(ctx: Flask) -> None:
    plenty, scarce = a_sku(sku="A-1", on_hand=5), a_sku(sku="B-1", on_hand=1)
    deal = a_deal(live_price_fen=2900, allotment=5, per_buyer_max=3)
    buyer = an_actor()
    wanted = [*ask({plenty: 2, scarce: 2}).wishes, replace(deal, quantity=3)]
    with pytest.raises(OutOfStock) as refusal:
        place(wanted, buyer=buyer)
    assert refusal.value.facts == {
        "sku": scarce,
        "wanted": 2,
        "available": 1,
        "hold_expires_at": None,
    }
    assert (orders(), stock(plenty), stock(scarce)) == (0, (5, 0, 0), (1, 0, 0))
    assert_sound()
    place([replace(deal, quantity=3)], buyer=buyer)


def test_a_refusal_says_when_units_may_come_back(ctx: Flask) -> None:
    sku = a_sku(on_hand=1)
    place({sku: 1})
    with pytest.raises(OutOfStock) as refusal:
        place({sku: 1})
    assert refusal.value.facts["hold_expires_at"] == "2026-03-02T04:15:00.000Z"


@pytest.mark.parametrize("quantity", [0, -1, 1000, 2**31, 2**63])
def test_a_quantity_out_of_range_is_refused(ctx: Flask, quantity: int) -> None:
    sku = a_sku(on_hand=5)
    with pytest.raises(Invalid):
        place({sku: quantity})
    with pytest.raises(Invalid):
        carts.put(actor=an_actor(), sku=sku, quantity=quantity or -1, now=NOON)
    assert (orders(), stock(sku)) == (0, (5, 0, 0))


def test_an_order_has_one_to_fifty_lines_each_sku_once(ctx: Flask) -> None:
    sku = a_sku(on_hand=5)
    wish = ask({sku: 1}).wishes[0]
    for wishes in ([], [wish, wish], [wish] * 51):
        with pytest.raises(Invalid):
            place(wishes)


def test_what_nobody_may_buy_is_not_found_or_not_on_sale(ctx: Flask) -> None:
    draft = f"DRAFT-{seller_of(a_sku())}"
    a_product(sku=draft, on_sale=False)
    gone, closed = a_sku(on_hand=5), a_sku(on_hand=5)
    slug = db.session.scalar(select(Product.slug).join(Variant).where(Variant.sku == gone))
    change(Product, Product.slug == slug, status="off_sale")
    change(Cooperative, Cooperative.id == seller_of(closed), status=PlaceStatus.SUSPENDED)
    for sku in ("NO-SUCH", draft):
        with pytest.raises(NotFound):
            place({sku: 1})
    for sku in (gone, closed):
        with pytest.raises(OutOfStock):
            place({sku: 1})
    with pytest.raises(NotFound):
        place([replace(a_deal(allotment=2), sku=a_sku(on_hand=1))])


def test_a_region_without_delivery_and_a_place_that_is_no_county_are_refused(ctx: Flask) -> None:
    sku = a_sku(on_hand=5)
    with pytest.raises(NoDelivery) as refusal:
        place({sku: 1}, ship_to=replace(SHIP_TO, region_code=URUMQI))
    assert refusal.value.facts["region_code"] == URUMQI
    for code in ("140000", "999999"):
        with pytest.raises(Invalid):
            place({sku: 1}, ship_to=replace(SHIP_TO, region_code=code))
    assert stock(sku) == (5, 0, 0)


def test_perishable_goods_need_the_buyers_own_tick_which_is_kept(ctx: Flask) -> None:
    rule = {"policy": "perishable"}
    sku = a_sku(on_hand=5, category=a_category(perishable=True), after_sale=rule)
    with pytest.raises(ConsentRequired) as refusal:
        place({sku: 1}, consents=[])
    assert [error["code"] for error in refusal.value.errors] == ["perishable-no-return"]
    kept = order_now(place({sku: 1})).consents
    assert kept == [
        {"code": "perishable-no-return", "skus": [sku], "at": "2026-03-02T04:00:00.000Z"}
    ]


def test_what_was_ordered_leaves_the_cart(ctx: Flask) -> None:
    buyer, bought, kept = an_actor(), a_sku(on_hand=5), a_sku(on_hand=5)
    for sku in (bought, kept):
        carts.put(actor=buyer, sku=sku, quantity=1, now=NOON)
    place({bought: 1}, buyer=buyer)
    assert [row.sku for row in order_queries.cart(buyer.user_id or 0)] == [kept]


def test_the_per_buyer_maximum_counts_over_orders(ctx: Flask) -> None:
    deal, buyer = a_deal(live_price_fen=2900, allotment=9, per_buyer_max=2), an_actor()
    place([deal], buyer=buyer)
    with pytest.raises(PurchaseLimit):
        place([replace(deal, quantity=2)], buyer=buyer)
    place([deal], buyer=buyer)
    with pytest.raises(PurchaseLimit):
        place([deal], buyer=buyer)
    place([replace(deal, quantity=2)])
    assert_sound()


def keyed(buyer: Actor, fingerprint: str = "a" * 64) -> KeyedRequest:
    return KeyedRequest(
        actor=f"user:{buyer.user_id}", route="POST /orders", key="k-1", fingerprint=fingerprint
    )


def place_keyed(sku: str, buyer: Actor, **key: str) -> Placed | Kept:
    return checkout.place_order(
        ask({sku: 1}),
        actor=buyer,
        terms=TERMS,
        key=keyed(buyer, **key),
        answer=lambda placed: Kept(status=201, body=placed.number),
        now=NOON,
    )


def test_the_same_key_shows_the_first_order_again(ctx: Flask) -> None:
    sku, buyer = a_sku(on_hand=5), an_actor()
    first, again = place_keyed(sku, buyer), place_keyed(sku, buyer)
    assert isinstance(first, Placed)
    assert again == Kept(status=201, body=first.number)
    assert (orders(), stock(sku)) == (1, (5, 1, 0))


def test_a_key_belongs_to_one_request_of_one_buyer(ctx: Flask) -> None:
    sku, buyer = a_sku(on_hand=5), an_actor()
    place_keyed(sku, buyer)
    with pytest.raises(IdempotencyKeyReused):
        place_keyed(sku, buyer, fingerprint="b" * 64)
    assert isinstance(place_keyed(sku, an_actor()), Placed)
    assert orders() == 2


def test_a_refused_order_leaves_its_key_free(ctx: Flask) -> None:
    sku, buyer = a_sku(on_hand=1), an_actor()
    blocking = place({sku: 1})
    with pytest.raises(OutOfStock):
        place_keyed(sku, buyer)
    age(blocking)
    assert isinstance(place_keyed(sku, buyer), Placed)


@transactional
def only_shanghai(cooperative_id: int) -> None:
    freight.set_rule(
        cooperative_id,
        first_grams=1000,
        next_grams=1000,
        free_from_fen=5000,
        zones=[Zone(prefix="31", first_fen=600, next_fen=100)],
        actor_id=None,
        now=NOON,
    )


def test_where_no_zone_answers_nothing_is_sent_rather_than_sent_free(ctx: Flask) -> None:
    sku = a_sku(on_hand=5)
    only_shanghai(seller_of(sku))
    with pytest.raises(NoDelivery):
        pricing.quote(ask({sku: 2}).wishes, region_code=COUNTY, now=NOON)
    fees = [
        pricing.quote(ask({sku: units}).wishes, region_code="310104", now=NOON).freight_fen
        for units in (1, 2)
    ]
    assert fees == [600, 0]
    assert pricing.quote(ask({sku: 1}).wishes, region_code=None, now=NOON).freight_fen == 0
