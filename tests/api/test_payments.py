"""FAULTS 33 and 36: who is refused may pay again, and of who claims to have paid proof is asked."""

from collections.abc import Callable
from functools import partial

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from shop.domain.orders.states import OrderStatus
from shop.kernel.clock import utc_now
from tests.api.stripe_shop import (
    PROVIDERS,
    a_reader,
    bearer,
    both_doors,
    fake,
    pay_at,
    settings,
    start,
)
from tests.builders import a_sku, an_actor
from tests.conftest import FixedClock
from tests.fakes.stripe_server import FakeStripe
from tests.invariants import assert_sound
from tests.money import place
from tests.seen import order_now, payment_now, stock

__all__ = ["fake", "settings"]
pytestmark = both_doors


def test_a_refused_payment_is_402_with_its_reason_keeps_the_goods_and_another_pays(
    ctx: Flask, client: FlaskClient, fake: FakeStripe
) -> None:
    sku = a_sku(on_hand=3)
    order = place({sku: 1})
    fake.account.decline_code = "insufficient_funds"
    refused = start(client, order, "stripe")
    fake.account.decline_code = None
    body = refused.get_json(force=True)
    assert (refused.status_code, body["code"]) == (402, "payment-declined")
    assert (body["decline_code"], body["retryable"]) == ("insufficient_funds", False)
    seen = order_now(order)
    assert (seen.status, stock(sku)) == (OrderStatus.PENDING_PAYMENT, (3, 1, 0))
    assert seen.expires_at >= order.expires_at
    again = start(client, order, "stripe", key="k-2")
    assert (again.status_code, again.json["next_action"]["type"]) == (201, "redirect")
    pay_at("stripe", again.json["id"], fake)
    shown = client.get(f"/api/v1/payments/{again.json['id']}", headers=bearer(order.buyer_id))
    assert (shown.json["status"], order_now(order).status) == ("captured", OrderStatus.PAID)
    assert_sound()


def test_a_card_refused_on_the_providers_page_leaves_the_page_open_for_another(
    ctx: Flask, client: FlaskClient, clock: FixedClock, fake: FakeStripe
) -> None:
    clock.now = utc_now()
    sku = a_sku(on_hand=3)
    order = place({sku: 1}, now=clock.now)
    started = start(client, order, "stripe", method="card")
    assert started.status_code == 201, started.json
    payment_id, me = started.json["id"], bearer(order.buyer_id)
    look = partial(client.get, f"/api/v1/payments/{payment_id}", headers=me)
    fake.account.decline(str(payment_now(payment_id).provider_id), "expired_card")
    assert look().json["status"] == "requires_action"
    assert look().json["next_action"] == started.json["next_action"]
    assert (order_now(order).status, stock(sku)) == (OrderStatus.PENDING_PAYMENT, (3, 1, 0))
    pay_at("stripe", payment_id, fake)
    assert look().json["status"] == "captured"
    assert order_now(order).status is OrderStatus.PAID
    assert_sound()


def test_what_the_address_of_the_return_page_claims_is_never_believed(
    ctx: Flask, client: FlaskClient, fake: FakeStripe
) -> None:
    for provider in PROVIDERS:
        order = place({a_sku(on_hand=3): 1})
        started = start(client, order, provider)
        assert started.status_code == 201, started.json
        payment_id = started.json["id"]
        forged = {
            "redirect_status": "succeeded",
            "status": "succeeded",
            "payment_intent": str(payment_now(payment_id).provider_id),
            "payment_id": payment_id,
            "trade_status": "TRADE_SUCCESS",
        }
        page, browser = f"/orders/{order.number}/paid", a_reader(ctx, order.buyer_id)
        look: Callable[[], TestResponse] = partial(browser.get, page, query_string=forged)
        fake.fail("status", status=401, match="GET /v1/payment_intents")
        for _ in range(2):
            assert look().headers["Location"] == f"/orders/{order.number}"
            assert order_now(order).status is OrderStatus.PENDING_PAYMENT
        fake.well()
        assert a_reader(ctx, an_actor().user_id or 0).get(page).status_code == 404
        pay_at(provider, payment_id, fake)
        assert order_now(order).status is OrderStatus.PENDING_PAYMENT
        assert look().status_code == 303
        assert order_now(order).status is OrderStatus.PAID
    assert_sound()
