"""Pages from the cart to the board: what they show when all is well, and what when it is not."""

import re

import pytest
from flask import Flask
from sqlalchemy import select

from shop.db import SQLITE_PATIENCE_S, db
from shop.domain.inventory.models import Lot
from shop.domain.orders.models import Order
from shop.domain.orders.states import OrderStatus
from shop.domain.villages.models import Cooperative
from shop.flows import addresses, cataloguing, checkout
from shop.kernel.actor import Actor
from shop.kernel.errors import Unavailable
from shop.web.ops import DEADLINE_S
from shop.web.pages import legal
from tests.builders import COUNTY, a_cooperative, a_farmer, a_manager, a_product, an_actor
from tests.conftest import NOON
from tests.money import a_completed, a_lot
from tests.pages.goods_reader import Reader, fields_of

pytestmark = pytest.mark.usefixtures("ctx")

STREET = "演示街 9 号"


@pytest.fixture
def home() -> Cooperative:
    return a_cooperative(name="演示山顶合作社")


@pytest.fixture
def tea(home: Cooperative) -> str:
    """The slug of a product whose only SKU is ``TEA-1``."""
    slug = a_product(cooperative=home, title="演示山茶", sku="TEA-1", price_fen=3300)
    a_lot("TEA-1", 9, growers=[(a_farmer(home), 900)])
    return slug


def a_buyer() -> Actor:
    buyer = an_actor()
    addresses.add(
        actor=buyer,
        name="演示收件人",
        phone="13800000099",
        region_code=COUNTY,
        street=STREET,
        is_default=True,
        now=NOON,
    )
    return buyer


def orders() -> list[Order]:
    db.session.rollback()
    return list(db.session.scalars(select(Order)))


def main(page: str) -> str:
    return page[page.index("<main") : page.index("</main>")]


def test_a_cart_becomes_an_order_that_says_where_its_money_will_go(house: Flask, tea: str) -> None:
    buyer = Reader(house, a_buyer())
    product = f"/products/{tea}"
    bad = buyer.send(product, {"sku": "TEA-1", "quantity": "0x1"}, to="/cart/add")
    assert "TEA-1" not in main(buyer.get("/cart?lang=en"))
    assert bad.status_code == 303
    buyer.send(product, {"sku": "TEA-1", "quantity": "2"}, to="/cart/add")
    cart = buyer.get("/cart?lang=en")
    assert "¥66.00" in cart
    assert "演示山茶" in cart

    shown = buyer.get("/checkout?lang=en")
    assert STREET in shown
    assert "Where your money will go" in shown
    wrong = buyer.fill("/checkout", expected_total_fen="1")
    assert wrong.status_code == 409
    assert orders() == []
    placed = buyer.fill("/checkout")
    assert placed.status_code == 303

    pay = placed.headers["Location"]
    assert "¥" in buyer.get(pay)
    unknown = buyer.send(pay, {"way": "cheque:post"})
    assert unknown.status_code == 303
    assert orders()[0].status is OrderStatus.PENDING_PAYMENT
    going = buyer.send(pay, {"way": "sandbox:alipay"}).headers["Location"]
    link = re.search(r'href="[^"]*(/sandbox/pay/\d+)"', buyer.get(going))
    assert link is not None
    assert "No real money moves" in buyer.get(f"{link[1]}?lang=en")
    back = buyer.send(link[1], {"outcome": "pay"}).headers["Location"]
    assert buyer.client.get(back).status_code == 303
    [order] = orders()
    assert order.status is OrderStatus.PAID
    page = buyer.get(f"/orders/{order.number}?lang=en")
    assert "Where your money will go" in page
    assert "Where your money went" not in page

    stranger = Reader(house, an_actor())
    for path in (f"/orders/{order.number}", going, link[1]):
        stranger.get(path, 404)
    assert stranger.client.get(pay).status_code == 404


def test_what_is_gone_is_said_in_the_cart_and_at_checkout(
    house: Flask, home: Cooperative, tea: str
) -> None:
    person = a_buyer()
    buyer = Reader(house, person)
    buyer.send(f"/products/{tea}", {"sku": "TEA-1", "quantity": "1"}, to="/cart/add")
    cataloguing.take_off_sale(actor=a_manager(home), now=NOON, slug=tea)
    assert "An item is not on sale any more." in buyer.get("/cart?lang=en")
    assert buyer.client.get("/checkout").headers["Location"] == "/cart"
    refused = buyer.get("/checkout?sku=TEA-1&lang=en", 409)
    assert "These goods cannot be ordered right now." in refused


def test_an_income_stands_on_order_board_trace_and_statement(
    house: Flask, home: Cooperative, tea: str
) -> None:
    order = a_completed({"TEA-1": 1})
    lot = db.session.scalars(select(Lot.code).where(Lot.sku == "TEA-1")).one()
    db.session.rollback()
    visitor, buyer = Reader(house), Reader(house, an_actor(order.buyer_id))
    assert "Where your money went" in buyer.get(f"/orders/{order.number}?lang=en")
    linked = re.findall(r'href="(/board/[^"]+)"', main(visitor.get("/board")))
    shown = visitor.get(f"{linked[0]}?lang=en")
    assert "¥41.00" in shown
    assert "Fewer than five households" in shown
    assert "demo-mark" in main(shown)
    visitor.get("/board/no-such-village", 404)
    assert "¥41.00" in visitor.get(f"{linked[0]}?period=nonsense")

    found = visitor.client.get(f"/trace?code={lot.lower().replace('-', '')}")
    assert found.headers["Location"].endswith(f"/trace/{lot}")
    story = visitor.get(f"/trace/{lot}?lang=en")
    assert "演示山茶" in story
    assert "demo-mark" in main(story)
    assert "演示农户" not in story
    assert "once more" in visitor.get("/trace?code=2222-22223&lang=en")
    visitor.get("/trace/2222-22222", 404)

    manager = Reader(house, a_manager(home))
    assert order.number in manager.get("/coop/statements")
    other = a_cooperative()
    manager.get(f"/coop/statements?cooperative={other.slug}", 404)
    buyer.get("/coop/statements", 403)


def test_the_frame_says_who_answers_and_that_this_is_a_demonstration(house: Flask) -> None:
    a_product(title="演示山茶")
    page = Reader(house).get("/products?lang=en")
    foot = page[page.index('<footer class="foot">') :]
    for words in ("演示县域运营公司", "演示执照", "演示备案号", 'href="tel:0353-0000000"'):
        assert words in foot
    for path in ("/legal/privacy", "/board", "/trace"):
        assert f'href="{path}"' in foot
    assert page.count('<span class="demo-mark">') == page.count('class="tile ') == 1
    css = (house.static_folder or "") + "/css/shop.css"
    with open(css) as file:
        printed = file.read().partition("@media print")[2]
    assert "demo-band" not in printed
    assert ".top," not in printed


def test_an_old_text_can_be_read_again_by_its_version(
    house: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    visitor = Reader(house)
    old = legal.VERSIONS["privacy"][0]
    assert f'href="/legal/privacy/{old}"' in visitor.get("/sign-in?way=new")
    assert "no longer in force" not in visitor.get(f"/legal/privacy/{old}?lang=en")
    monkeypatch.setitem(legal.VERSIONS, "privacy", ("2099-01-01", old))
    shown = visitor.get(f"/legal/privacy/{old}?lang=en")
    assert "no longer in force" in shown
    assert "/legal/privacy/2099-01-01" in shown
    visitor.get("/legal/privacy/2020-01-01", 404)
    visitor.get("/legal/nothing/2026-03-01", 404)


def test_a_busy_shop_keeps_the_order_in_a_queue_and_places_it_once(
    house: Flask, tea: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    buyer = Reader(house, a_buyer())
    path = "/checkout?sku=TEA-1"
    form = fields_of(buyer.get(path))

    def busy(*_: object, **__: object) -> None:
        raise Unavailable("the database is busy")

    with monkeypatch.context() as patched:
        patched.setattr(checkout, "place_orders", busy)
        answer = buyer.client.post("/checkout", data=form)
    shown = answer.get_data(as_text=True)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "2")
    kept = fields_of(shown)
    assert kept["idempotency_key"] == form["idempotency_key"]
    assert orders() == []
    places = {buyer.client.post("/checkout", data=kept).headers["Location"] for _ in range(2)}
    assert len(places) == len(orders()) == 1
    assert SQLITE_PATIENCE_S < DEADLINE_S, "the queue is shown before the request runs out of time"
