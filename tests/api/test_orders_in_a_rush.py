"""Placing orders over HTTP when many do: the answer is the order, and refusals come from memory."""

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event

from shop.db import db
from shop.flows import cancelling
from shop.web import rush
from tests.builders import COUNTY, a_sku, a_token, an_actor
from tests.conftest import NOON
from tests.money import place
from tests.seen import stock


@pytest.fixture
def buyer(ctx: Flask) -> dict[str, str]:
    person = an_actor().user_id
    assert person is not None
    return {"Authorization": f"Bearer {a_token(person)}"}


def send(client: FlaskClient, buyer: dict[str, str], sku: str, key: str) -> Any:
    body = {
        "items": [{"sku": sku, "quantity": 1}],
        "ship_to": {
            "name": "演示买家", "phone": "13800000001", "region_code": COUNTY, "street": "演示路",
        },
        "note": "门口",
        "consents": ["perishable-no-return"],
    }  # fmt: skip
    return client.post("/api/v1/orders", json=body, headers=buyer | {"Idempotency-Key": key})


def test_what_the_buyer_is_answered_is_the_order_as_it_is_read_later(
    ctx: Flask, client: FlaskClient, buyer: dict[str, str]
) -> None:
    placed = send(client, buyer, a_sku(on_hand=5), "k1")
    assert placed.status_code == 201
    read = client.get(placed.headers["Location"], headers=buyer)
    assert placed.get_json() == read.get_json()


def test_in_a_rush_what_is_gone_is_refused_without_asking_for_it_again(
    ctx: Flask, client: FlaskClient, buyer: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rush, "RUSH", 2)
    sku = a_sku(on_hand=2)
    first = send(client, buyer, sku, "first")
    blocking = place({sku: 1})
    for number in range(4):
        refused = send(client, buyer, sku, f"late-{number}")
        assert (refused.status_code, refused.get_json()["code"]) == (409, "insufficient-stock")
    said: list[str] = []
    event.listen(db.engine, "before_cursor_execute", lambda *args: said.append(str(args[2])))
    refused = send(client, buyer, sku, "another")
    assert refused.get_json()["available"] == 0
    assert refused.get_json()["hold_expires_at"] is not None
    assert not [text for text in said if "stock" in text]

    again = send(client, buyer, sku, "first")
    assert (again.status_code, again.get_json()) == (201, first.get_json())
    assert again.headers["Idempotency-Replayed"] == "true"

    cancelling.expire_order(blocking.id, now=blocking.expires_at)
    gone: Any = ctx.extensions["shop_sold_out"]
    for goods, known in gone._known.items():
        gone._known[goods] = type(known)(known.available, known.expiry, known.at - 1.1)
    assert send(client, buyer, sku, "at-last").status_code == 201
    assert stock(sku) == (2, 2, 0)


def test_in_a_quiet_shop_units_that_come_back_are_sold_at_once(
    ctx: Flask, client: FlaskClient, buyer: dict[str, str]
) -> None:
    sku = a_sku(on_hand=1)
    blocking = place({sku: 1})
    assert send(client, buyer, sku, "a").status_code == 409
    cancelling.expire_order(blocking.id, now=blocking.expires_at)
    assert send(client, buyer, sku, "b").status_code == 201
    assert blocking.expires_at > NOON
