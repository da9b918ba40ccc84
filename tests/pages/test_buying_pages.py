"""From the cart to the seller's name on the receipt: what can be bought is ordered."""

import re
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, update

from shop.db import db, transactional
from shop.domain.catalog.models import Product, Variant
from shop.domain.live.models import LiveItem
from shop.domain.logistics import freight
from shop.domain.logistics.freight import Zone
from shop.domain.orders import queries as order_queries
from shop.domain.orders import service as orders
from shop.domain.orders.models import Order
from shop.flows import addresses, carts
from shop.kernel.actor import Actor
from shop.reads import pricing
from shop.web.pages import cart as cart_pages
from tests.builders import COUNTY, a_category, a_cooperative, a_sku, an_actor
from tests.conftest import NOON
from tests.money import a_deal, place
from tests.naive import on_sqlite
from tests.pages.goods_reader import Reader

COOPERATIVE = pytest.mark.settings(seller_of_record="cooperative")


def a_buyer(*, region: str = COUNTY) -> Actor:
    buyer = an_actor()
    addresses.add(
        actor=buyer,
        name="演示买家",
        phone="13800000099",
        region_code=region,
        street="演示街 9 号",
        now=NOON,
    )
    return buyer


def put(buyer: Actor, units: dict[str, int]) -> None:
    for sku, quantity in units.items():
        carts.put(actor=buyer, sku=sku, quantity=quantity, now=NOON)


def cart(buyer: Actor) -> list[str]:
    found = [row.sku for row in order_queries.cart(buyer.user_id or 0)]
    db.session.rollback()
    return sorted(found)


def ordered(answer: Any) -> Order:
    """The order that a sent form was led to."""
    assert answer.status_code == 303, answer.get_data(as_text=True)[:3000]
    number = re.search(r"/orders/([0-9A-Z-]+)/pay", answer.headers["Location"])
    assert number is not None, answer.headers["Location"]
    db.session.rollback()
    return order_queries.by_number(number[1])


@transactional
def off_sale(sku: str) -> None:
    own = select(Variant.product_id).where(Variant.sku == sku).scalar_subquery()
    db.session.execute(update(Product).where(Product.id == own).values(status="off_sale"))


def test_a_checkout_takes_what_can_be_bought_and_says_what_stays_in_the_cart(ctx: Flask) -> None:
    home, kind = a_cooperative(), a_category()

    def goods(title: str, on_hand: int) -> str:
        return a_sku(cooperative=home, category=kind, on_hand=on_hand, title=title)

    fine, gone, sold, few = (
        goods(title, units) for title, units in (("甲", 9), ("乙", 9), ("丙", 0), ("丁", 2))
    )
    buyer = a_buyer()
    put(buyer, {fine: 1, gone: 1, sold: 1, few: 5})
    off_sale(gone)
    reader = Reader(ctx, buyer)
    basket = reader.get("/cart?lang=en")
    assert "Sold out for now" in basket
    assert "Only 2 left" in basket
    assert "¥110.40" in basket
    page = reader.get("/checkout?lang=en")
    for words in (
        f"{gone}: not on sale any more",
        "丙: sold out for now",
        "丁: only 2 left, so 2 are in this order",
    ):
        assert words in page
    order = ordered(reader.fill("/checkout"))
    assert {line.sku: line.quantity for line in order.lines} == {fine: 1, few: 2}
    assert cart(buyer) == sorted([gone, sold])
    empty = reader.client.get("/checkout")
    assert (empty.status_code, empty.headers["Location"]) == (303, "/cart")
    assert "To checkout" not in reader.get("/cart")


def test_a_cooperative_that_does_not_send_there_holds_up_nobody_else(ctx: Flask) -> None:
    """The freight rule of a cooperative here sends nothing to 65."""
    near, far = a_sku(on_hand=5, title="甲"), a_sku(on_hand=5, title="乙")
    home = a_cooperative()
    _send_everywhere(home.id)
    reaches = a_sku(on_hand=5, cooperative=home, title="丙")
    buyer = a_buyer(region="650102")
    put(buyer, {near: 1, far: 1, reaches: 1})
    reader = Reader(ctx, buyer)
    page = reader.get("/checkout?lang=en")
    assert "甲: its cooperative does not send to this address" in page
    assert [line.sku for line in ordered(reader.fill("/checkout")).lines] == [reaches]
    assert "does not send there" in reader.get("/checkout?lang=en", 422)


@transactional
def _send_everywhere(cooperative_id: int) -> None:
    freight.set_rule(
        cooperative_id,
        first_grams=1000,
        next_grams=1000,
        free_from_fen=None,
        zones=[Zone(prefix="", first_fen=800, next_fen=200)],
        actor_id=None,
        now=NOON,
    )


@on_sqlite
def test_a_deal_that_is_over_is_ordered_at_the_price_the_page_shows(ctx: Flask) -> None:
    deal, buyer = a_deal(live_price_fen=2900, allotment=5), a_buyer()
    carts.put(actor=buyer, sku=deal.sku, quantity=1, live_item_id=deal.live_item_id, now=NOON)
    _end_deal(deal.live_item_id)
    reader = Reader(ctx, buyer)
    assert "¥36.80" in reader.get("/checkout")
    assert ordered(reader.fill("/checkout")).goods_fen == 3680


@transactional
def _end_deal(item_id: int | None) -> None:
    db.session.execute(update(LiveItem).where(LiveItem.id == item_id).values(status="off"))


@on_sqlite
def test_a_cart_is_one_orders_lines_and_says_when_it_is_full(
    ctx: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert carts.MAX_LINES == 50
    for module in (carts, pricing, cart_pages):
        monkeypatch.setattr(module, "MAX_LINES", 3)
    home, kind = a_cooperative(), a_category()
    skus = [a_sku(cooperative=home, category=kind, on_hand=9) for _ in range(5)]
    buyer, guest = a_buyer(), Reader(ctx)
    put(buyer, dict.fromkeys(skus[:3], 1))
    reader = Reader(ctx, buyer)
    reader.send("/cart?lang=en", {"sku": skus[3]}, to="/cart/add")
    assert "The cart is full" in reader.get("/cart")
    reader.send("/cart", {"sku": skus[0], "quantity": "2"}, to="/cart/add")
    with guest.client.session_transaction() as session:
        session["cart"] = dict.fromkeys(skus[:3], 1)
    guest.send("/cart?lang=en", {"sku": skus[3]}, to="/cart/add")
    assert "The cart is full" in guest.get("/cart")
    carts.merge(actor=buyer, kept={skus[3]: 1, skus[1]: 7}, now=NOON)
    assert cart(buyer) == sorted(skus[:3])
    _slip_in(buyer, skus[3:])
    assert "order it next" in reader.get("/checkout?lang=en")
    order = ordered(reader.fill("/checkout"))
    assert {line.sku: line.quantity for line in order.lines} == {
        skus[0]: 3, skus[1]: 7, skus[2]: 1,
    }  # fmt: skip
    assert cart(buyer) == sorted(skus[3:])


@transactional
def _slip_in(buyer: Actor, skus: list[str]) -> None:
    """What stood in carts before they had a size."""
    for sku in skus:
        orders.put_in_cart(
            buyer.user_id or 0, sku, 1, live_item_id=None, add=True, now=NOON.replace(hour=5)
        )


@COOPERATIVE
def test_where_cooperatives_sell_a_mixed_cart_becomes_one_order_for_each(ctx: Flask) -> None:
    """An order of two sellers would be one payment collected for both (二清)."""
    one, two = a_cooperative(name="演示甲社"), a_cooperative(name="演示乙社")
    first, second = a_sku(cooperative=one, on_hand=5), a_sku(cooperative=two, on_hand=5)
    buyer = a_buyer()
    put(buyer, {first: 1, second: 2})
    reader = Reader(ctx, buyer)
    page = reader.get("/checkout?lang=en")
    links = re.findall(r'href="(/checkout\?cooperative=[^"]+)"', page)
    assert links == [f"/checkout?cooperative={seller.slug}" for seller in (one, two)]
    assert "Sold by 演示甲社" in reader.get(f"{links[0]}&lang=en")
    order = ordered(reader.fill(links[0]))
    assert [line.sku for line in order.lines] == [first]
    assert cart(buyer) == [second]
    for path in (f"/orders/{order.number}/pay", f"/orders/{order.number}"):
        shown = reader.get(f"{path}?lang=en")
        assert "演示甲社" in shown.split("Seller", 1)[1][:120]
    assert "Place the order" in reader.get("/checkout?lang=en")
    assert [line.sku for line in ordered(reader.fill("/checkout")).lines] == [second]


@COOPERATIVE
def test_a_forged_mixed_order_is_refused_and_loses_nothing(ctx: Flask) -> None:
    first, second, buyer = a_sku(on_hand=5), a_sku(on_hand=5), a_buyer()
    put(buyer, {first: 1, second: 1})
    reader = Reader(ctx, buyer)
    answer = reader.send(
        "/cart",
        {
            "items-0-sku": first,
            "items-0-quantity": "1",
            "items-1-sku": second,
            "items-1-quantity": "1",
            "address": "1",
            "expected_total_fen": "8960",
        },
        to="/checkout?lang=en",
    )
    assert answer.status_code == 422
    assert "order from each by itself" in answer.get_data(as_text=True)
    assert cart(buyer) == sorted([first, second])
    assert db.session.scalar(select(Order.id)) is None


@on_sqlite
def test_the_operator_sells_both_in_one_order_and_is_named(ctx: Flask) -> None:
    buyer = a_buyer()
    order = place({a_sku(on_hand=1): 1, a_sku(on_hand=1): 1}, buyer=buyer)
    shown = Reader(ctx, buyer).get(f"/orders/{order.number}/pay?lang=en")
    assert "演示县域运营公司" in shown.split("Seller", 1)[1][:120]
