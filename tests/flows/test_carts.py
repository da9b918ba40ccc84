"""A cart keeps wishes, never prices or goods."""

import pytest
from flask import Flask

from shop.domain.orders import queries
from shop.flows import carts
from shop.kernel.actor import Actor
from shop.kernel.errors import Invalid, NotFound
from tests.builders import a_product, a_sku, an_actor
from tests.conftest import NOON, Race
from tests.money import a_deal
from tests.seen import stock


def put(actor: Actor, sku: str, quantity: int, **how: object) -> None:
    carts.put(actor=actor, sku=sku, quantity=quantity, now=NOON, **how)  # type: ignore[arg-type]


def cart(actor: Actor) -> dict[str, int]:
    return {row.sku: row.quantity for row in queries.cart(actor.user_id or 0)}


def test_units_are_added_set_and_taken_out(ctx: Flask) -> None:
    buyer, sku, other = an_actor(), a_sku(), a_sku()
    put(buyer, sku, 2)
    put(buyer, sku, 3)
    put(buyer, other, 1)
    assert cart(buyer) == {sku: 5, other: 1}
    put(buyer, sku, 1, add=False)
    put(buyer, other, 0)
    assert cart(buyer) == {sku: 1}
    assert cart(an_actor()) == {}


def test_a_cart_holds_no_stock_and_at_most_999_of_a_thing(ctx: Flask) -> None:
    buyer, sku = an_actor(), a_sku(on_hand=2)
    put(buyer, sku, 900)
    put(buyer, sku, 900)
    assert cart(buyer) == {sku: 999}
    assert stock(sku) == (2, 0, 0)


@pytest.mark.parametrize("quantity", [-1, 1000, 2**63])
def test_a_quantity_out_of_range_is_refused(ctx: Flask, quantity: int) -> None:
    with pytest.raises(Invalid):
        put(an_actor(), a_sku(), quantity)


def test_only_what_is_on_sale_and_a_deal_of_that_very_thing_goes_in(ctx: Flask) -> None:
    a_product(sku="DRAFT-1", on_sale=False)
    deal = a_deal(live_price_fen=2900)
    buyer = an_actor()
    for sku, item_id in (("NO-SUCH", None), ("DRAFT-1", None), (a_sku(), deal.live_item_id)):
        with pytest.raises(NotFound):
            put(buyer, sku, 1, live_item_id=item_id)
    put(buyer, deal.sku, 1, live_item_id=deal.live_item_id)
    assert [row.live_item_id for row in queries.cart(buyer.user_id or 0)] == [deal.live_item_id]


def test_a_visitors_cart_joins_the_buyers_at_sign_in(ctx: Flask) -> None:
    buyer, kept, both = an_actor(), a_sku(), a_sku()
    put(buyer, kept, 2)
    put(buyer, both, 1)
    carts.merge(actor=buyer, kept={both: 3, "GONE-1": 1}, now=NOON)
    assert cart(buyer) == {kept: 2, both: 3}


def test_presses_at_once_are_all_counted(ctx: Flask, race: Race) -> None:
    buyer, sku = an_actor(), a_sku()
    assert race(8, lambda _: put(buyer, sku, 1)) == [None] * 8
    assert cart(buyer) == {sku: 8}
