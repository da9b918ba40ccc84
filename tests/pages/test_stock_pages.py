"""Pages of the packing shed: what stands on the form is what goes into the lot."""

import html
import re
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from shop.db import db
from shop.domain.accounts.states import Role
from shop.domain.catalog import queries as catalog
from shop.domain.inventory.models import Lot, PackingInput
from shop.domain.inventory.states import AdjustReason, IntakeTerms
from shop.domain.villages.models import Cooperative
from shop.flows import stocking
from shop.flows.stocking import Delivery
from shop.reads import stock_choices
from tests import builders as a
from tests.conftest import NOON, FixedClock
from tests.money import a_lot
from tests.pages.goods_reader import Reader
from tests.seen import stock

pytestmark = pytest.mark.usefixtures("ctx")
DAY = timedelta(days=1)
TODAY = NOON.date()


@pytest.fixture
def home(ctx: Flask) -> Cooperative:
    return a.a_cooperative()


@pytest.fixture
def keeper(app: Flask, home: Cooperative) -> Reader:
    return Reader(app, a.a_manager(home, role=Role.KEEPER))


def a_slip(home: Cooperative, sku: str) -> str:
    variant = catalog.variant(sku)
    assert variant is not None
    delivery = Delivery(
        farmer_id=a.a_farmer(home).id,
        product_id=variant.product_id,
        grade="一级",
        gross_grams=9000,
        tare_grams=0,
        terms=IntakeTerms.CONSIGNED,
        harvested_on=TODAY - DAY,
    )
    keeper = a.a_manager(home, role=Role.KEEPER)
    return stocking.weigh(delivery, actor=keeper, now=NOON).slip_no


def test_several_lots_and_slips_go_into_one_lot(keeper: Reader, home: Cooperative) -> None:
    sku, box = (a.a_sku(cooperative=home, weight_grams=500) for _ in range(2))
    soon = a_lot(sku, 8, best_before=TODAY + 3 * DAY)
    late = a_lot(sku, 8, best_before=TODAY + 9 * DAY)
    a_lot(sku, 8, best_before=TODAY, now=NOON - DAY)
    slips = [a_slip(home, sku) for _ in range(2)]
    page = keeper.get("/coop/stock/pack")
    assert all(word in page for word in (soon.code, late.code, *slips))
    answer = keeper.fill(
        "/coop/stock/pack",
        kind="packed",
        sku=box,
        quantity="5",
        intakes__1__kilos="1.5",
        lots__1__units="2",
        lots__3__code=late.code,
        lots__3__units="1",
    )
    assert answer.status_code == 303
    db.session.rollback()
    made = db.session.scalars(select(Lot).where(Lot.sku == box)).one()
    assert (made.quantity, made.best_before) == (5, TODAY + 3 * DAY)
    inputs = db.session.scalars(select(PackingInput)).all()
    assert sorted((x.lot_id or 0, x.grams) for x in inputs) == [
        (0, 1500),
        (soon.id, 1000),
        (late.id, 500),
    ]
    assert (stock(sku), stock(box)) == ((21, 0, 0), (5, 0, 0))


def test_a_refused_run_comes_back_with_what_was_typed(keeper: Reader, home: Cooperative) -> None:
    sku = a.a_sku(cooperative=home, weight_grams=500)
    lot = a_lot(sku, 8, best_before=TODAY + 3 * DAY)
    run = {"sku": sku, "quantity": "1", "lots__0__units": "2"}
    late = keeper.fill("/coop/stock/pack", best_before=str(TODAY + 9 * DAY), **run)
    said = late.get_data(as_text=True)
    assert late.status_code == 422
    assert "不能晚于所用原料的保质期" in said
    assert f'name="lots-0-code" value="{lot.code}"' in said
    assert 'name="lots-0-units" type="number" value="2"' in said
    unnamed = keeper.fill("/coop/stock/pack", lots__1__units="3", **run)
    assert unnamed.status_code == 422
    assert stock(sku) == (8, 0, 0)


def test_an_expired_lot_says_that_it_is_counted_down_only(
    keeper: Reader, home: Cooperative, clock: FixedClock
) -> None:
    sku = a.a_sku(cooperative=home)
    lot = a_lot(sku, 8, best_before=TODAY)
    page = f"/coop/stock/lots/{lot.code}"
    form = {"lot": lot.code, "delta": "-1", "reason": str(AdjustReason.COUNTED)}
    assert keeper.send(page, form, to="/coop/stock/adjust").status_code == 303
    clock.tick(days=1)
    keeper.send(page, form | {"delta": "1"}, to="/coop/stock/adjust")
    assert "只能减不能加" in keeper.get(page)
    assert stock(sku) == (7, 0, 0)


def test_a_long_shelf_comes_in_pages(keeper: Reader, home: Cooperative) -> None:
    for half in range(2):
        variants = [
            {
                "sku": f"S-{half}-{n}",
                "name": "演示",
                "price_fen": 1,
                "unit": "袋",
                "weight_grams": 1,
            }
            for n in range(26)
        ]
        a.a_product(cooperative=home, variants=variants)
    first = keeper.get("/coop/stock")
    assert "S-0-0" in first
    assert "S-1-25" not in first
    after = re.search(r'rel="next" href="([^"]+)"', first)
    assert after is not None
    second = keeper.get(html.unescape(after[1]))
    assert "S-1-25" in second
    assert "S-0-0" not in second
    assert 'rel="next"' not in second


def test_a_select_that_cannot_offer_everything_has_a_search(
    keeper: Reader, home: Cooperative, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stock_choices, "MOST", 2)
    skus = [a.a_sku(cooperative=home, title=f"演示{kind}") for kind in ("花菇", "小米", "核桃")]
    for path in ("/coop/stock/lots/new", "/coop/stock/pack", "/coop/stock/scale"):
        page = keeper.get(path)
        assert 'type="search"' in page
        assert "演示花菇" not in page
        found = keeper.get(f"{path}?q=花菇")
        assert "演示花菇" in found
        assert "演示小米" not in found
    assert f'value="{skus[0]}" selected' in keeper.get(f"/coop/stock/lots/new?sku={skus[0]}")
    monkeypatch.setattr(stock_choices, "MOST", 4)
    assert 'type="search"' not in keeper.get("/coop/stock/scale")
