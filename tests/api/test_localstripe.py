"""The Stripe gateway against localstripe, for what it has of ours."""

import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from queue import Queue
from threading import Thread
from typing import Any

import pytest
import requests

from shop.domain.payments.gateways.base import (
    BadSignature,
    GatewayDown,
    GatewayRefused,
    Outcome,
    RefundOutcome,
)
from shop.domain.payments.gateways.stripe import StripeGateway
from shop.kernel.clock import utc_now
from tests.fakes.doors import a_refund

KEY, SECRET = "sk_test_local", "whsec_local"
CARD = {"exp_month": "12", "exp_year": "2030", "cvc": "123"}


@pytest.fixture(scope="module")
def local_url() -> Iterator[str]:
    command = [sys.executable, "-m", "tests.fakes.localstripe_app"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        yield f"http://127.0.0.1:{int(process.stdout.readline())}"
        process.terminate()


@pytest.fixture
def gateway(local_url: str) -> StripeGateway:
    return StripeGateway(secret_key=KEY, webhook_secrets=(SECRET,), api_base=local_url)


def post(url: str, path: str, **form: str) -> dict[str, Any]:
    answer = requests.post(f"{url}{path}", data=form, auth=(KEY, ""), timeout=5)
    found: dict[str, Any] = answer.json()
    return found


def pay(url: str, *, card: str = "4242424242424242") -> str:
    """A card payment of payment 41, made as a provider's page would."""
    card_form = {f"card[{name}]": value for name, value in (CARD | {"number": card}).items()}
    method = post(url, "/v1/payment_methods", type="card", **card_form)
    intent = post(
        url,
        "/v1/payment_intents",
        amount="3680",
        currency="cny",
        payment_method=method["id"],
        **{"metadata[payment_id]": "41", "metadata[order_number]": "VL-7K2M-9QXA"},
    )
    post(url, f"/v1/payment_intents/{intent['id']}/confirm")
    return str(intent["id"])


def test_it_reads_a_captured_payment(gateway: StripeGateway, local_url: str) -> None:
    standing = gateway.look(pay(local_url))
    assert (standing.outcome, standing.amount_fen) == (Outcome.CAPTURED, 3680)
    assert (standing.payment_id, standing.order_number) == (41, "VL-7K2M-9QXA")


def test_it_reads_a_declined_payment(gateway: StripeGateway, local_url: str) -> None:
    standing = gateway.look(pay(local_url, card="4000000000000341"))
    assert (standing.outcome, standing.failure_code) == (Outcome.FAILED, "card_declined")


def test_it_refunds_a_part_and_reads_the_refund(gateway: StripeGateway, local_url: str) -> None:
    refund = gateway.refund(a_refund(pay(local_url)))
    assert (refund.outcome, refund.amount_fen) == (RefundOutcome.SUCCEEDED, 1000)
    assert gateway.look_refund(refund.provider_id) == refund


def test_it_lists_what_happened(gateway: StripeGateway, local_url: str) -> None:
    before = utc_now() - timedelta(seconds=2)
    provider_id = pay(local_url)
    captured = [
        event for event in gateway.recent_events(before) if event.provider_id == provider_id
    ]
    assert [(event.outcome, event.payment_id) for event in captured] == [(Outcome.CAPTURED, 41)]


def test_it_maps_errors(gateway: StripeGateway, local_url: str) -> None:
    with pytest.raises(GatewayRefused):
        gateway.look("pi_nobody")
    declined = pay(local_url, card="4000000000000341")
    with pytest.raises(GatewayRefused):
        gateway.refund(a_refund(declined))
    stranger = StripeGateway(secret_key="nokey", webhook_secrets=(SECRET,), api_base=local_url)
    with pytest.raises(GatewayDown):
        stranger.look(declined)


def test_it_accepts_the_signature_of_a_real_webhook(gateway: StripeGateway, local_url: str) -> None:
    got: Queue[tuple[bytes, dict[str, str]]] = Queue()

    class Hook(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            got.put((self.rfile.read(int(self.headers["Content-Length"])), dict(self.headers)))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Stay quiet."""

    with HTTPServer(("127.0.0.1", 0), Hook) as hook:
        Thread(target=hook.serve_forever, args=(0.05,), daemon=True).start()
        url = f"http://127.0.0.1:{hook.server_port}/"
        form = {"url": url, "secret": SECRET, "events[]": "payment_intent.succeeded"}
        requests.post(f"{local_url}/_config/webhooks/ours", data=form, timeout=5)
        provider_id = pay(local_url)
        event = None
        while event is None or event.provider_id != provider_id:
            body, headers = got.get(timeout=10)
            event = gateway.read_event(body, headers, now=utc_now())
        hook.shutdown()
    assert (event.payment_id, event.outcome) == (41, Outcome.CAPTURED)
    with pytest.raises(BadSignature):
        gateway.read_event(body + b" ", headers, now=utc_now())
