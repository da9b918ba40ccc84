"""Handing over and hand-recorded events over HTTP."""

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from shop.domain.accounts.states import Role
from tests.builders import a_cooperative, a_manager, a_sku, a_token, an_actor, an_operator
from tests.paid_orders import a_paid_order

pytestmark = pytest.mark.usefixtures("ctx")


class Shop:
    """One paid order of one cooperative, and callers with their tokens."""

    def __init__(self, client: FlaskClient) -> None:
        self.client = client
        self.home = a_cooperative(slug="demo-coop")
        self.sku = a_sku(cooperative=self.home, on_hand=9)
        buyer = an_actor()
        self.number = a_paid_order({self.sku: 3}, buyer=buyer).number
        self.keeper = self.token(a_manager(self.home, role=Role.KEEPER).user_id)
        self.buyer = self.token(buyer.user_id)

    def token(self, user_id: int | None) -> dict[str, str]:
        assert user_id is not None
        return {"Authorization": f"Bearer {a_token(user_id)}"}

    def ship(self, body: dict[str, Any], who: dict[str, str] | None = None) -> Any:
        return self.client.post(
            f"/api/v1/orders/{self.number}/shipments", json=body, headers=who or self.keeper
        )

    def event(
        self, shipment_id: int, body: dict[str, Any], who: dict[str, str] | None = None
    ) -> Any:
        return self.client.post(
            f"/api/v1/orders/{self.number}/shipments/{shipment_id}/events",
            json=body,
            headers=who or self.keeper,
        )

    def order(self, who: dict[str, str] | None = None) -> Any:
        answer = self.client.get(f"/api/v1/orders/{self.number}", headers=who or self.buyer)
        assert answer.status_code == 200
        return answer.json


@pytest.fixture
def shop(client: FlaskClient) -> Shop:
    return Shop(client)


LABEL = {"carrier": "中通快递", "waybill_no": " 78123456789012 "}


def test_a_parcel_is_handed_over_and_the_buyer_sees_it(shop: Shop) -> None:
    answer = shop.ship(LABEL)
    assert answer.status_code == 201
    parcel = answer.json
    assert parcel | {"id": 0} == {
        "id": 0,
        "cooperative": "demo-coop",
        "carrier": "zhongtong",
        "carrier_name": parcel["carrier_name"],
        "waybill_no": "78123456789012",
        "status": "label_created",
        "lines": [{"sku": shop.sku, "quantity": 3}],
        "events": [],
    }
    seen = shop.order()
    assert seen["status"] == "shipped"
    assert [p["id"] for p in seen["shipments"]] == [parcel["id"]]


def test_the_same_hand_over_again_is_the_same_parcel_and_another_is_a_conflict(shop: Shop) -> None:
    lines = [{"sku": shop.sku, "quantity": 1}]
    first = shop.ship(LABEL | {"lines": lines})
    assert shop.order()["status"] == "partially_shipped"
    again = shop.ship(LABEL | {"lines": lines})
    assert (again.status_code, again.json["id"]) == (201, first.json["id"])
    other = shop.ship(LABEL | {"lines": [{"sku": shop.sku, "quantity": 2}]})
    assert (other.status_code, other.json["code"]) == (409, "conflict")


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        (LABEL | {"waybill_no": "7.8E+13"}, "/waybill_no"),
        (LABEL | {"carrier": "飞毛腿"}, "/carrier"),
        (LABEL | {"lines": []}, "/lines"),
        (LABEL | {"lines": [{"sku": "NO-SUCH", "quantity": 1}]}, "/lines/0/sku"),
        (LABEL | {"lines": [{"sku": "S", "quantity": 0}]}, "/lines/0/quantity"),
        (LABEL | {"cooperative_id": 1}, "/cooperative_id"),
        ({"carrier": "SF"}, "/waybill_no"),
    ],
)
def test_a_wrong_label_is_refused_at_its_field(
    shop: Shop, body: dict[str, Any], pointer: str
) -> None:
    answer = shop.ship(body)
    assert answer.status_code == 422
    assert pointer in {error["pointer"] for error in answer.json["errors"]}
    assert shop.order()["status"] == "paid"


def test_nothing_left_and_the_wrong_state_are_conflicts(shop: Shop) -> None:
    shop.ship(LABEL)
    answer = shop.ship(LABEL | {"waybill_no": "78123456789013"})
    assert (answer.status_code, answer.json["code"]) == (409, "order-state-conflict")


def test_others_do_not_find_the_order_and_buyers_may_not_ship(shop: Shop) -> None:
    foreign = shop.token(a_manager(a_cooperative()).user_id)
    clerk = shop.token(a_manager(shop.home, role=Role.CLERK).user_id)
    operator = shop.token(an_operator().user_id)
    absent = shop.client.post(
        "/api/v1/orders/260302-AAAAAAAAAA/shipments", json=LABEL, headers=foreign
    )
    hidden = shop.ship(LABEL, foreign)
    assert (absent.status_code, hidden.status_code) == (404, 404)
    same = ("type", "title", "status", "detail", "code", "retryable", "errors")
    assert {key: absent.json[key] for key in same} == {key: hidden.json[key] for key in same}
    for who in (shop.buyer, clerk, operator):
        assert shop.ship(LABEL, who).status_code == 403
    assert shop.ship(LABEL, {"Authorization": "Bearer nonsense"}).status_code == 401


def test_events_written_by_hand_move_parcel_and_order(shop: Shop) -> None:
    made = shop.ship(LABEL).json["id"]
    answer = shop.event(made, {"status": "in_transit", "note": "已到镇上"})
    assert answer.status_code == 201
    assert answer.json["status"] == "in_transit"
    assert answer.json["events"] == [
        {
            "status": "in_transit",
            "text": "已到镇上",
            "occurred_at": "2026-03-02T04:00:00.000Z",
            "code": None,
        }
    ]
    shop.event(made, {"status": "delivered", "occurred_at": "2026-03-02T12:01:00+08:00"})
    assert shop.order()["status"] == "delivered"
    back = shop.event(made, {"status": "in_transit", "occurred_at": "2026-03-02T12:03:00+08:00"})
    assert (back.status_code, back.json["status"]) == (201, "delivered")


@pytest.mark.parametrize(
    "body",
    [
        {"status": "teleported"},
        {},
        {"status": "delivered", "occurred_at": "2036-01-01T00:00:00Z"},
        {"status": "delivered", "occurred_at": "yesterday"},
        {"status": "delivered", "code": "3"},
    ],
)
def test_an_event_that_cannot_be_is_refused(shop: Shop, body: dict[str, Any]) -> None:
    made = shop.ship(LABEL).json["id"]
    assert shop.event(made, body).status_code == 422
    assert shop.order()["status"] == "shipped"


def test_a_parcel_of_another_order_or_cooperative_is_not_found(shop: Shop, app: Flask) -> None:
    made = shop.ship(LABEL).json["id"]
    foreign = shop.token(a_manager(a_cooperative()).user_id)
    assert shop.event(made, {"status": "delivered"}, foreign).status_code == 404
    shop.number = a_paid_order({shop.sku: 1}).number
    assert shop.event(made, {"status": "delivered"}).status_code == 404
