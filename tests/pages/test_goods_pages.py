"""Pages of goods: what visitors buy from, where cooperatives write, where the operator decides."""

import io
from datetime import date
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from shop.db import db
from shop.domain.catalog.models import Hall, HallItem, Picture, Product, StrikeEvidence, Variant
from shop.domain.catalog.states import ProductStatus
from shop.domain.villages.models import Cooperative
from shop.flows import cataloguing, curating, reviewing
from tests import builders as a
from tests.conftest import NOON
from tests.pages.goods_reader import Reader, fields_of
from tests.unit.test_pictures import encoded, photo

pytestmark = pytest.mark.usefixtures("ctx")

XSS = '<img src=x onerror="alert(1)">'


@pytest.fixture
def home(ctx: Flask) -> Cooperative:
    return a.a_cooperative(slug="shan-ding", name="山顶合作社")


@pytest.fixture
def manager(app: Flask, home: Cooperative) -> Reader:
    return Reader(app, a.a_manager(home))


@pytest.fixture
def operator(app: Flask) -> Reader:
    return Reader(app, a.an_operator())


@pytest.fixture
def visitor(app: Flask) -> Reader:
    return Reader(app)


def state(slug: str) -> Product:
    db.session.rollback()
    query = select(Product).where(Product.slug == slug)
    found = db.session.scalar(query.execution_options(populate_existing=True))
    assert found is not None
    return found


def a_hall(*products: str, slug: str = "autumn") -> None:
    values = {
        "title": "秋收馆",
        "title_en": "Autumn",
        "kind": "season",
        "intro": "",
        "village": None,
        "position": 0,
        "shown": True,
    }
    curating.save_hall(
        actor=a.an_operator(), now=NOON, slug=slug, values=values, products=products, new=True
    )


def test_a_visitor_walks_from_the_start_to_the_goods(visitor: Reader, home: Cooperative) -> None:
    sku = a.a_sku(on_hand=9, cooperative=home, title="鲜蘑菇")
    slug = db.session.scalar(select(Product.slug).join(Variant).where(Variant.sku == sku))
    assert slug is not None
    a_hall(slug)
    start = visitor.get("/")
    for words in ("鲜蘑菇", "秋收馆", "/halls/autumn", "/villages/"):
        assert words in start
    assert "鲜蘑菇" in visitor.get("/products?q=mg&sort=price")
    assert "鲜蘑菇" not in visitor.get("/products?q=nothing")
    assert "鲜蘑菇" in visitor.get("/halls/autumn")
    assert "鲜蘑菇" in visitor.get("/halls")
    store = visitor.get("/cooperatives/shan-ding")
    assert "鲜蘑菇" in store
    assert home.licence_no in store
    page = visitor.get(f"/products/{slug}")
    for words in ("¥36.80", "500 g", "山顶合作社", "演示路 1 号", "0353-0000000", home.licence_no):
        assert words in page


def test_a_product_says_where_the_money_goes(visitor: Reader, home: Cooperative) -> None:
    slug = a.a_product(cooperative=home, sku="ONE", price_fen=10000)
    a._lot("ONE", 3, NOON)
    page = visitor.get(f"/products/{slug}")
    for words in ("¥60.00", "¥5.00", "¥2.00", "¥33.00", "2026-03-02"):
        assert words in page


@pytest.mark.parametrize(
    "query", ["limit=x", "after=%00", "sort=drop", "village=UP", "q=" + "x" * 200]
)
def test_a_list_with_a_senseless_address_still_shows_goods(
    visitor: Reader, home: Cooperative, query: str
) -> None:
    a.a_product(cooperative=home, title="小米")
    assert "小米" in visitor.get(f"/products?{query}")


def test_what_a_stranger_may_not_see_is_not_there(
    app: Flask, visitor: Reader, manager: Reader, operator: Reader, home: Cooperative
) -> None:
    slug = a.a_product(cooperative=home, on_sale=False)
    visitor.get(f"/products/{slug}", status=404)
    Reader(app, a.a_manager(a.a_cooperative())).get(f"/products/{slug}", status=404)
    manager.get(f"/products/{slug}")
    operator.get(f"/products/{slug}")
    for path in ("/villages/none", "/cooperatives/none", "/halls/none"):
        visitor.get(path, status=404)


def test_choosing_leads_to_the_order_or_the_cart(visitor: Reader, home: Cooperative) -> None:
    slug = a.a_product(cooperative=home, sku="ONE")
    a._lot("ONE", 3, NOON)
    page, to = f"/products/{slug}", f"/products/{slug}/choose"
    buy = visitor.send(page, {"sku": "ONE", "quantity": "2", "go": "buy"}, to)
    assert buy.status_code == 303
    assert "sku=ONE" in buy.headers["Location"]
    assert "quantity=2" in buy.headers["Location"]
    cart = visitor.send(page, {"sku": "ONE", "quantity": "2", "go": "cart"}, to)
    assert (cart.status_code, cart.headers["Location"]) == (307, "/cart/add")
    wrong = visitor.send(page, {"sku": "ONE", "quantity": "0", "go": "buy"}, to)
    assert wrong.headers["Location"] == page


def test_what_people_wrote_is_only_text(
    visitor: Reader, manager: Reader, operator: Reader, home: Cooperative
) -> None:
    paper = {
        "kind": "green",
        "number": XSS,
        "holder": XSS,
        "valid_from": date(2026, 1, 1),
        "valid_to": date(2026, 12, 31),
    }
    slug = a.a_product(
        cooperative=home, title=XSS, summary=XSS, description=XSS, certificates=[paper]
    )
    a_hall(slug)
    cataloguing.change_product(
        actor=a.a_manager(home), now=NOON, slug=slug, content={"summary": XSS + "!"}
    )
    paths = ["/", "/products", f"/products/{slug}", "/halls", "/cooperatives/shan-ding"]
    pages = [visitor.get(path) for path in paths]
    pages += [manager.get("/coop/products"), manager.get(f"/coop/products/{slug}")]
    pages += [manager.get(f"/coop/products/{slug}/edit")]
    pages += [operator.get("/operator/review"), operator.get(f"/operator/review/{slug}")]
    for page in pages:
        assert XSS not in page
        assert "onerror=&#34;" in page


def test_the_language_and_print_size_are_kept(visitor: Reader) -> None:
    answer = visitor.send("/", {"next": "/villages?lang=zh&x=1"}, "/language/en")
    assert answer.headers["Location"] == "/villages?x=1"
    assert '<html lang="en"' in visitor.get("/")
    visitor.send("/", {"size": "large", "next": "//evil.example"}, "/text-size")
    assert 'class="large"' in visitor.get("/")


def test_a_manager_writes_submits_and_the_operator_approves(
    manager: Reader, operator: Reader, visitor: Reader
) -> None:
    a.a_category(slug="grains", name="杂粮")
    made = manager.fill(
        "/coop/products/new",
        title="高山小米",
        category="grains",
        variants__0__sku="XM-1",
        variants__0__name="五斤装",
        variants__0__unit="袋",
        variants__0__weight_grams="2.5",
        variants__0__price_fen="36.80",
    )
    assert made.status_code == 303
    desk = made.headers["Location"]
    slug = desk.rsplit("/", 1)[1]
    product = state(slug)
    variant = product.variants[0]
    assert (variant.price_fen, variant.weight_grams, product.shelf_life_days) == (3680, 2500, 365)
    version = str(product.version)
    manager.send(desk, {"version": version}, f"{desk}/submit")
    assert "高山小米" in operator.get("/operator/review")
    review = f"/operator/review/{slug}"
    refused = operator.send(review, {"version": "1"}, f"{review}/approve")
    assert refused.status_code == 412
    assert operator.send(review, {}, f"{review}/approve").status_code == 428
    operator.send(review, {"version": str(state(slug).version)}, f"{review}/approve")
    assert "高山小米" in visitor.get("/products")


def test_a_form_comes_back_with_what_was_typed(manager: Reader) -> None:
    a.a_category(slug="grains")
    answer = manager.fill(
        "/coop/products/new", title="高山小米", category="grains", claim_window_hours="1"
    )
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert 'value="高山小米"' in page
    assert 'id="f-claim_window_hours-error"' in page
    a.a_product(sku="TAKEN")
    answer = manager.fill(
        "/coop/products/new",
        title="高山小米",
        category="grains",
        variants__0__sku="TAKEN",
        variants__0__name="n",
        variants__0__unit="袋",
        variants__0__weight_grams="1",
        variants__0__price_fen="1",
    )
    assert answer.status_code == 422
    assert 'id="f-variants-0-sku-error"' in answer.get_data(as_text=True)


def test_a_changed_page_is_shown_to_the_operator_with_the_difference(
    manager: Reader, operator: Reader, visitor: Reader, home: Cooperative
) -> None:
    slug = a.a_product(cooperative=home, title="高山小米", sku="ONE")
    manager.fill(f"/coop/products/{slug}/edit", title="高山黄小米", variants__0__unit="箱")
    assert "高山黄小米" not in visitor.get(f"/products/{slug}")
    again = manager.get(f"/coop/products/{slug}/edit")
    assert 'value="高山黄小米"' in again
    page = operator.get(f"/operator/review/{slug}")
    assert "<ins>" in page
    assert "<del>" in page
    review = f"/operator/review/{slug}"
    seen = str(state(slug).version)
    refused = operator.send(review, {"version": seen, "reason": ""}, f"{review}/reject")
    assert refused.status_code == 422
    operator.send(review, {"version": seen, "reason": "单位不符"}, f"{review}/reject")
    assert "单位不符" in manager.get(f"/coop/products/{slug}")
    manager.fill(f"/coop/products/{slug}/edit", title="高山黄小米")
    operator.send(review, {"version": str(state(slug).version)}, f"{review}/approve")
    assert "高山黄小米" in visitor.get(f"/products/{slug}")


def test_prices_are_set_by_a_manager_in_yuan(
    app: Flask, manager: Reader, visitor: Reader, home: Cooperative
) -> None:
    slug = a.a_product(cooperative=home, sku="ONE", price_fen=3680)
    path = f"/coop/products/{slug}/prices"
    Reader(app, a.a_manager(home, role=a.Role.CLERK)).get(path, status=403)
    refused = manager.fill(path, variants__0__strike_price_fen="50")
    assert refused.status_code == 422
    assert 'id="f-variants-0-strike_price_fen-error"' in refused.get_data(as_text=True)
    manager.fill(
        path,
        variants__0__price_fen="29.8",
        variants__0__live_floor_fen="25",
        variants__0__commission_bp="12.5",
        variants__0__strike_price_fen="50",
        variants__0__strike_basis="retail_price",
        variants__0__strike_source="门店标价签",
    )
    variant = state(slug).variants[0]
    assert (variant.price_fen, variant.live_floor_fen, variant.commission_bp) == (2980, 2500, 1250)
    assert variant.strike_price_fen == 5000
    manager.fill(path)
    assert len(db.session.scalars(select(StrikeEvidence)).all()) == 1
    page = visitor.get(f"/products/{slug}")
    assert "¥29.80" in page
    assert "门店标价签" in page
    manager.fill(path, variants__0__strike_price_fen="")
    assert state(slug).variants[0].strike_price_fen is None


def multipart(reader: Reader, path: str, files: dict[str, bytes], **changes: Any) -> Any:
    """The form of a page with files; the body is made by hand, since it is sent as bytes."""
    data = fields_of(reader.get(path)) | {k.replace("__", "-"): v for k, v in changes.items()}
    body = io.BytesIO()
    for name, value in data.items():
        body.write(
            f'--b\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
        )
    for name, content in files.items():
        head = f'--b\r\nContent-Disposition: form-data; name="{name}"; filename="x.jpg"\r\n\r\n'
        body.write(head.encode() + content + b"\r\n")
    body.write(b"--b--\r\n")
    kind = "multipart/form-data; boundary=b"
    return reader.client.post(path, data=body.getvalue(), content_type=kind)


def test_pictures_are_brought_ordered_and_taken_out(manager: Reader, home: Cooperative) -> None:
    slug = a.a_product(cooperative=home, on_sale=False)
    path = f"/coop/products/{slug}/pictures"
    one = encoded(photo((60, 40)), "PNG")
    assert multipart(manager, path, {"files": one}).status_code == 303
    assert multipart(manager, path, {"files": one}).status_code == 303
    first, second = [shown.picture_id for shown in state(slug).pictures]
    multipart(manager, path, {}, pictures__0__place="9")
    assert [shown.picture_id for shown in state(slug).pictures] == [second, first]
    multipart(manager, path, {}, pictures__0__out="1")
    assert [shown.picture_id for shown in state(slug).pictures] == [first]
    refused = multipart(manager, path, {"files": b"<svg/>"})
    assert refused.status_code == 422
    count = len(db.session.scalars(select(Picture)).all())
    assert count == 2


def test_certificates_are_written_with_a_photograph(
    manager: Reader, visitor: Reader, home: Cooperative
) -> None:
    kind = a.a_category(certificate_required=True)
    slug = a.a_product(cooperative=home, category=kind, on_sale=False)
    desk, path = f"/coop/products/{slug}", f"/coop/products/{slug}/certificates"
    seen = {"version": str(state(slug).version)}
    manager.send(desk, seen, f"{desk}/submit")
    assert state(slug).status is ProductStatus.DRAFT
    lacking = multipart(manager, path, {}, papers__0__number="LS-1")
    assert 'id="f-papers-0-holder-error"' in lacking.get_data(as_text=True)
    multipart(
        manager,
        path,
        {"papers-0-file": encoded(photo((60, 40)), "PNG")},
        papers__0__kind="green",
        papers__0__number="LS-1",
        papers__0__holder="山顶合作社",
        papers__0__valid_from="2026-01-01",
        papers__0__valid_to="2026-12-31",
    )
    paper = state(slug).certificates[0]
    assert (paper.number, paper.picture_id is not None) == ("LS-1", True)
    multipart(manager, path, {}, papers__0__scope="香菇")
    paper = state(slug).certificates[0]
    assert (paper.scope, paper.picture_id is not None) == ("香菇", True)
    manager.send(desk, {"version": str(state(slug).version)}, f"{desk}/submit")
    assert state(slug).status is ProductStatus.IN_REVIEW
    reviewing.approve_product(actor=a.an_operator(), now=NOON, slug=slug)
    assert "LS-1" in visitor.get(f"/products/{slug}")


def test_the_steps_of_a_product_are_buttons(manager: Reader, home: Cooperative) -> None:
    slug = a.a_product(cooperative=home)
    desk = f"/coop/products/{slug}"

    def press(step: str) -> ProductStatus:
        manager.send(desk, {"version": str(state(slug).version)}, f"{desk}/{step}")
        return state(slug).status

    assert press("off-sale") is ProductStatus.OFF_SALE
    assert press("on-sale") is ProductStatus.ON_SALE
    assert press("archive") is ProductStatus.ON_SALE
    assert press("off-sale") is ProductStatus.OFF_SALE
    assert press("archive") is ProductStatus.ARCHIVED
    stale = manager.send(desk, {"version": "1"}, f"{desk}/on-sale")
    assert stale.status_code == 303
    draft = a.a_product(cooperative=home, sku="ONE", on_sale=False)
    two = {"sku": "TWO", "name": "n", "price_fen": 5, "unit": "袋", "weight_grams": 1}
    cataloguing.change_product(
        actor=a.a_manager(home), now=NOON, slug=draft, content={"variants": [two]}
    )
    desk = f"/coop/products/{draft}"
    seen = str(state(draft).version)
    manager.send(desk, {"version": seen, "sku": "TWO"}, f"{desk}/drop-variant")
    assert [variant.sku for variant in state(draft).variants] == ["ONE"]


def test_a_block_is_made_and_lifted_on_the_review_page(
    operator: Reader, manager: Reader, visitor: Reader, home: Cooperative
) -> None:
    slug = a.a_product(cooperative=home)
    review = f"/operator/review/{slug}"
    form = {"version": str(state(slug).version), "rule": "广告法 9", "reason": "最高级"}
    assert operator.send(review, form, f"{review}/block").status_code == 303
    visitor.get(f"/products/{slug}", status=404)
    assert "广告法 9" in manager.get(f"/coop/products/{slug}")
    assert slug in operator.get("/operator/review/goods?status=blocked")
    operator.send(review, {"version": str(state(slug).version)}, f"{review}/unblock")
    assert state(slug).status is ProductStatus.OFF_SALE


def test_another_cooperatives_desk_is_not_there(app: Flask, home: Cooperative) -> None:
    slug = a.a_product(cooperative=home)
    stranger = Reader(app, a.a_manager(a.a_cooperative()))
    for page in ("", "/edit", "/prices", "/pictures", "/certificates"):
        stranger.get(f"/coop/products/{slug}{page}", status=404)
    buyer = Reader(app, a.an_actor())
    buyer.get("/coop/products", status=403)
    buyer.get("/operator/review", status=403)
    assert Reader(app).client.get("/coop/products").status_code == 303


def test_a_keeper_looks_and_does_not_write(app: Flask, home: Cooperative) -> None:
    slug = a.a_product(cooperative=home)
    keeper = Reader(app, a.a_manager(home, role=a.Role.KEEPER))
    assert "/edit" not in keeper.get(f"/coop/products/{slug}")
    keeper.get(f"/coop/products/{slug}/edit", status=403)


def test_the_operator_arranges_halls_and_kinds(
    operator: Reader, visitor: Reader, home: Cooperative
) -> None:
    first = a.a_product(cooperative=home, title="甲")
    second = a.a_product(cooperative=home, title="乙")
    made = operator.fill(
        "/operator/halls/new",
        slug="autumn",
        title="秋收馆",
        title_en="Autumn",
        kind="season",
        shown="1",
        add=[first, second],
    )
    assert made.headers["Location"] == "/operator/halls/autumn"
    assert "甲" in visitor.get("/halls/autumn")
    operator.fill("/operator/halls/autumn", items__0__place="9")
    items = db.session.execute(
        select(Product.title).join(HallItem).order_by(HallItem.position)
    ).scalars()
    assert list(items) == ["乙", "甲"]
    operator.fill("/operator/halls/autumn", items__0__out="1")
    assert "乙" not in visitor.get("/halls/autumn")
    refused = operator.fill("/operator/halls/autumn", kind="village")
    assert 'id="f-village-error"' in refused.get_data(as_text=True)
    assert "秋收馆" in operator.get("/operator/halls")
    operator.send("/operator/halls/autumn", {}, "/operator/halls/autumn/remove")
    db.session.rollback()
    assert db.session.scalar(select(Hall)) is None
    saved = operator.send(
        "/operator/halls/kinds",
        {"slug": "fruit", "name": "水果", "name_en": "Fruit", "perishable": "1"},
    )
    assert saved.status_code == 303
    assert "水果" in operator.get("/operator/halls/kinds")
    wrong = operator.send("/operator/halls/kinds", {"slug": "UP", "name": "x", "name_en": "x"})
    assert wrong.status_code == 422
