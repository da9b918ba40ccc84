"""A quote refuses what an order would refuse, in the same words."""

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.builders import COUNTY, a_cooperative, a_sku, a_token, a_user

SHIP_TO = {"name": "演示", "phone": "13800000099", "region_code": COUNTY, "street": "演示街"}


def ask(client: FlaskClient, path: str, body: Any, token: str = "") -> tuple[int, Any]:
    headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": "k"} if token else {}
    answer = client.post(f"/api/v1/{path}", json=body, headers=headers)
    return answer.status_code, answer.get_json()


def test_a_region_that_orders_refuse_is_refused_by_a_quote(ctx: Flask, client: FlaskClient) -> None:
    items = [{"sku": a_sku(on_hand=5), "quantity": 1}]
    token = a_token(a_user())
    for code in ("999999", "140000", "110000"):
        quoted = ask(client, "quotes", {"items": items, "ship_to": {"region_code": code}})
        placed = ask(
            client, "orders", {"items": items, "ship_to": {**SHIP_TO, "region_code": code}}, token
        )
        for status, body in (quoted, placed):
            assert (status, body["code"]) == (422, "validation-error"), code
            assert body["errors"][0]["pointer"] == "/ship_to/region_code"
    status, body = ask(client, "quotes", {"items": items, "ship_to": {"region_code": COUNTY}})
    assert (status, body["total_fen"], body["freight_known"]) == (200, 4480, True)
    status, body = ask(client, "quotes", {"items": items})
    assert (status, body["total_fen"], body["freight_known"]) == (200, 3680, False)


@pytest.mark.settings(seller_of_record="cooperative")
def test_where_cooperatives_sell_goods_of_two_are_quoted_and_ordered_apart(
    ctx: Flask, client: FlaskClient
) -> None:
    sellers = [a_cooperative(), a_cooperative()]
    items = [{"sku": a_sku(cooperative=x, on_hand=5), "quantity": 1} for x in sellers]
    token = a_token(a_user())
    both = {"items": items, "ship_to": SHIP_TO}
    for status, body in (
        ask(client, "quotes", {"items": items}),
        ask(client, "orders", both, token),
    ):
        assert (status, body["code"]) == (422, "several-sellers")
        assert body["sellers"] == sorted(seller.slug for seller in sellers)
    status, body = ask(client, "orders", {"items": items[:1], "ship_to": SHIP_TO}, token)
    assert (status, body["seller_of_record"]) == (201, "cooperative")
