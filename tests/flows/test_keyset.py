"""Pages by the keys of the last row: every row once, in whatever directions the keys go."""

from collections.abc import Sequence

import pytest
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.dialects import postgresql, sqlite

from shop.db import db
from shop.domain.catalog.models import Product, Variant
from shop.domain.orders.models import Order
from shop.domain.orders.states import PAID_STATES, OrderStatus
from shop.keyset import Key, keyset
from shop.reads import places, stock_choices
from tests.builders import a_cooperative, a_product

PRICES = (300, 100, 200, 100, 300, 100, 200)


@pytest.fixture
def goods(ctx: Flask) -> None:
    home = a_cooperative()
    for price in PRICES:
        a_product(cooperative=home, price_fen=price)


@pytest.mark.usefixtures("goods")
@pytest.mark.parametrize(
    ("keys", "reverse"),
    [
        (((Product.id, "asc"),), (False,)),
        (((Product.from_fen, "asc"), (Product.id, "asc")), (False, False)),
        (((Product.from_fen, "desc"), (Product.id, "desc")), (True, True)),
        (((Product.from_fen, "asc"), (Product.id, "desc")), (False, True)),
        (((Product.from_fen, "desc"), (Product.id, "asc")), (True, False)),
        (((Variant.price_fen, "desc"), (Product.id, "desc")), (True, True)),
    ],
)
@pytest.mark.parametrize("limit", [1, 2, 7])
def test_every_row_comes_once_and_in_order(
    keys: Sequence[Key], reverse: Sequence[bool], limit: int
) -> None:
    query = select(Product.from_fen, Product.id).join(Variant, Variant.product_id == Product.id)
    seen, after = [], None
    while True:
        page = keyset(query, keys=keys, limit=limit, after=after)
        seen += [(price, i) if len(keys) == 2 else (i,) for price, i in page.rows]
        if page.next is None:
            break
        after = page.next
    ways = [-1 if back else 1 for back in reverse]
    assert seen == sorted(seen, key=lambda row: [way * x for way, x in zip(ways, row, strict=True)])
    assert len(set(seen)) == len(PRICES)


def test_keys_of_one_direction_are_one_place_in_an_index() -> None:
    """The naive twin compares key by key, and reads the list from its beginning."""
    keys: tuple[Key, ...] = ((Product.from_fen, "desc"), (Product.id, "desc"))
    from shop.keyset import _beyond

    asked = str(select(Product.id).where(_beyond(keys, (100, 7))).compile())
    assert "(product.from_fen, product.id) < (" in asked
    assert " OR " not in asked


@pytest.mark.parametrize("dialect", [postgresql.dialect(), sqlite.dialect()])
def test_states_are_written_out_where_they_are_compared(dialect: object) -> None:
    query = select(Order.id).where(
        Order.status == OrderStatus.PAID,
        Order.status != OrderStatus.CANCELLED,
        Order.status.in_(PAID_STATES),
    )
    compiled = query.compile(dialect=dialect)  # type: ignore[arg-type]
    assert "status = 'paid'" in str(compiled)
    assert "status != 'cancelled'" in str(compiled)
    assert "'paid', 'partially_shipped'" in str(compiled)
    assert compiled.params == {}
    with pytest.raises(ValueError, match="is not a valid OrderStatus"):
        _ = Order.status == OrderStatus("lost")


@pytest.mark.usefixtures("goods")
def test_places_count_their_goods_up_to_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    (card,) = places.cooperatives().rows
    assert card.goods == len(PRICES)
    monkeypatch.setattr(places, "MOST_COUNTED", 3)
    assert [card.goods for card in places.villages().rows] == [3]
    assert places.cooperative(card.slug).goods == 3


@pytest.mark.usefixtures("goods")
def test_a_select_offers_the_newest_what_is_searched_and_what_was_chosen(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(stock_choices, "MOST", 2)
    homes = [db.session.scalars(select(Product.cooperative_id)).first() or 0]
    first = db.session.scalar(select(func.min(Product.id)))
    oldest = db.session.scalar(select(Variant.sku).where(Variant.product_id == first))
    assert first is not None
    assert oldest is not None
    assert len(stock_choices.skus(homes)) == len(stock_choices.products(homes)) == 2
    assert oldest not in dict(stock_choices.skus(homes))
    assert oldest in dict(stock_choices.skus(homes, chosen=oldest))
    assert first in dict(stock_choices.products(homes, chosen=str(first)))
    assert stock_choices.skus(homes, q="百") == stock_choices.products(homes, q="百") == []
    assert len(stock_choices.skus(homes, q="香菇")) == 2
