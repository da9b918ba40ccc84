"""FAULTS 49 over HTTP: what is no sum of fen, or more than was bought, is refused unwritten."""

import json
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text

from shop.db import db
from shop.domain.accounts.states import Role
from tests.builders import a_sku, a_token, a_user
from tests.invariants import assert_sound
from tests.money import a_paid
from tests.seen import refunds_of

TABLES = ("orders", "order_line", "order_part", "payment", "refund", "refund_line",
          "payment_history", "order_history", "outbox_message", "message")  # fmt: skip
FIELDS = {"validation-error", "unknown-field"}
AMOUNTS = ["0", "-1", "0.5", '"1.00"', '"100"', "1e2", "1.0", "true", "[]", str(2**63)]
UNITS = ["0", "-1", "1.5", '"1"', "1e0", "null", "true", str(2**63)]


def everything() -> list[Any]:
    db.session.rollback()
    rows = [db.session.execute(text(f"SELECT * FROM {name} ORDER BY 1")).all() for name in TABLES]
    db.session.rollback()
    return list(rows)


def test_a_refund_of_what_is_no_money_or_too_much_is_422_and_writes_nothing(
    ctx: Flask, client: FlaskClient
) -> None:
    sku = a_sku(on_hand=9, price_fen=1000)
    order = a_paid({sku: 3})
    operator = {"Authorization": f"Bearer {a_token(a_user(roles=(Role.OPERATOR,)))}"}
    reason = '"reason": "演示"'
    bad = [f'{{"amount_fen": {amount}, {reason}}}' for amount in AMOUNTS]
    bad += [f'{{"lines": [{{"sku": "{sku}", "quantity": {n}}}], {reason}}}' for n in UNITS]
    line = f'{{"sku": "{sku}", "quantity": 1}}'
    bad += [
        f'{{"amount_fen": 100, "currency": "USD", {reason}}}',
        f'{{"amount_fen": 100, "currency": "CNY", {reason}}}',
        f'{{"amount_usd": 100, {reason}}}',
        f'{{"lines": [{line}, {line}], {reason}}}',
        f'{{"lines": [], {reason}}}',
        '{"amount_fen": 100}',
    ]
    too_much = [
        f'{{"amount_fen": {order.total_fen + 1}, {reason}}}',
        f'{{"amount_fen": {2**31}, {reason}}}',
        f'{{"lines": [{{"sku": "{sku}", "quantity": 4}}], {reason}}}',
        f'{{"lines": [{line}], "amount_fen": {order.total_fen + 1}, {reason}}}',
    ]
    before = everything()

    def ask(body: str) -> Any:
        return client.post(
            f"/api/v1/orders/{order.number}/refunds",
            data=body.encode(),
            content_type="application/json",
            headers=operator | {"Idempotency-Key": "one-key"},
        )

    for body in bad:
        answer = ask(body)
        assert answer.status_code == 422, body
        assert answer.get_json(force=True)["code"] in FIELDS, body
    for body in too_much:
        answer = ask(body)
        known = (answer.status_code, answer.get_json(force=True)["code"])
        assert known == (422, "refund-exceeds-captured"), body
    assert everything() == before
    good = ask(json.dumps({"lines": [{"sku": sku, "quantity": 3}], "reason": "演示"}))
    assert (good.status_code, good.json["amount_fen"]) == (201, 3000)
    owed = [refund.amount_fen for refund in refunds_of(order)]
    assert owed == [3000, order.total_fen - 3000], "the goods asked for, then the unused freight"
    assert_sound()
