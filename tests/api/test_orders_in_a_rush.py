"""Placing orders over HTTP when many do: the answer is the order, and refusals come from memory."""

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event

from shop.db import db
from shop.flows import cancelling
from shop.web import rush
from tests.api.ordering import a_buyer, send_order
from tests.builders import a_sku
from tests.conftest import NOON
from tests.money import place
from tests.seen import stock


@pytest.fixture
def buyer(ctx: Flask) -> dict[str, str]:
    return a_buyer()


def test_what_the_buyer_is_answered_is_the_order_as_it_is_read_later(
    ctx: Flask, client: FlaskClient, buyer: dict[str, str]
) -> None:
    placed = send_order(client, buyer, a_sku(on_hand=5), "k1")
    assert placed.status_code == 201
    read = client.get(placed.headers["Location"], headers=buyer)
    assert placed.get_json() == read.get_json()


def test_in_a_rush_what_is_gone_is_refused_without_asking_for_it_again(
    ctx: Flask, client: FlaskClient, buyer: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rush, "RUSH", 2)
    sku = a_sku(on_hand=2)
    first = send_order(client, buyer, sku, "first")
    blocking = place({sku: 1})
    for number in range(4):
        refused = send_order(client, buyer, sku, f"late-{number}")
        assert (refused.status_code, refused.get_json()["code"]) == (409, "insufficient-stock")
    said: list[str] = []
    event.listen(db.engine, "before_cursor_execute", lambda *args: said.append(str(args[2])))
    refused = send_order(client, buyer, sku, "another")
    assert refused.get_json()["available"] == 0
    assert refused.get_json()["hold_expires_at"] is not None
    assert not [text for text in said if "stock" in text]

    again = send_order(client, buyer, sku, "first")
    assert (again.status_code, again.get_json()) == (201, first.get_json())
    assert again.headers["Idempotency-Replayed"] == "true"

    cancelling.expire_order(blocking.id, now=blocking.expires_at)
    gone: Any = ctx.extensions["shop_sold_out"]
    for goods, known in gone._known.items():
        gone._known[goods] = type(known)(known.available, known.expiry, known.at - 1.1)
    assert send_order(client, buyer, sku, "at-last").status_code == 201
    assert stock(sku) == (2, 2, 0)


def test_in_a_quiet_shop_units_that_come_back_are_sold_at_once(
    ctx: Flask, client: FlaskClient, buyer: dict[str, str]
) -> None:
    sku = a_sku(on_hand=1)
    blocking = place({sku: 1})
    assert send_order(client, buyer, sku, "a").status_code == 409
    cancelling.expire_order(blocking.id, now=blocking.expires_at)
    assert send_order(client, buyer, sku, "b").status_code == 201
    assert blocking.expires_at > NOON
