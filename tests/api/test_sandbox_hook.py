"""The sandbox's hook as an outside client speaks to it: by the fields of the contract alone."""

import json
from itertools import count
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from shop.db import db
from shop.domain.compliance.models import Task
from shop.domain.compliance.states import TaskKind
from shop.domain.orders.models import Order
from shop.domain.orders.states import OrderStatus
from shop.domain.payments.gateways.envelope import sign
from shop.domain.payments.models import Payment, Refund
from shop.domain.payments.states import PaymentStatus, RefundStatus
from tests.builders import a_sku, an_actor
from tests.conftest import NOON
from tests.invariants import assert_sound
from tests.money import a_payment, an_event, place, refund, told
from tests.seen import order_now, payment_now, refund_now

_numbers = count(1)


class Hook:
    """A client with the secret."""

    def __init__(self, client: FlaskClient, house: Flask) -> None:
        self.client = client
        self.sku = a_sku(on_hand=90, price_fen=1000)
        self.buyer = an_actor()

    def begun(self) -> tuple[Order, Payment]:
        """An order that waits for its money, asked for at the sandbox."""
        order = place({self.sku: 2}, buyer=self.buyer)
        return order, a_payment(order, gateway="sandbox")

    def paid(self) -> tuple[Order, Payment]:
        order, payment = self.begun()
        told(an_event(payment, order), source="sandbox")
        return order, payment

    def tell(self, type_: str, data: dict[str, Any]) -> str:
        """What the hook answers."""
        event = {"id": f"told_{next(_numbers)}", "type": type_, "created": 1772424000, "data": data}
        body = json.dumps(event).encode()
        answer = self.client.post(
            "/api/hooks/sandbox",
            data=body,
            headers={
                "Content-Type": "application/json",
                "Sandbox-Signature": sign(body, secret="only-for-tests-sandbox", now=NOON),
            },
        )
        assert answer.status_code == 200
        return str(answer.get_json()["status"])


@pytest.fixture
def hook(client: FlaskClient, ctx: Flask) -> Hook:
    return Hook(client, ctx)


def about(payment: Payment, order: Order, **changes: Any) -> dict[str, Any]:
    """Exactly the data of the contract."""
    data = {
        "payment_id": payment.id,
        "order_number": order.number,
        "amount_fen": payment.amount_fen,
        "currency": "CNY",
    }
    return data | changes


def about_refund(owed: Refund, order: Order, **changes: Any) -> dict[str, Any]:
    data = {
        "payment_id": owed.payment_id,
        "order_number": order.number,
        "amount_fen": owed.amount_fen,
        "currency": "CNY",
    }
    return data | changes


def without(data: dict[str, Any], *names: str) -> dict[str, Any]:
    return {key: value for key, value in data.items() if key not in names}


def tasks() -> list[tuple[TaskKind, str]]:
    db.session.rollback()
    return [(t.kind, t.summary) for t in db.session.scalars(select(Task).order_by(Task.id))]


def test_a_success_that_does_not_prove_what_was_paid_pays_nothing(hook: Hook) -> None:
    """FAULTS 32: what is missing or unreadable is quarantined as what is wrong."""
    order, payment = hook.begun()
    whole = about(payment, order)
    unfit = [
        {"payment_id": payment.id},
        *[without(whole, name) for name in ("amount_fen", "currency", "order_number")],
        *[whole | {"amount_fen": x} for x in (None, 1.5, "28.00", "2800.0", True, [2800], -2800)],
        *[whole | {"currency": x} for x in (None, "", 5, "USD", "CNYX" * 100)],
        *[whole | {"order_number": x} for x in (None, "", 123, "OTHER", {"number": order.number})],
    ]
    for data in unfit:
        assert hook.tell("payment.succeeded", data) == "quarantined", data
        assert order_now(order).status is OrderStatus.PENDING_PAYMENT
        assert payment_now(payment.id).captured_at is None
    assert {kind for kind, _ in tasks()} == {TaskKind.QUARANTINED_PAYMENT}
    assert len(tasks()) == len(unfit)
    assert {"no amount", "no currency", "no order"} <= {why for _, why in tasks()}
    assert hook.tell("payment.succeeded", whole) == "applied"
    assert order_now(order).status is OrderStatus.PAID
    assert_sound()


def test_a_failure_needs_no_proof(hook: Hook) -> None:
    order, payment = hook.begun()
    assert hook.tell("payment.failed", {"payment_id": payment.id}) == "applied"
    assert payment_now(payment.id).status is PaymentStatus.FAILED
    assert order_now(order).status is OrderStatus.PENDING_PAYMENT


def test_a_refund_is_told_by_its_payment_and_amount(hook: Hook) -> None:
    order, payment = hook.paid()
    first, second = refund(order, amount_fen=100), refund(order, amount_fen=200)
    assert hook.tell("refund.succeeded", about_refund(second, order)) == "applied"
    assert refund_now(second.id).status is RefundStatus.SUCCEEDED
    assert refund_now(first.id).status is RefundStatus.DUE
    assert hook.tell("refund.succeeded", about_refund(second, order)) == "applied"
    assert hook.tell("refund.failed", about_refund(first, order)) == "applied"
    assert refund_now(first.id).status is RefundStatus.FAILED
    assert payment_now(payment.id).refunded_fen == 200
    assert hook.tell("refund.failed", about_refund(second, order)) == "applied"
    assert refund_now(second.id).status is RefundStatus.FAILED
    assert_sound()


def test_a_refund_that_could_be_another_is_quarantined(hook: Hook) -> None:
    order, _ = hook.paid()
    twins = [refund(order, amount_fen=100) for _ in range(2)]
    other, _ = hook.paid()
    lone = refund(order, amount_fen=300)
    unfit = [
        about_refund(twins[0], order),
        about_refund(lone, other),
        *[about_refund(lone, order, amount_fen=x) for x in (301, None, 3.5)],
        *[about_refund(lone, order, currency=x) for x in (None, "USD")],
    ]
    for data in unfit:
        assert hook.tell("refund.succeeded", data) == "quarantined", data
    for owed in (*twins, lone):
        assert refund_now(owed.id).status is RefundStatus.DUE
    assert hook.tell("refund.succeeded", about_refund(lone, order)) == "applied"
    assert_sound()
