"""FAULTS 25, 26, 28, 32 and 42: the payment hooks over HTTP, by raw bodies."""

import json
from datetime import timedelta
from functools import partial
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from prometheus_client import REGISTRY
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from shop.db import db
from shop.domain.notices.models import Message
from shop.domain.orders.models import Order
from shop.domain.orders.states import OrderStatus
from shop.domain.outbox.models import InboxEvent
from shop.domain.payments.gateways import envelope
from shop.domain.payments.models import Payment, PaymentHistory
from tests.api.stripe_shop import PROVIDERS, both_doors, fake, settings
from tests.builders import a_sku
from tests.conftest import NOON, Race
from tests.fakes.doors import JUNK, SECRETS
from tests.invariants import assert_sound
from tests.money import a_payment, place
from tests.seen import order_now, payment_now, stock

PROBLEM = "application/problem+json; charset=utf-8"
REFUSED = "shop_hook_signatures_refused_total"

__all__ = ["fake", "settings"]
pytestmark = both_doors


def stamped(body: bytes, *, late_s: int = 0, secret: str = SECRETS[0]) -> str:
    """The signature of a message that was sent ``late_s`` seconds ago."""
    return envelope.sign(body, secret=secret, now=NOON - timedelta(seconds=late_s))


def post(client: FlaskClient, provider: str, body: bytes, signature: str | None) -> TestResponse:
    headers = {} if signature is None else {PROVIDERS[provider]: signature}
    address = f"/api/hooks/{provider}"
    return client.post(address, data=body, headers=headers, content_type="application/json")


def say(client: FlaskClient, provider: str, body: bytes) -> TestResponse:
    return post(client, provider, body, stamped(body))


def a_wish(provider: str) -> tuple[Order, Payment]:
    order = place({a_sku(on_hand=3): 1})
    return order, a_payment(order, gateway=provider)


def a_message(provider: str, order: Order, payment: Payment, **changes: Any) -> bytes:
    """The provider's own words for money that has arrived; ``changes`` to what it is about."""
    number = changes.pop("order_number", order.number)
    if provider == "sandbox":
        about = {
            "payment_id": payment.id,
            "order_number": number,
            "amount_fen": payment.amount_fen,
            "currency": "CNY",
        } | changes
        event = {"type": "payment.succeeded", "created": "2026-03-02T04:00:00Z", "data": about}
    else:
        thing = {
            "id": payment.provider_id,
            "object": "payment_intent",
            "amount": payment.amount_fen,
            "amount_received": payment.amount_fen,
            "currency": "cny",
            "metadata": {"payment_id": str(payment.id), "order_number": number},
        } | changes
        event = {
            "type": "payment_intent.succeeded",
            "created": int(NOON.timestamp()),
            "livemode": False,
            "data": {"object": thing},
        }
    return json.dumps({"id": f"evt_{payment.id}"} | event, indent=1).encode()


def kept() -> list[tuple[str, str | None]]:
    """(what became of it, why) of every stored event."""
    db.session.rollback()
    query = select(InboxEvent.status, InboxEvent.reason).order_by(InboxEvent.id)
    found = [(str(status), reason) for status, reason in db.session.execute(query)]
    db.session.rollback()
    return found


def refused(provider: str) -> float:
    return REGISTRY.get_sample_value(REFUSED, {"provider": provider}) or 0.0


def code(answer: TestResponse) -> tuple[int, str]:
    assert answer.headers["Content-Type"] == PROBLEM
    return answer.status_code, answer.get_json(force=True)["code"]


def test_what_the_provider_did_not_sign_just_now_is_refused_counted_and_leaves_no_row(
    ctx: Flask, client: FlaskClient
) -> None:
    for provider in PROVIDERS:
        order, payment = a_wish(provider)
        body = a_message(provider, order, payment)
        good = stamped(body)
        bad: dict[str, tuple[bytes, str | None]] = {
            "missing": (body, None),
            "empty": (body, ""),
            "of another": (body, stamped(body, secret="whsec_somebody")),
            "v0 alone": (body, good.replace("v1=", "v0=")),
            "no time": (body, good.partition(",")[2]),
            "two times": (body, f"t=1,{good}"),
            "said of another body": (body, stamped(body + b" ")),
            "written anew": (json.dumps(json.loads(body)).encode(), good),
            "301 s old": (body, stamped(body, late_s=301)),
            "61 s ahead": (body, stamped(body, late_s=-61)),
            "not ascii": (body, "t=١,v1=ß"),
        }
        before = refused(provider)
        for why, (sent, signature) in bad.items():
            answer = post(client, provider, sent, signature)
            assert code(answer) == (400, "webhook-signature-invalid"), why
        assert refused(provider) == before + len(bad)
        assert order_now(order).status is OrderStatus.PENDING_PAYMENT
    assert kept() == []
    seen = client.get("/metrics", headers={"Authorization": "Bearer only-for-tests"}).data
    assert f'{REFUSED}{{provider="stripe"}}'.encode() in seen


def test_a_message_at_the_edge_of_time_or_by_the_secret_that_leaves_is_heard(
    ctx: Flask, client: FlaskClient
) -> None:
    for provider in PROVIDERS:
        before = refused(provider)
        for how in ({"late_s": 300}, {"late_s": -60}, {"secret": SECRETS[1]}):
            order, payment = a_wish(provider)
            body = a_message(provider, order, payment)
            answer = post(client, provider, body, stamped(body, **how))  # type: ignore[arg-type]
            assert (answer.status_code, answer.json) == (200, {"status": "applied"}), how
            assert order_now(order).status is OrderStatus.PAID
        assert refused(provider) == before
    assert_sound()


def test_signed_junk_is_malformed_or_too_large_and_never_an_accident(
    ctx: Flask, client: FlaskClient
) -> None:
    for provider in PROVIDERS:
        before = refused(provider)
        for body in JUNK:
            expected = (413, "payload-too-large") if len(body) > 2**20 else (400, "malformed-body")
            assert code(say(client, provider, body)) == expected, body[:60]
        assert refused(provider) == before
    assert kept() == []


def test_one_event_posted_fifty_times_at_once_is_200_to_all_and_one_effect(
    ctx: Flask, race: Race
) -> None:
    sku = a_sku(on_hand=9)
    order = place({sku: 1})
    payment = a_payment(order)
    body = a_message("stripe", order, payment)
    answers = race(50, lambda _: say(ctx.test_client(), "stripe", body))
    assert [answer.status_code for answer in answers] == [200] * 50
    said = sorted(answer.json["status"] for answer in answers)
    assert said == ["applied"] + ["duplicate"] * 49
    assert kept() == [("applied", None)]
    assert (payment_now(payment.id).status, stock(sku)) == ("captured", (8, 0, 0))
    steps = select(func.count(PaymentHistory.id)).where(PaymentHistory.to_status == "captured")
    told = select(func.count(Message.id)).where(Message.template == "order-paid")
    assert (db.session.scalar(steps), db.session.scalar(told)) == (1, 1)
    assert_sound()


def test_what_a_retry_cannot_help_is_200_and_kept(ctx: Flask, client: FlaskClient) -> None:
    for provider in PROVIDERS:
        order, payment = a_wish(provider)
        message = partial(a_message, provider, order, payment)
        amount = "amount_fen" if provider == "sandbox" else "amount_received"
        later = json.loads(message()) | {
            "id": f"evt_{provider}_later",
            "type": "payment_intent.invented_later",
            "api_version": "2031-01-01.acacia",
            "new": {"field": [1, None]},
        }
        wrong = json.loads(message(**{amount: 1})) | {"id": f"evt_{provider}_amount"}
        other = json.loads(message(order_number="260302-SOMEBODY22"))
        other |= {"id": f"evt_{provider}_order"}
        for event, said in ((later, "ignored"), (wrong, "quarantined"), (other, "quarantined")):
            answer = say(client, provider, json.dumps(event).encode())
            assert (answer.status_code, answer.json) == (200, {"status": said})
        assert order_now(order).status is OrderStatus.PENDING_PAYMENT
        payload = db.session.scalar(
            select(InboxEvent.payload).where(InboxEvent.event_id == f"evt_{provider}_later")
        )
        assert payload is not None
        assert payload["raw"] == later
    whys = [("ignored", None), ("quarantined", "another amount"), ("quarantined", "another order")]
    assert kept() == whys * 2
