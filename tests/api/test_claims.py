"""Claims and their answers over HTTP."""

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from shop.domain.accounts.states import Role
from tests.builders import a_cooperative, a_manager, a_token, an_actor, an_operator
from tests.flows.test_claiming import PRICE, Bought, a_picture

pytestmark = pytest.mark.usefixtures("ctx")


def token(user_id: int | None) -> dict[str, str]:
    assert user_id is not None
    return {"Authorization": f"Bearer {a_token(user_id)}"}


class Desk:
    """A delivered order, its buyer and its clerk at the API."""

    def __init__(self, client: FlaskClient) -> None:
        self.client = client
        self.bought = Bought()
        self.buyer = token(self.bought.buyer.user_id)
        self.clerk = token(self.bought.clerk.user_id)
        self.path = f"/api/v1/orders/{self.bought.number}/claims"

    def claim(self, who: dict[str, str] | None = None, **body: Any) -> Any:
        given = {"lines": [{"sku": self.bought.sku, "quantity": 2}], "reason": "damaged", **body}
        return self.client.post(self.path, json=given, headers=who or self.buyer)

    def answer(self, claim_id: int, who: dict[str, str] | None = None, **body: Any) -> Any:
        given = {"decision": "approve", "reason": "已核实", **body}
        return self.client.post(
            f"/api/v1/claims/{claim_id}/answer", json=given, headers=who or self.clerk
        )


@pytest.fixture
def desk(client: FlaskClient) -> Desk:
    return Desk(client)


def test_a_claim_is_opened_answered_and_paid_back(desk: Desk) -> None:
    picture = a_picture(desk.bought.buyer)
    made = desk.claim(note="两袋破了", pictures=[picture])
    assert made.status_code == 201
    assert (made.json["status"], made.json["value_fen"]) == ("open", 2 * PRICE)
    assert made.json["pictures"][0]["id"] == picture
    answered = desk.answer(made.json["id"])
    assert answered.status_code == 200
    assert (answered.json["status"], answered.json["amount_fen"]) == ("approved", 2 * PRICE)
    order = desk.client.get(f"/api/v1/orders/{desk.bought.number}", headers=desk.buyer).json
    assert [refund["amount_fen"] for refund in order["refunds"]] == [2 * PRICE]
    listed = desk.client.get(desk.path, headers=desk.buyer).json
    assert [(c["id"], c["status"]) for c in listed["items"]] == [(made.json["id"], "approved")]


def test_a_part_needs_its_amount_and_a_second_answer_is_too_late(desk: Desk) -> None:
    made = desk.claim().json["id"]
    for body in ({"amount_fen": None}, {"amount_fen": 2 * PRICE + 1}):
        refused = desk.answer(made, decision="partial", **body)
        assert refused.status_code == 422
        assert refused.json["errors"][0]["pointer"] == "/amount_fen"
    assert desk.answer(made, decision="partial", amount_fen=500).json["amount_fen"] == 500
    again = desk.answer(made, decision="refuse")
    assert (again.status_code, again.json["code"]) == (409, "illegal-transition")


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"reason": "bored"}, "/reason"),
        ({"lines": []}, "/lines"),
        ({"lines": [{"sku": "NO-SUCH", "quantity": 1}]}, "/lines/0/sku"),
        ({"pictures": list(range(1, 11))}, "/pictures"),
        ({"status": "approved"}, "/status"),
        ({"amount_fen": 1}, "/amount_fen"),
    ],
)
def test_a_wrong_claim_is_refused_at_its_field(
    desk: Desk, body: dict[str, Any], pointer: str
) -> None:
    answer = desk.claim(**body)
    assert answer.status_code == 422
    assert pointer in {error["pointer"] for error in answer.json["errors"]}


@pytest.mark.parametrize("quantity", [0, -1, 1.5, "1", 2**31, None, 4])
def test_a_wrong_number_of_units_is_refused(desk: Desk, quantity: object) -> None:
    lines = [{"sku": desk.bought.sku, "quantity": quantity}]
    assert desk.claim(lines=lines).status_code == 422


def test_strangers_find_neither_order_nor_claim(desk: Desk) -> None:
    made = desk.claim().json["id"]
    foreign = token(a_manager(a_cooperative()).user_id)
    stranger = token(an_actor().user_id)
    assert desk.claim(stranger).status_code == 404
    assert desk.client.get(desk.path, headers=stranger).status_code == 404
    assert desk.client.get(desk.path, headers=foreign).status_code == 404
    assert desk.answer(made, foreign).status_code == 404
    assert desk.answer(made, desk.buyer).status_code == 403
    assert (
        desk.answer(made, token(a_manager(desk.bought.home, role=Role.KEEPER).user_id)).status_code
        == 403
    )
    one = [{"sku": desk.bought.sku, "quantity": 1}]
    assert desk.claim(lines=one, pictures=[a_picture(an_actor())]).status_code == 404
    assert desk.claim(lines=one, pictures=[2**40]).status_code == 404
    assert desk.claim({"Authorization": "Bearer no"}).status_code == 401


def test_sellers_and_the_operator_read_the_claims_they_answer(desk: Desk) -> None:
    made = desk.claim(note="<script>alert(1)</script>").json["id"]
    for who in (desk.clerk, token(an_operator().user_id)):
        listed = desk.client.get(desk.path, headers=who).json["items"]
        assert [(c["id"], c["note"]) for c in listed] == [(made, "<script>alert(1)</script>")]


def test_the_same_key_gives_the_same_claim(desk: Desk, app: Flask) -> None:
    who = desk.buyer | {"Idempotency-Key": "claim-1"}
    first, again = desk.claim(who), desk.claim(who)
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json["id"] == again.json["id"]
    assert again.headers["Idempotency-Replayed"] == "true"
