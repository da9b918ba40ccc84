"""Stripe misbehaves: every call of the door still ends in time, and money moves at most once."""

import socket
import time
from collections.abc import Callable, Iterator
from threading import Thread
from typing import Any

import pytest

from shop.domain.payments.gateways.base import (
    GatewayDown,
    GatewayRefused,
    Method,
    Outcome,
    OutcomeUnknown,
    RefundOutcome,
)
from shop.domain.payments.gateways.stripe import StripeGateway
from shop.domain.payments.gateways.transport import Transport
from shop.kernel.circuit import Circuit
from tests.fakes.doors import SECRETS, StripeDoor, a_charge, a_refund
from tests.fakes.stripe_server import FakeStripe

INTENTS, SESSIONS, REFUNDS = "/v1/payment_intents", "/v1/checkout/sessions", "/v1/refunds"


@pytest.fixture
def fake() -> Iterator[FakeStripe]:
    with FakeStripe() as fake:
        yield fake


@pytest.fixture
def door(fake: FakeStripe) -> StripeDoor:
    return StripeDoor(fake, budget_s=3.0)


def a_gateway(url: str, *, budget_s: float, circuit: Circuit | None = None) -> StripeGateway:
    transport = Transport(circuit=circuit or Circuit("stripe"), budget_s=budget_s)
    return StripeGateway(
        secret_key="sk_test_fake", webhook_secrets=SECRETS, api_base=url, transport=transport
    )


def seconds(call: Callable[[], object]) -> float:
    began = time.monotonic()
    call()
    return time.monotonic() - began


@pytest.mark.parametrize(("method", "path"), [(Method.ALIPAY, INTENTS), (Method.CARD, SESSIONS)])
@pytest.mark.parametrize("kind", ["drop_after", "drop_before"])
def test_a_lost_reply_is_asked_again_with_the_same_key(
    fake: FakeStripe, door: StripeDoor, kind: Any, method: Method, path: str
) -> None:
    fake.fail(kind, times=2)
    intent = door.gateway.start(a_charge(method=method))
    assert intent.outcome is Outcome.REQUIRES_ACTION
    assert (fake.count("POST", path), fake.keys(path), door.charged()) == (3, {"pay-41"}, 1)


def test_a_lost_refund_reply_refunds_once(fake: FakeStripe, door: StripeDoor) -> None:
    provider_id = door.gateway.start(a_charge()).provider_id
    door.pay(provider_id)
    fake.fail("drop_after", match=REFUNDS)
    assert door.gateway.refund(a_refund(provider_id)).outcome is RefundOutcome.SUCCEEDED
    assert (door.refunded_fen(), fake.keys(REFUNDS)) == (1000, {"refund-5"})


@pytest.mark.parametrize("status", [409, 429, 500, 503])
def test_a_passing_trouble_is_asked_again(fake: FakeStripe, door: StripeDoor, status: int) -> None:
    fake.fail("status", status=status, times=2)
    assert door.gateway.start(a_charge()).provider_id.startswith("pi_")
    assert (fake.count("POST", INTENTS), door.charged()) == (3, 1)


@pytest.mark.parametrize(
    ("status", "told"), [(409, OutcomeUnknown), (429, GatewayDown), (500, OutcomeUnknown)]
)
def test_a_lasting_trouble_ends_after_three_tries(
    fake: FakeStripe, door: StripeDoor, status: int, told: type[Exception]
) -> None:
    fake.fail("status", status=status, times=99)
    with pytest.raises(told):
        door.gateway.start(a_charge())
    assert (fake.count("POST", INTENTS), fake.keys(INTENTS)) == (3, {"pay-41"})
    with pytest.raises(OutcomeUnknown if status == 409 else GatewayDown):
        door.gateway.look("pi_any")


def test_stripes_own_word_ends_the_tries(fake: FakeStripe, door: StripeDoor) -> None:
    fake.fail("status", times=9, headers=(("Stripe-Should-Retry", "false"),))
    with pytest.raises(OutcomeUnknown):
        door.gateway.start(a_charge())
    assert fake.count("POST", INTENTS) == 1


def test_a_pause_longer_than_the_deadline_is_not_waited_for(
    fake: FakeStripe, door: StripeDoor
) -> None:
    fake.fail("status", status=429, times=9, headers=(("Retry-After", "60"),))

    def start() -> None:
        with pytest.raises(GatewayDown):
            door.gateway.start(a_charge())

    assert seconds(start) < 1
    assert fake.count("POST", INTENTS) == 1


def test_a_slow_effect_is_unknown_and_the_same_key_finds_it(
    fake: FakeStripe, door: StripeDoor
) -> None:
    fake.fail("slow_after", times=3, match=f"POST {INTENTS}")

    def start() -> None:
        with pytest.raises(OutcomeUnknown):
            door.gateway.start(a_charge())

    assert seconds(start) < 3.5
    fake.well()
    assert door.gateway.start(a_charge()).outcome is Outcome.REQUIRES_ACTION
    assert (door.charged(), fake.keys(INTENTS)) == (1, {"pay-41"})


def test_with_its_real_deadlines_a_silent_stripe_is_answered_within_ten_seconds(
    fake: FakeStripe,
) -> None:
    gateway = StripeGateway(secret_key=fake.api_key, webhook_secrets=SECRETS, api_base=fake.url)
    fake.fail("slow_before", times=9)

    def look() -> None:
        with pytest.raises(GatewayDown):
            gateway.look("pi_any")

    assert 8 <= seconds(look) < 10


def test_a_dripping_answer_does_not_outlast_the_deadline() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def drip() -> None:
            peer, _ = listener.accept()
            with peer:
                peer.recv(65536)
                peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n{")
                try:
                    while True:
                        peer.sendall(b" ")
                        time.sleep(0.05)
                except OSError:
                    return

        Thread(target=drip, daemon=True).start()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"

        def look() -> None:
            with pytest.raises(GatewayDown):
                a_gateway(url, budget_s=1.0).look("pi_any")

        assert seconds(look) < 2


def test_nobody_at_the_other_end_means_nothing_happened() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
    with pytest.raises(GatewayDown):
        a_gateway(url, budget_s=2.0).start(a_charge())


def test_an_answer_that_is_no_json_is_unknown() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def talk() -> None:
            peer, _ = listener.accept()
            with peer:
                peer.recv(65536)
                peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n<html")

        Thread(target=talk, daemon=True).start()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        with pytest.raises(OutcomeUnknown):
            a_gateway(url, budget_s=1.0).start(a_charge())


def test_twins_with_one_key_charge_once(fake: FakeStripe, door: StripeDoor) -> None:
    fake.fail("slow_after", seconds=0.4, match=f"POST {INTENTS}")
    got: list[str] = []
    twins = [
        Thread(target=lambda: got.append(door.gateway.start(a_charge()).provider_id))
        for _ in range(2)
    ]
    for twin in twins:
        twin.start()
    for twin in twins:
        twin.join()
    assert len(got) == 2
    assert len(set(got)) == 1
    assert door.charged() == 1


def test_a_refused_wallet_is_told_with_its_reason(fake: FakeStripe, door: StripeDoor) -> None:
    fake.account.decline_code = "insufficient_funds"
    with pytest.raises(GatewayRefused) as refused:
        door.gateway.start(a_charge())
    assert refused.value.decline_code == "insufficient_funds"
    assert refused.value.code == "payment-declined"
    fake.account.decline_code = None
    second = door.gateway.start(a_charge(payment_id=42, idempotency_key="pay-42"))
    assert second.outcome is Outcome.REQUIRES_ACTION


def test_a_wrong_key_is_no_answer_to_the_buyer(fake: FakeStripe) -> None:
    gateway = StripeGateway(
        secret_key="sk_test_revoked", webhook_secrets=SECRETS, api_base=fake.url
    )
    with pytest.raises(GatewayDown):
        gateway.start(a_charge())


def test_after_some_failures_the_circuit_answers_for_stripe_until_it_is_well(
    fake: FakeStripe,
) -> None:
    at = [0.0]
    circuit = Circuit("stripe", failures=3, rest_s=30, clock=lambda: at[0])
    gateway = a_gateway(fake.url, budget_s=1.0, circuit=circuit)
    fake.fail("drop_before", times=99)
    for _ in range(3):
        with pytest.raises(OutcomeUnknown):
            gateway.start(a_charge())
    seen = len(fake.calls)

    def start() -> None:
        with pytest.raises(GatewayDown) as down:
            gateway.start(a_charge())
        assert down.value.facts["retry_after"] == 31

    assert seconds(start) < 0.1
    assert len(fake.calls) == seen
    fake.well()
    at[0] = 30.0
    assert gateway.start(a_charge()).outcome is Outcome.REQUIRES_ACTION
    assert not circuit.is_open


def test_a_refusal_does_not_open_the_circuit(door: StripeDoor) -> None:
    for _ in range(9):
        with pytest.raises(GatewayRefused):
            door.gateway.look("pi_nobody")
    assert not door.circuit.is_open
