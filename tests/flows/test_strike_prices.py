"""A struck-through price needs real deals or a stated source, and leaves its evidence."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from shop.db import db, transactional
from shop.domain.catalog.models import PriceChange, StrikeEvidence, Variant
from shop.domain.catalog.states import StrikeBasis
from shop.domain.orders.models import Order, OrderLine
from shop.domain.orders.states import OrderStatus
from shop.domain.villages.models import Cooperative
from shop.flows import cataloguing
from shop.kernel.actor import Actor
from shop.kernel.codes import new_order_number
from shop.kernel.errors import Invalid
from tests import builders as a
from tests.conftest import NOON

pytestmark = pytest.mark.usefixtures("ctx")

DAY = timedelta(days=1)


@transactional
def a_paid_line(sku: str, unit_price_fen: int, *, paid_at: datetime, buyer_id: int) -> None:
    """A deal: what somebody paid for one unit."""
    variant = db.session.scalars(select(Variant).where(Variant.sku == sku)).one()
    product = variant.product
    line = OrderLine(
        line_no=1,
        sku=sku,
        product_id=product.id,
        cooperative_id=product.cooperative_id,
        village_id=product.village_id,
        commission_bp=0,
        title=product.title,
        quantity=1,
        unit_price_fen=unit_price_fen,
        total_fen=unit_price_fen,
        weight_grams=variant.weight_grams,
        snapshot={},
    )
    order = Order(
        number=new_order_number(paid_at),
        buyer_id=buyer_id,
        status=OrderStatus.PAID,
        goods_fen=unit_price_fen,
        freight_fen=0,
        total_fen=unit_price_fen,
        ship_name="演示",
        ship_phone="+8613700000000",
        ship_region_code=a.COUNTY,
        ship_region="演示",
        ship_street="演示",
        consents=[],
        seller_of_record="operator",
        ship_by=paid_at,
        expires_at=paid_at,
        created_at=paid_at,
        paid_at=paid_at,
        lines=[line],
    )
    db.session.add(order)


@pytest.fixture
def home(ctx: Flask) -> Cooperative:
    return a.a_cooperative()


@pytest.fixture
def manager(home: Cooperative) -> Actor:
    return a.a_manager(home)


@pytest.fixture
def slug(home: Cooperative) -> str:
    return a.a_product(cooperative=home, sku="ONE", price_fen=4000)


def price(actor: Actor, slug: str, **values: Any) -> None:
    content = {"variants": [{"sku": "ONE", **values}]}
    cataloguing.change_product(actor=actor, now=NOON, slug=slug, content=content)


def strike() -> int | None:
    db.session.rollback()
    query = select(Variant.strike_price_fen).where(Variant.sku == "ONE")
    return db.session.scalar(query)


def sold(*deals: tuple[int, timedelta]) -> None:
    buyer = a.a_user()
    for fen, ago in deals:
        a_paid_line("ONE", fen, paid_at=NOON - ago, buyer_id=buyer)


def test_without_deals_nothing_is_struck_through(manager: Actor, slug: str) -> None:
    with pytest.raises(Invalid) as refused:
        price(manager, slug, strike_price_fen=6000)
    assert refused.value.errors[0]["pointer"] == "/variants/0/strike_price_fen"
    assert refused.value.errors[0]["code"] == "baseless-comparison"
    assert strike() is None


def test_the_lowest_deal_of_seven_days_is_the_ceiling(manager: Actor, slug: str) -> None:
    sold((5000, DAY), (4500, 2 * DAY), (3000, 8 * DAY))
    with pytest.raises(Invalid):
        price(manager, slug, strike_price_fen=4501)
    price(manager, slug, strike_price_fen=4500)
    assert strike() == 4500
    evidence = db.session.scalars(select(StrikeEvidence)).one()
    assert (evidence.basis, evidence.lowest_paid_fen) == (StrikeBasis.LOWEST_PAID, 4500)


def test_where_a_week_saw_no_deal_the_last_one_counts(manager: Actor, slug: str) -> None:
    sold((4200, 30 * DAY), (5000, 9 * DAY))
    with pytest.raises(Invalid):
        price(manager, slug, strike_price_fen=5001)
    price(manager, slug, strike_price_fen=5000)
    assert strike() == 5000


@pytest.mark.parametrize(("ago", "allowed"), [(7 * DAY, 5000), (7 * DAY - DAY / 86400, 4500)])
def test_the_window_ends_after_exactly_seven_days(
    manager: Actor, slug: str, ago: timedelta, allowed: int
) -> None:
    sold((4500, ago), (5000, DAY))
    price(manager, slug, strike_price_fen=allowed)
    with pytest.raises(Invalid):
        price(manager, slug, strike_price_fen=allowed + 1)


def test_a_stated_basis_stands_on_its_source(manager: Actor, slug: str) -> None:
    with pytest.raises(Invalid):
        price(manager, slug, strike_price_fen=6000, strike_basis="retail_price")
    price(
        manager,
        slug,
        strike_price_fen=6000,
        strike_basis="retail_price",
        strike_source="门店标价签 2026-02",
    )
    assert strike() == 6000
    evidence = db.session.scalars(select(StrikeEvidence)).one()
    assert evidence.source == "门店标价签 2026-02"


def test_a_new_price_asks_again_for_the_ground(manager: Actor, slug: str) -> None:
    sold((5000, DAY))
    price(manager, slug, strike_price_fen=5000)
    a_paid_line("ONE", 4000, paid_at=NOON, buyer_id=a.a_user())
    with pytest.raises(Invalid):
        price(manager, slug, price_fen=3900)
    price(manager, slug, price_fen=3900, strike_price_fen=4000)
    price(manager, slug, price_fen=3800, strike_price_fen=None)
    assert strike() is None
    rows = db.session.scalars(
        select(PriceChange).where(PriceChange.field == "strike_price_fen").order_by(PriceChange.id)
    ).all()
    assert [(row.old_fen, row.new_fen) for row in rows] == [
        (None, 5000),
        (5000, 4000),
        (4000, None),
    ]


def test_a_price_above_the_struck_one_is_refused_kindly(manager: Actor, slug: str) -> None:
    sold((5000, DAY))
    price(manager, slug, strike_price_fen=5000)
    with pytest.raises(Invalid):
        price(manager, slug, price_fen=5000)
