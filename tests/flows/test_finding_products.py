"""Lists, filters, sorting and search over the catalogue."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import event

from shop.db import db
from shop.domain.villages.service import CooperativeWords, VillageWords
from shop.domain.villages.states import PlaceStatus
from shop.flows import cataloguing, curating, places, reviewing
from shop.kernel.errors import NotFound
from shop.reads.catalogue import goods, in_hall, products
from shop.reads.places import cooperative, cooperatives, halls, village, villages
from shop.reads.pricing import Wish, quote
from shop.reads.product_page import product_page
from tests import builders as a
from tests.conftest import NOON

pytestmark = pytest.mark.usefixtures("ctx")


@contextmanager
def counting() -> Iterator[list[str]]:
    """Every statement the database is asked meanwhile."""
    asked: list[str] = []

    def note(_c: object, _cur: object, statement: str, *_: object) -> None:
        asked.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        yield asked
    finally:
        event.remove(db.engine, "before_cursor_execute", note)


def titles(**how: object) -> list[str]:
    return [card.title for card in products(**how).rows]  # type: ignore[arg-type]


@pytest.mark.parametrize("q", ["蘑菇", "mogu", "mg", "菇", "MOGU", "鲜蘑 北杨", "蘑北菇"])
def test_chinese_pinyin_and_initials_find_it(q: str) -> None:
    place = a.a_village(name="北杨家庄村")
    home = a.a_cooperative(village=place)
    a.a_product(cooperative=home, title="鲜蘑菇")
    a.a_product(title="高山小米")
    assert titles(q=q) == ["鲜蘑菇"]


@pytest.mark.parametrize("q", ["%", "_", "'", "鲜%菇", "蘑\\", "' OR 1=1 --", "!!!"])
def test_signs_of_sql_are_only_signs(q: str) -> None:
    a.a_product(title="小米")
    assert titles(q=q) == []


def test_it_is_found_by_its_places_and_kind() -> None:
    place = a.a_village(name="庙岭村")
    home = a.a_cooperative(village=place, name="岭上合作社")
    a.a_product(cooperative=home, title="小米", category=a.a_category(name="杂粮"))
    for q in ("庙岭", "lingshang", "zaliang"):
        assert titles(q=q) == ["小米"]


def test_a_kind_with_a_new_name_is_found_by_it() -> None:
    kind = a.a_category(name="杂粮")
    a.a_product(title="小米", category=kind)
    values = {
        "name": "谷物",
        "name_en": "Grains",
        "perishable": False,
        "certificate_required": False,
        "position": 1,
    }
    curating.save_category(actor=a.an_operator(), slug=kind, values=values)
    assert (titles(q="谷物"), titles(q="杂粮")) == (["小米"], [])


def test_a_place_with_a_new_name_is_found_by_it() -> None:
    operator, place = a.an_operator(), a.a_village(name="庙岭村")
    home = a.a_cooperative(village=place, name="岭上合作社")
    a.a_product(cooperative=home, title="小米")
    draft = a.a_product(cooperative=home, title="黄豆", on_sale=False)
    village = VillageWords(name="河谷村", name_en="Hegu", region_code=a.COUNTY)
    places.edit_village(actor=operator, village_id=place.id, words=village, now=NOON)
    assert (titles(q="河谷"), titles(q="庙岭")) == (["小米"], [])
    words = {name: getattr(home, name) for name in ("licence_no", "village_id", "address")}
    renamed = CooperativeWords(name="禾丰合作社", contact=home.contact, **words)
    places.edit_cooperative(actor=operator, cooperative_id=home.id, words=renamed, now=NOON)
    for q in ("河谷", "hegu", "禾丰", "hefeng"):
        assert titles(q=q) == ["小米"], q
    for q in ("庙岭", "岭上"):
        assert titles(q=q) == [], q
    manager = a.a_manager(home)
    cataloguing.submit_product(actor=manager, now=NOON, slug=draft)
    reviewing.approve_product(actor=operator, now=NOON, slug=draft)
    assert titles(q="禾丰") == ["黄豆", "小米"]


def test_filters_and_sorting() -> None:
    first, second = a.a_cooperative(), a.a_cooperative()
    kind = a.a_category()
    a.a_product(cooperative=first, title="甲", price_fen=300, category=kind)
    a.a_product(cooperative=second, title="乙", price_fen=100)
    a.a_product(cooperative=second, title="丙", price_fen=200)
    assert titles() == ["丙", "乙", "甲"]
    assert titles(sort="price") == ["乙", "丙", "甲"]
    assert titles(sort="-price") == ["甲", "丙", "乙"]
    assert titles(cooperative=second.slug, sort="price") == ["乙", "丙"]
    assert titles(category=kind) == ["甲"]
    assert titles(village=village_of(first)) == ["甲"]
    assert titles(village="nowhere") == []


def village_of(home: object) -> str:
    return next(c.village for c in cooperatives().rows if c.id == home.id)  # type: ignore[attr-defined]


@pytest.mark.parametrize("sort", ["newest", "price", "-price", "sales"])
def test_pages_hold_every_product_once(sort: str) -> None:
    home, kind = a.a_cooperative(), a.a_category()
    wanted = {
        a.a_product(cooperative=home, category=kind, title=f"第{i}", price_fen=100 * (i % 3 + 1))
        for i in range(7)
    }
    found: list[str] = []
    after = None
    for _ in range(10):
        page = products(sort=sort, limit=3, after=after)  # type: ignore[arg-type]
        found += [card.slug for card in page.rows]
        after = page.next
        if after is None:
            break
    assert len(found) == 7
    assert set(found) == wanted


def test_a_list_asks_the_database_once_however_long_it_is() -> None:
    home, kind = a.a_cooperative(), a.a_category()
    for i in range(6):
        a.a_sku(on_hand=i, cooperative=home, category=kind)
    db.session.rollback()
    with counting() as asked:
        cards = products().rows
    assert sorted(card.available for card in cards) == [0, 1, 2, 3, 4, 5]
    assert len([s for s in asked if s.lstrip().upper().startswith("SELECT")]) == 1


def test_the_lowest_price_of_a_page_is_the_lists_price() -> None:
    variants = [
        {"sku": "BIG", "name": "大", "price_fen": 900, "unit": "箱", "weight_grams": 5000},
        {"sku": "SMALL", "name": "小", "price_fen": 200, "unit": "袋", "weight_grams": 500},
    ]
    slug = a.a_product(variants=variants)
    card = products().rows[0]
    assert (card.price_fen, card.unit, card.price_varies) == (200, "袋", True)
    page = product_page(slug, actor=None, now=NOON)
    assert min(offer.price_fen for offer in page.variants) == card.price_fen
    assert [offer.fen_per_jin for offer in page.variants] == [90, 200]


def test_list_page_and_quote_name_one_price() -> None:
    sku = a.a_sku(on_hand=3, price_fen=3680)
    card = products().rows[0]
    page = product_page(card.slug, actor=None, now=NOON)
    asked = quote([Wish(sku=sku, quantity=2)], region_code=None, now=NOON)
    assert card.price_fen == page.variants[0].price_fen == asked.lines[0].unit_price_fen == 3680


def test_a_suspended_cooperative_sells_nothing() -> None:
    home = a.a_cooperative()
    slug = a.a_product(cooperative=home)
    operator = a.an_operator()
    places.set_cooperative_status(
        actor=operator, cooperative_id=home.id, status=PlaceStatus.SUSPENDED
    )
    assert products().rows == []
    assert cooperatives().rows == []
    with pytest.raises(NotFound):
        product_page(slug, actor=None, now=NOON)
    with pytest.raises(NotFound):
        cooperative(home.slug)


def test_places_count_what_can_be_bought() -> None:
    home = a.a_cooperative()
    a.a_product(cooperative=home)
    a.a_product(cooperative=home, on_sale=False)
    assert cooperative(home.slug).goods == 1
    assert [card.goods for card in villages().rows] == [1]
    assert village(village_of(home)).goods == 1


def test_a_cooperative_sees_its_own_in_every_state() -> None:
    home = a.a_cooperative()
    a.a_product(cooperative=home, title="草稿", on_sale=False)
    a.a_product(cooperative=home, title="在售")
    a.a_product(title="别家")
    assert [card.title for card in goods([home.id]).rows] == ["在售", "草稿"]
    assert len(goods(None).rows) == 3
    assert [card.title for card in goods([home.id], q="草").rows] == ["草稿"]


def test_a_hall_keeps_the_operators_order_and_hides_what_is_not_sold() -> None:
    home = a.a_cooperative()
    first, second = a.a_product(cooperative=home), a.a_product(cooperative=home)
    third = a.a_product(cooperative=home)
    values = {
        "title": "秋收馆",
        "title_en": "Autumn",
        "kind": "season",
        "intro": "",
        "village": None,
        "position": 0,
        "shown": True,
    }
    operator = a.an_operator()
    curating.save_hall(
        actor=operator,
        now=NOON,
        slug="autumn",
        values=values,
        products=[third, first, second],
        new=True,
    )
    cataloguing.take_off_sale(actor=a.a_manager(home), now=NOON, slug=first)
    hall = halls()[0]
    assert [card.slug for card in hall.goods] == [third, second]
    assert [card.slug for card in in_hall(hall.id, everything=True)] == [third, first, second]
    curating.remove_hall(actor=operator, slug="autumn")
    assert halls() == []
