"""A shop that takes money by both doors, with the fake Stripe behind one of them."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from shop.config import Settings
from shop.domain.accounts.states import TokenKind
from shop.domain.orders.models import Order
from shop.domain.payments.gateways.sandbox import Decision, SandboxGateway
from shop.tools import tools
from tests.builders import a_token
from tests.fakes.doors import SECRETS
from tests.fakes.stripe_server import FakeStripe
from tests.seen import payment_now

PROVIDERS = {"stripe": "Stripe-Signature", "sandbox": "Sandbox-Signature"}
both_doors = pytest.mark.settings(
    gateways=("sandbox", "stripe"),
    sandbox_secrets=SECRETS,
    stripe_secret_key="sk_test_fake",
    stripe_webhook_secrets=SECRETS,
    metrics_token="only-for-tests",
    db_pool_size=25,
)


@pytest.fixture(scope="module")
def fake() -> Iterator[FakeStripe]:
    """One for a file, so that its tests share a shop."""
    with FakeStripe(secret=SECRETS[0]) as fake:
        yield fake


@pytest.fixture
def settings(settings: Settings, fake: FakeStripe) -> Settings:
    return replace(settings, stripe_api_base=fake.url)


def bearer(user_id: int) -> dict[str, str]:
    """The header of this person."""
    return {"Authorization": f"Bearer {a_token(user_id, now=tools().clock())}"}


def a_reader(app: Flask, user_id: int) -> FlaskClient:
    """A browser in which this person has signed in."""
    browser = app.test_client()
    with browser.session_transaction() as session:
        token = a_token(user_id, kind=TokenKind.PAGE, now=tools().clock())
        session["_user_id"], session["_fresh"] = token, True
    return browser


def start(
    client: FlaskClient, order: Order, provider: str, *, key: str = "k", method: str = "alipay"
) -> Any:
    """The buyer begins to pay."""
    return client.post(
        f"/api/v1/orders/{order.number}/payments",
        json={"gateway": provider, "method": method},
        headers=bearer(order.buyer_id) | {"Idempotency-Key": key},
    )


def pay_at(provider: str, payment_id: int, fake: FakeStripe) -> None:
    """The buyer pays on the provider's page; no message is sent."""
    provider_id = str(payment_now(payment_id).provider_id)
    if provider == "stripe":
        fake.account.complete_payment(provider_id)
    else:
        sandbox = tools().gateways["sandbox"]
        assert isinstance(sandbox, SandboxGateway)
        sandbox.decide(provider_id, decision=Decision.PAY, now=tools().clock())
