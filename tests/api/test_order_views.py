"""What of an order's money and address each of those concerned is shown, over HTTP."""

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from shop.domain.accounts.states import Role, TokenKind
from shop.domain.orders.models import Order
from shop.flows import cancelling
from tests.builders import a_cooperative, a_sku, a_token, a_user, an_actor
from tests.conftest import NOON
from tests.money import a_paid, a_payment, place, refund


class Seen:
    """Reads orders as somebody."""

    def __init__(self, client: FlaskClient) -> None:
        self.client = client
        self.tokens: dict[int, str] = {}

    def token(self, user_id: int) -> str:
        if user_id not in self.tokens:
            self.tokens[user_id] = a_token(user_id)
        return self.tokens[user_id]

    def order(self, order: Order, user_id: int) -> dict[str, Any]:
        answer = self.client.get(f"/api/v1/orders/{order.number}", headers=self.bearer(user_id))
        assert answer.status_code == 200
        whole: dict[str, Any] = answer.get_json()
        return whole

    def listed(self, user_id: int) -> dict[str, dict[str, Any]]:
        """The list of a cooperative's people, by number."""
        answer = self.client.get("/api/v1/orders?as=manager", headers=self.bearer(user_id))
        return {item["number"]: item for item in answer.get_json()["items"]}

    def bearer(self, user_id: int) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token(user_id)}"}


@pytest.fixture
def seen(client: FlaskClient, ctx: Flask) -> Seen:
    return Seen(client)


def cancel(order: Order) -> None:
    buyer = an_actor(order.buyer_id).wearing("buyer")
    cancelling.cancel_order(actor=buyer, number=order.number, now=NOON)


def shown(view: dict[str, Any]) -> list[tuple[int, int, list[tuple[str, int, int]]]]:
    """(amount, freight, lines) of each refund."""
    return [
        (
            r["amount_fen"],
            r["freight_fen"],
            [(x["sku"], x["quantity"], x["amount_fen"]) for x in r["lines"]],
        )
        for r in view["refunds"]
    ]


def test_a_seller_sees_the_refunds_of_own_goods_with_their_sums_only(seen: Seen) -> None:
    one, two = a_cooperative(), a_cooperative()
    first = a_sku(cooperative=one, on_hand=9, price_fen=1000)
    second = a_sku(cooperative=two, on_hand=9, price_fen=500, weight_grams=2500)
    clerks = [a_user(seat=(Role.CLERK, home.id)) for home in (one, two)]
    alone = a_paid({first: 2})
    cancel(alone)
    sole = seen.order(alone, clerks[0])
    assert shown(sole) == [(2800, 800, [(first, 2, 2000)])]
    assert sole["payments"] == []
    both = a_paid({first: 1, second: 2})
    refund(both, amount_fen=300)
    cancel(both)
    mine, theirs = seen.order(both, clerks[0]), seen.order(both, clerks[1])
    assert shown(mine) == [(150, 0, [(first, 0, 150)]), (1650, 800, [(first, 1, 850)])]
    freight = both.parts[1].freight_fen
    assert shown(theirs) == [
        (150, 0, [(second, 0, 150)]),
        (850 + freight, freight, [(second, 2, 850)]),
    ]
    whole = shown(seen.order(both, both.buyer_id))
    assert [r[0] for r in whole] == [300, both.total_fen - 300]
    listed = seen.listed(clerks[1])
    assert list(listed) == [both.number]
    assert shown(listed[both.number]) == shown(theirs)


def test_a_seller_reads_an_address_only_of_an_order_that_was_paid(seen: Seen) -> None:
    """DESIGN law 11: who sends nothing needs no address."""
    home = a_cooperative()
    sku = a_sku(cooperative=home, on_hand=9)
    keeper = a_user(seat=(Role.KEEPER, home.id))
    unpaid, dropped = place({sku: 1}), place({sku: 1})
    paid, stopped = a_paid({sku: 1}), a_paid({sku: 1})
    cancel(dropped)
    cancel(stopped)
    for order, known in ((unpaid, False), (dropped, False), (paid, True), (stopped, True)):
        assert (seen.order(order, keeper)["ship_to"] is not None) is known
        assert (seen.listed(keeper)[order.number]["ship_to"] is not None) is known
        assert seen.order(order, order.buyer_id)["ship_to"] is not None


def test_a_refund_over_http_is_by_lines_by_amount_by_freight_or_of_all(seen: Seen) -> None:
    home = a_cooperative()
    sku = a_sku(cooperative=home, on_hand=90, price_fen=1000)
    manager = a_user(seat=(Role.MANAGER, home.id))

    def ask(order: Order, key: str, **body: Any) -> tuple[int, Any]:
        answer = seen.client.post(
            f"/api/v1/orders/{order.number}/refunds",
            json={"reason": "演示", **body},
            headers=seen.bearer(manager) | {"Idempotency-Key": key},
        )
        made = answer.get_json()
        return answer.status_code, made.get("amount_fen", made.get("code"))

    order = a_paid({sku: 2})
    assert ask(order, "k-1", freight=True) == (201, 800)
    assert ask(order, "k-2", freight=True) == (409, "already-refunded")
    assert ask(order, "k-3", amount_fen=2001) == (422, "refund-exceeds-captured")
    assert ask(order, "k-4", amount_fen=2000) == (201, 2000)
    assert ask(order, "k-5", amount_fen=1) == (422, "refund-exceeds-captured")
    order = a_paid({sku: 1})
    assert ask(order, "k-6", amount_fen=order.total_fen) == (201, 1800)
    order = a_paid({sku: 1})
    assert ask(order, "k-7", lines=[{"sku": sku, "quantity": 1}]) == (201, 1000)
    assert seen.order(order, order.buyer_id)["lines"][0]["cancelled"] == 1
    assert [r[:2] for r in shown(seen.order(order, manager))] == [(1000, 0), (800, 800)]


def test_the_way_out_to_the_provider_is_open_only_while_the_order_waits(
    seen: Seen, client: FlaskClient
) -> None:
    order = place({a_sku(on_hand=9): 1})
    payment = a_payment(order, gateway="sandbox")
    with client.session_transaction() as kept:
        kept["_user_id"] = a_token(order.buyer_id, kind=TokenKind.PAGE)
        kept["_fresh"] = True
    assert client.get(f"/pay/{payment.id}").status_code == 200
    cancel(order)
    closed = client.get(f"/pay/{payment.id}")
    assert (closed.status_code, closed.location) == (303, f"/orders/{order.number}")
