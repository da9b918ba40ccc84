"""What Stripe says of itself by messages, late or twice or before its own answers."""

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any

import pytest
import requests

from shop.domain.payments.gateways.base import (
    Method,
    Outcome,
    OutcomeUnknown,
    RefundOutcome,
)
from shop.kernel.clock import utc_now
from tests.fakes.doors import StripeDoor, a_charge, a_refund
from tests.fakes.stripe_server import FakeStripe

INTENTS = "/v1/payment_intents"


@pytest.fixture
def fake() -> Iterator[FakeStripe]:
    with FakeStripe() as fake:
        yield fake


@pytest.fixture
def door(fake: FakeStripe) -> StripeDoor:
    return StripeDoor(fake, budget_s=3.0)


def read(door: StripeDoor, event: dict[str, Any]) -> Any:
    body, headers = door.fake.signed(event)
    return door.gateway.read_event(body, headers, now=utc_now())


def test_a_refused_card_leaves_the_checkout_open_for_another(
    fake: FakeStripe, door: StripeDoor
) -> None:
    provider_id = door.gateway.start(a_charge(method=Method.CARD)).provider_id
    door.decline(provider_id)
    standing = door.gateway.look(provider_id)
    assert standing.outcome is Outcome.REQUIRES_ACTION
    assert standing.failure_code == "insufficient_funds"
    door.pay(provider_id)
    outcomes = [
        read(door, event).outcome
        for event in fake.events_of()
        if read(door, event).kind == "payment"
    ]
    assert Outcome.FAILED not in outcomes
    assert outcomes[-1] is Outcome.CAPTURED


def test_a_refund_may_wait_and_then_fail(fake: FakeStripe, door: StripeDoor) -> None:
    provider_id = door.gateway.start(a_charge()).provider_id
    door.pay(provider_id)
    fake.account.refunds_wait = True
    refund = door.gateway.refund(a_refund(provider_id))
    assert refund.outcome is RefundOutcome.PENDING
    fake.account.settle_refund(refund.provider_id, failure="lost_or_stolen_card")
    failed = door.gateway.look_refund(refund.provider_id)
    assert (failed.outcome, failed.failure_code) == (RefundOutcome.FAILED, "lost_or_stolen_card")
    told = read(door, fake.events_of("refund.failed")[0])
    assert (told.outcome, told.refund_id) == (RefundOutcome.FAILED, 5)


def test_more_events_than_a_page_are_all_found(fake: FakeStripe, door: StripeDoor) -> None:
    before = utc_now()
    for number in range(120):
        door.gateway.start(a_charge(payment_id=number, idempotency_key=f"pay-{number}"))
    found = door.gateway.recent_events(before.replace(microsecond=0))
    assert [event.event_id for event in found] == [one["id"] for one in fake.events_of()]
    assert len(found) == 240


def test_stripe_hears_no_more_than_it_needs(fake: FakeStripe, door: StripeDoor) -> None:
    for method in Method:
        door.gateway.start(a_charge(method=method, idempotency_key=f"pay-{method}"))
    made = fake.made("payment_intent") + fake.made("checkout.session")
    assert {frozenset(one["metadata"]) for one in made} == {
        frozenset({"payment_id", "order_number"})
    }


def test_the_fake_refuses_what_stripes_types_do_not_know(fake: FakeStripe) -> None:
    for field in ("payment_method_types[0]", "shiping[name]", "metadata[a][b]"):
        answer = requests.post(
            f"{fake.url}{INTENTS}",
            data={"amount": "1", "currency": "cny", field: "card"},
            headers={"Authorization": f"Bearer {fake.api_key}"},
            timeout=5,
        )
        assert answer.status_code == 400, field
    assert fake.made("payment_intent") == []


@pytest.fixture
def heard(fake: FakeStripe, door: StripeDoor) -> Iterator[list[str]]:
    """The types of the events that a hook of ours accepted."""
    got: list[str] = []

    class Hook(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            event = door.gateway.read_event(body, dict(self.headers), now=utc_now())
            got.append(event.type.removeprefix("payment_intent."))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Stay quiet."""

    with HTTPServer(("127.0.0.1", 0), Hook) as hook:
        Thread(target=hook.serve_forever, args=(0.05,), daemon=True).start()
        fake.hook_url = f"http://127.0.0.1:{hook.server_port}/api/hooks/stripe"
        yield got
        hook.shutdown()


def test_a_message_may_come_before_the_answer_that_it_is_about(
    fake: FakeStripe, door: StripeDoor, heard: list[str]
) -> None:
    fake.inside_create = True
    fake.fail("drop_after", times=3)
    with pytest.raises(OutcomeUnknown):
        door.gateway.start(a_charge())
    assert heard == ["created", "requires_action"]


def test_messages_may_come_twice_and_in_any_order(
    fake: FakeStripe, door: StripeDoor, heard: list[str]
) -> None:
    door.pay(door.gateway.start(a_charge()).provider_id)
    statuses = fake.send_fresh(order=lambda events: events[::-1], times=2)
    assert statuses == [200] * 8
    assert heard[:4] == ["succeeded", "succeeded", "charge.succeeded", "charge.succeeded"]
