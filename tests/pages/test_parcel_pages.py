"""Pages around sending: they show what is theirs, post what they show, and escape what is told."""

import io
import json
import re
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from PIL import Image

from shop.domain.accounts.states import Role, TokenKind
from shop.domain.logistics import queries as parcels
from shop.domain.logistics.couriers.kuaidi100 import Kuaidi100, sign
from shop.domain.logistics.states import ShipmentStatus
from shop.flows import shipping, tracking
from shop.kernel.actor import Actor
from tests.builders import a_cooperative, a_manager, a_sku, a_token, an_actor, an_operator
from tests.conftest import NOON
from tests.paid_orders import SHIP_TO, a_paid_order

XSS = '<img src=x onerror="alert(1)">'
CSRF = re.compile(r'name="csrf_token" value="([^"]+)"')
pytestmark = pytest.mark.usefixtures("ctx")


class Reader:
    """Somebody at a browser, signed in."""

    def __init__(self, app: Flask, actor: Actor) -> None:
        self.client = app.test_client()
        assert actor.user_id is not None
        token = a_token(actor.user_id, kind=TokenKind.PAGE)
        with self.client.session_transaction() as session:
            session["_user_id"] = token
            session["_fresh"] = True

    def get(self, path: str, status: int = 200) -> str:
        answer = self.client.get(path)
        assert answer.status_code == status, answer.get_data(as_text=True)[:2000]
        return answer.get_data(as_text=True)

    def post(self, path: str, page: str, **form: Any) -> Any:
        """Send a form that stands on ``page``."""
        found = CSRF.search(self.get(page))
        assert found is not None
        return self.client.post(path, data={"csrf_token": found[1], **form})


class Scene:
    """A paid order of one cooperative with everybody around it."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        self.home = a_cooperative(name="演示羊肚菌合作社")
        self.sku = a_sku(cooperative=self.home, on_hand=9, title="演示羊肚菌")
        self.buyer = an_actor()
        self.manager = a_manager(self.home)
        order = a_paid_order({self.sku: 3}, buyer=self.buyer)
        self.number, self.order_id = order.number, order.id

    def at(self, actor: Actor) -> Reader:
        return Reader(self.app, actor)

    def ship(self) -> int:
        return shipping.hand_over(
            actor=self.manager,
            number=self.number,
            carrier="顺丰",
            waybill_no="SF1234567890",
            lines=None,
            now=NOON,
        )


@pytest.fixture
def scene(app: Flask) -> Scene:
    return Scene(app)


def test_the_keeper_finds_packs_and_hands_over_an_order(scene: Scene) -> None:
    keeper = scene.at(a_manager(scene.home, role=Role.KEEPER))
    assert scene.number in keeper.get("/coop/orders")
    assert "演示羊肚菌" in keeper.get("/coop/orders/pick")
    card = f"/coop/orders/{scene.number}"
    shown = keeper.get(card)
    assert SHIP_TO.street in shown
    assert "13800000099" in shown.replace(" ", "")
    answer = keeper.post(
        f"{card}/parcels",
        card,
        carrier="顺丰",
        waybill_no="SF1234567890",
        **{"lines-0-sku": scene.sku, "lines-0-quantity": "3"},
    )
    assert answer.status_code == 303
    assert "SF1234567890" in keeper.get(card)
    assert scene.number not in keeper.get("/coop/orders")
    assert scene.number in keeper.get("/coop/orders?show=sent")


def test_a_refused_hand_over_keeps_what_was_typed_and_says_why(scene: Scene) -> None:
    manager, card = scene.at(scene.manager), f"/coop/orders/{scene.number}"
    lines = {"lines-0-sku": scene.sku, "lines-0-quantity": "2"}
    answer = manager.post(f"{card}/parcels", card, carrier="顺丰", waybill_no="7.8E+13", **lines)
    shown = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert 'value="7.8E+13"' in shown
    assert 'aria-invalid="true"' in shown
    none = {"lines-0-sku": scene.sku, "lines-0-quantity": "0"}
    answer = manager.post(f"{card}/parcels", card, carrier="顺丰", waybill_no="SF123456", **none)
    assert answer.status_code == 422
    assert parcels.of_order(scene.order_id) == []


def test_addresses_are_seen_by_the_shipping_cooperative_and_not_by_others(scene: Scene) -> None:
    card = f"/coop/orders/{scene.number}"
    assert SHIP_TO.street in scene.at(scene.manager).get(card)
    assert SHIP_TO.street in scene.at(an_operator()).get(card)
    scene.at(a_manager(a_cooperative())).get(card, 404)
    scene.at(scene.buyer).get(card, 403)
    for listed in ("/coop/orders", "/coop/orders?show=all", "/coop/orders/pick"):
        assert SHIP_TO.street not in scene.at(scene.manager).get(listed)
    slips = scene.at(scene.manager).get("/coop/orders/slips")
    assert SHIP_TO.street in slips
    assert "13800000099" not in slips.replace(" ", "")
    assert SHIP_TO.street not in scene.at(a_manager(a_cooperative())).get("/coop/orders/slips")


def test_events_written_by_hand_reach_the_buyers_page_as_text(scene: Scene) -> None:
    """FAULTS 106: a note is words on every page that shows it."""
    made = scene.ship()
    manager, card = scene.at(scene.manager), f"/coop/orders/{scene.number}"
    answer = manager.post(
        f"{card}/parcels/{made}/events", card, status="in_transit", note=XSS, occurred_at=""
    )
    assert answer.status_code == 303
    for page in (manager.get(card), scene.at(scene.buyer).get(f"/orders/{scene.number}")):
        assert XSS not in page
        assert "&lt;img src=x" in page


def test_a_mistyped_number_is_corrected_on_the_card(scene: Scene) -> None:
    made = scene.ship()
    manager, card = scene.at(scene.manager), f"/coop/orders/{scene.number}"
    answer = manager.post(
        f"{card}/parcels/{made}/correct", card, carrier="顺丰", waybill_no="SF1234567891"
    )
    assert answer.status_code == 303
    assert "SF1234567891" in manager.get(card)


def a_png() -> io.BytesIO:
    made = io.BytesIO()
    Image.new("RGB", (64, 48), "olive").save(made, "PNG")
    made.seek(0)
    return made


def test_a_buyer_complains_with_a_picture_and_the_clerk_answers(scene: Scene) -> None:
    made = scene.ship()
    tracking.record_event(
        actor=scene.manager,
        number=scene.number,
        shipment_id=made,
        status=ShipmentStatus.DELIVERED,
        note=None,
        occurred_at=None,
        now=NOON,
    )
    buyer, clerk = scene.at(scene.buyer), scene.at(a_manager(scene.home, role=Role.CLERK))
    form = f"/orders/{scene.number}/claims/new"
    lines = {"lines-0-sku": scene.sku, "lines-0-quantity": "2"}
    refused = buyer.post(form, form, photos=(a_png(), "a.png"), note=XSS, **lines)
    shown = refused.get_data(as_text=True)
    assert refused.status_code == 422
    kept = re.search(r'name="pictures" value="(\d+)"', shown)
    assert kept is not None
    answer = buyer.post(form, form, reason="rotten", note=XSS, pictures=kept[1], **lines)
    assert answer.status_code == 303
    assert "&lt;img src=x" in buyer.get(f"/orders/{scene.number}/claims")
    listed = clerk.get("/coop/claims")
    link = re.search(r"/coop/claims/\d+", listed)
    assert link is not None
    assert XSS not in clerk.get(link[0])
    assert "/pictures/" in clerk.get(link[0])
    wrong = clerk.post(link[0], link[0], decision="partial", amount_fen="", reason="一半")
    assert wrong.status_code == 422
    right = clerk.post(link[0], link[0], decision="partial", amount_fen="36.80", reason="一半")
    assert right.status_code == 303
    assert "36.80" in buyer.get(f"/orders/{scene.number}/claims")
    scene.at(a_manager(a_cooperative())).get(link[0], 404)
    scene.at(an_actor()).get(f"/orders/{scene.number}/claims", 404)


def test_a_late_parcel_leads_from_the_queue_to_its_order(scene: Scene) -> None:
    late = NOON.replace(month=4)
    assert tracking.find_late(late) == 1
    manager, operator = scene.at(scene.manager), scene.at(an_operator())
    link = re.search(r"/work/\d+", operator.get("/work"))
    assert link is not None
    assert f"/coop/orders/{scene.number}" in operator.get(link[0])
    assert manager.post(f"{link[0]}/take", link[0]).status_code == 303
    assert manager.post(f"{link[0]}/finish", link[0], note="已电话说明").status_code == 303
    assert link[0] not in operator.get("/work")
    assert link[0] in operator.get("/work?status=done")
    scene.at(a_manager(a_cooperative())).get(link[0], 404)
    scene.at(a_manager(scene.home, role=Role.KEEPER)).get("/work", 403)


def test_the_operator_tries_a_parked_report_again(scene: Scene) -> None:
    result = {"nu": "SF1234567890", "com": "shunfeng", "state": "3", "data": []}
    param = json.dumps({"lastResult": result})
    form = {"param": param, "sign": sign(param, "salt")}
    tracking.hear_push(Kuaidi100().read_push(form, secrets=["salt"]), param=param, now=NOON)
    operator = scene.at(an_operator())
    link = re.search(r"/work/\d+", operator.get("/work"))
    assert link is not None
    again = f"{link[0]}/apply-again"
    assert again in operator.get(link[0])
    assert operator.post(again, link[0]).status_code == 303
    assert again in operator.get(link[0])
    scene.ship()
    assert again not in operator.get(link[0])
    assert scene.at(scene.manager).client.post(again).status_code in {400, 403}


@pytest.mark.parametrize(
    "path",
    ["/coop/orders", "/coop/orders/pick", "/coop/orders/slips", "/coop/claims", "/work"],
)
def test_an_empty_page_says_what_to_do_next_in_both_languages(
    scene: Scene, client: FlaskClient, path: str
) -> None:
    empty = scene.at(a_manager(a_cooperative()))
    for language in ("zh", "en"):
        page = empty.get(f"{path}?lang={language}")
        assert 'class="empty"' in page
    assert client.get(path).status_code == 303
