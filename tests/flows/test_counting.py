"""Lists sort by units that stayed sold: counted anew where something moved, nightly in all."""

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from shop.db import db, transactional
from shop.domain.catalog.models import Product
from shop.flows import counting
from tests.builders import a_sku
from tests.conftest import NOON
from tests.money import a_paid, refund
from tests.seen import order_now

pytestmark = pytest.mark.usefixtures("ctx")

HOUR = timedelta(hours=1)


def sales() -> list[int]:
    db.session.rollback()
    return list(db.session.scalars(select(Product.sales).order_by(Product.id)))


@transactional
def forget() -> None:
    db.session.execute(update(Product).values(sales=7))


def test_units_that_went_back_are_not_counted() -> None:
    order = a_paid({a_sku(on_hand=9): 3})
    a_sku()
    assert counting.recount_all(now=NOON) == 1
    assert sales() == [3, 0]
    refund(order_now(order), lines={order.lines[0].sku: 1})
    assert counting.recount_all(now=NOON) == 1
    assert counting.recount_all(now=NOON) == 0
    assert sales() == [2, 0]


def test_every_product_is_reached(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counting, "AT_ONCE", 2)
    for _ in range(5):
        a_sku()
    forget()
    assert counting.recount_all(now=NOON) == 5
    assert sales() == [0] * 5


def test_what_was_sold_or_given_back_lately_is_counted_soon() -> None:
    sold, back = a_sku(on_hand=9), a_sku(on_hand=9)
    order = a_paid({back: 2}, now=NOON - 2 * HOUR)
    a_paid({sold: 1}, now=NOON - HOUR / 2)
    refund(order_now(order), lines={back: 1}, now=NOON - HOUR / 2)
    assert counting.recount_lately(now=NOON) == 2
    assert sales() == [1, 1]


def test_what_rests_is_left_alone() -> None:
    a_paid({a_sku(on_hand=9): 1}, now=NOON - 2 * HOUR)
    forget()
    assert counting.recount_lately(now=NOON) == 0
    assert sales() == [7]
