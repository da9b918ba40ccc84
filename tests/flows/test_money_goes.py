"""What checkout and an order say of the money before it is shared out is what happens then."""

from dataclasses import replace

from flask import Flask

from shop.db import db, transactional
from shop.domain.orders.models import Order
from shop.domain.settlement import queries as books
from shop.domain.settlement import service as settlement
from shop.domain.settlement.states import PartyKind
from shop.reads import money_goes, pricing
from shop.reads.money_goes import Share
from shop.reads.pricing import Wish
from tests.builders import COUNTY, a_cooperative, a_farmer, a_sku
from tests.conftest import NOON
from tests.money import a_deal, a_lot, complete, pay, place, refunded

Shares = tuple[Share, ...]


def will_go(order: Order) -> Shares:
    db.session.rollback()
    return money_goes.of_order(order.id)


def went(order: Order) -> Shares:
    db.session.rollback()
    return money_goes.shown(books.shares(order.id))


def quoted(*wishes: Wish) -> Shares:
    db.session.rollback()
    return money_goes.of_quote(pricing.quote(wishes, region_code=COUNTY, now=NOON))


def test_the_frozen_rule_and_the_commission_say_where_the_money_will_go(ctx: Flask) -> None:
    home = a_cooperative()
    sku = a_sku(cooperative=home, price_fen=3333)
    a_lot(sku, 9, growers=[(a_farmer(home), 900), (a_farmer(home), 1000)])
    deal = replace(a_deal(live_price_fen=3001, allotment=9), quantity=3)
    shelf = Wish(sku=sku, quantity=2)
    promised = quoted(shelf, deal)
    assert PartyKind.HOST in {share.kind for share in promised}
    order = place([shelf, deal])
    assert will_go(order) == promised
    transactional(
        lambda: settlement.set_rule(
            home.id, platform_bp=9000, village_bp=0, farmer_bp=0, actor_id=None, now=NOON
        )
    )()
    pay(order)
    before = will_go(order)
    complete(order)
    assert went(order) == before


def test_what_goes_back_to_the_buyer_goes_nowhere_else(ctx: Flask) -> None:
    sku = a_sku(on_hand=9, price_fen=1000)
    order = place({sku: 4})
    pay(order)
    whole = sum(share.amount_fen for share in will_go(order))
    refunded(order, lines={sku: 1})
    assert (whole, sum(share.amount_fen for share in will_go(order))) == (4000, 3000)
    complete(order)
    assert sum(share.amount_fen for share in went(order)) == 3000


def test_what_the_cooperative_grew_itself_is_not_promised_to_farmers(ctx: Flask) -> None:
    sku = a_sku(on_hand=2)
    order = place({sku: 1})
    pay(order)
    assert PartyKind.FARMER not in {share.kind for share in will_go(order)}
    complete(order)
    assert PartyKind.FARMER not in {share.kind for share in went(order)}
