"""What every payment gateway must do, asked of the sandbox and of Stripe alike."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Barrier, Thread

import pytest

from shop.domain.payments.gateways.base import (
    BadSignature,
    GatewayRefused,
    JunkEvent,
    Method,
    Outcome,
    RefundOutcome,
)
from shop.kernel.clock import utc_now
from tests.fakes.doors import (
    JUNK,
    SECRETS,
    Door,
    SandboxDoor,
    StripeDoor,
    a_charge,
    a_refund,
    event_of,
)
from tests.fakes.stripe_server import FakeStripe


@pytest.fixture(params=["sandbox", "stripe"])
def door(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Door]:
    if request.param == "sandbox":
        yield SandboxDoor(tmp_path)
        return
    with FakeStripe() as fake:
        yield StripeDoor(fake)


@pytest.mark.parametrize("method", list(Method))
def test_starting_tells_the_buyer_where_to_go(door: Door, method: Method) -> None:
    intent = door.gateway.start(a_charge(method=method))
    assert intent.outcome is Outcome.REQUIRES_ACTION
    assert intent.next_action is not None
    assert intent.next_action.url or intent.next_action.data
    standing = door.gateway.look(intent.provider_id)
    assert standing.outcome is Outcome.REQUIRES_ACTION
    assert (standing.amount_fen, standing.currency) == (3680, "CNY")
    assert (standing.payment_id, standing.order_number) == (41, "VL-7K2M-9QXA")


@pytest.mark.parametrize("method", list(Method))
def test_starting_twice_with_one_key_charges_once(door: Door, method: Method) -> None:
    charge = a_charge(method=method)
    first, second = door.gateway.start(charge), door.gateway.start(charge)
    assert first.provider_id == second.provider_id
    assert door.charged() == 1


def test_the_key_of_one_payment_does_not_serve_another(door: Door) -> None:
    door.gateway.start(a_charge())
    with pytest.raises(GatewayRefused) as refused:
        door.gateway.start(a_charge(amount_fen=1))
    assert refused.value.decline_code == "idempotency_error"
    assert door.charged() == 1


@pytest.mark.parametrize("method", list(Method))
def test_looking_tells_the_truth_after_payment(door: Door, method: Method) -> None:
    provider_id = door.gateway.start(a_charge(method=method)).provider_id
    door.pay(provider_id)
    standing = door.gateway.look(provider_id)
    assert standing.outcome is Outcome.CAPTURED
    assert (standing.provider_id, standing.amount_fen) == (provider_id, 3680)


def test_looking_tells_the_truth_after_a_refusal(door: Door) -> None:
    provider_id = door.gateway.start(a_charge()).provider_id
    door.decline(provider_id)
    standing = door.gateway.look(provider_id)
    assert standing.outcome is Outcome.FAILED
    assert standing.failure_code
    assert event_of(door, provider_id).failure_code == standing.failure_code


@pytest.mark.parametrize("provider_id", ["pi_nobody", "cs_nobody", "sbx_" + "0" * 24, "../etc"])
def test_an_unknown_payment_is_refused(door: Door, provider_id: str) -> None:
    for ask in (door.gateway.look, door.gateway.cancel, door.gateway.look_refund):
        with pytest.raises(GatewayRefused):
            ask(provider_id)


@pytest.mark.parametrize("method", list(Method))
def test_cancelling_twice_cancels_once(door: Door, method: Method) -> None:
    provider_id = door.gateway.start(a_charge(method=method)).provider_id
    for _ in range(2):
        assert door.gateway.cancel(provider_id).outcome is Outcome.CANCELLED
    assert door.gateway.look(provider_id).outcome is Outcome.CANCELLED


@pytest.mark.parametrize("method", list(Method))
def test_cancelling_what_was_just_paid_says_so(door: Door, method: Method) -> None:
    provider_id = door.gateway.start(a_charge(method=method)).provider_id
    door.pay(provider_id)
    assert door.gateway.cancel(provider_id).outcome is Outcome.CAPTURED


@pytest.mark.parametrize("method", list(Method))
def test_a_refund_with_one_key_happens_once(door: Door, method: Method) -> None:
    provider_id = door.gateway.start(a_charge(method=method)).provider_id
    door.pay(provider_id)
    first = door.gateway.refund(a_refund(provider_id))
    second = door.gateway.refund(a_refund(provider_id))
    assert first == second
    assert (first.outcome, first.amount_fen) == (RefundOutcome.SUCCEEDED, 1000)
    assert door.gateway.look_refund(first.provider_id) == first
    assert door.refunded_fen() == 1000


def test_more_than_was_captured_is_not_refunded(door: Door) -> None:
    provider_id = door.gateway.start(a_charge()).provider_id
    door.pay(provider_id)
    door.gateway.refund(a_refund(provider_id, amount_fen=3000))
    with pytest.raises(GatewayRefused):
        door.gateway.refund(a_refund(provider_id, amount_fen=681, idempotency_key="refund-6"))
    door.gateway.refund(a_refund(provider_id, amount_fen=680, idempotency_key="refund-7"))
    assert door.refunded_fen() == 3680


def test_what_was_not_captured_is_not_refunded(door: Door) -> None:
    provider_id = door.gateway.start(a_charge()).provider_id
    with pytest.raises(GatewayRefused):
        door.gateway.refund(a_refund(provider_id))
    assert door.refunded_fen() == 0


def test_refunds_released_together_stay_within_what_was_captured(door: Door) -> None:
    provider_id = door.gateway.start(a_charge(amount_fen=1000)).provider_id
    door.pay(provider_id)
    gate, refused = Barrier(8), []

    def give_back(number: int) -> None:
        gate.wait()
        try:
            door.gateway.refund(
                a_refund(provider_id, amount_fen=200, idempotency_key=f"refund-{number}")
            )
        except GatewayRefused:
            refused.append(number)

    threads = [Thread(target=give_back, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (door.refunded_fen(), len(refused)) == (1000, 3)


def test_a_payment_tells_itself_by_a_signed_message(door: Door) -> None:
    provider_id = door.gateway.start(a_charge()).provider_id
    door.pay(provider_id)
    event = event_of(door, provider_id)
    assert (event.kind, event.outcome) == ("payment", Outcome.CAPTURED)
    assert (event.payment_id, event.provider_id) == (41, provider_id)
    assert (event.amount_fen, event.currency) == (3680, "CNY")
    assert event.order_number == "VL-7K2M-9QXA"
    assert abs(event.created - utc_now()) < timedelta(seconds=30)
    assert event.raw["id"] == event.event_id


def test_a_refund_tells_itself_by_a_signed_message(door: Door) -> None:
    provider_id = door.gateway.start(a_charge()).provider_id
    door.pay(provider_id)
    refund = door.gateway.refund(a_refund(provider_id))
    event = event_of(door, refund.provider_id)
    assert (event.kind, event.outcome) == ("refund", RefundOutcome.SUCCEEDED)
    assert (event.refund_id, event.payment_id) == (5, 41)
    assert (event.provider_id, event.amount_fen) == (refund.provider_id, 1000)


def test_recent_events_tell_the_same_as_the_hooks(door: Door) -> None:
    before = utc_now() - timedelta(seconds=1)
    provider_id = door.gateway.start(a_charge()).provider_id
    door.pay(provider_id)
    refund = door.gateway.refund(a_refund(provider_id))
    recent = door.gateway.recent_events(before)
    assert {event_of(door, one).event_id for one in (provider_id, refund.provider_id)} <= {
        event.event_id for event in recent
    }
    told = [event.outcome for event in recent if event.kind != "ignored"]
    assert told.index(Outcome.CAPTURED) < told.index(RefundOutcome.SUCCEEDED)
    assert door.gateway.recent_events(utc_now() + timedelta(minutes=1)) == []


@pytest.mark.parametrize("secret", SECRETS)
def test_the_old_and_the_new_secret_are_both_accepted(door: Door, secret: str) -> None:
    provider_id = door.gateway.start(a_charge()).provider_id
    door.pay(provider_id)
    body, _ = door.message(provider_id)
    headers = door.sign(body, at=utc_now(), secret=secret)
    assert door.gateway.read_event(body, headers, now=utc_now()).payment_id == 41
    shouted = {name.upper(): value for name, value in headers.items()}
    assert door.gateway.read_event(body, shouted, now=utc_now()).payment_id == 41


@pytest.mark.parametrize(
    ("age_s", "accepted"), [(299, True), (301, False), (-59, True), (-61, False)]
)
def test_stale_and_future_signatures_are_refused(door: Door, age_s: int, accepted: bool) -> None:
    now = datetime(2026, 10, 1, 4, tzinfo=UTC)
    body = b'{"id": "e", "type": "t", "created": 1790000000, "data": {"object": {}}}'
    headers = door.sign(body, at=now - timedelta(seconds=age_s), secret=SECRETS[0])
    if accepted:
        assert door.gateway.read_event(body, headers, now=now).kind == "ignored"
        return
    with pytest.raises(BadSignature):
        door.gateway.read_event(body, headers, now=now)


def test_a_tampered_or_unsigned_message_is_refused(door: Door) -> None:
    provider_id = door.gateway.start(a_charge()).provider_id
    door.pay(provider_id)
    body, headers = door.message(provider_id)
    ((name, value),) = headers.items()
    forged = door.sign(body, at=utc_now(), secret="somebody-else")[name]
    stamp = value.partition(",")[0]
    tampered = [
        (body.replace(b"3680", b"36800"), value),
        (json.dumps(json.loads(body), separators=(",", ":")).encode(), value),
        (body, forged),
        (body, value.replace("v1=", "v0=")),
        (body, value.replace("t=", "t=1")),
        (body, stamp),
        (body, f"{stamp},v1="),
        (body, f"{stamp},{value}"),
        (body, value.partition(",")[2]),
        (body, "t=now,v1=00"),
        (body, "t=-5,v1=00"),
        (body, f"t={'9' * 40},v1=00"),
        (body, "é" * 5000),
        (body, ""),
    ]
    for altered, header in tampered:
        with pytest.raises(BadSignature):
            door.gateway.read_event(altered, {name: header}, now=utc_now())
    with pytest.raises(BadSignature):
        door.gateway.read_event(body, {}, now=utc_now())


@pytest.mark.parametrize("body", JUNK, ids=range(len(JUNK)))
def test_signed_junk_is_refused_and_never_breaks_the_door(door: Door, body: bytes) -> None:
    now = utc_now()
    headers = door.sign(body, at=now, secret=SECRETS[0])
    with pytest.raises(JunkEvent):
        door.gateway.read_event(body, headers, now=now)


def test_an_unknown_type_with_new_fields_is_kept_and_ignored(door: Door) -> None:
    event = {
        "id": "evt_new",
        "type": "moon.landed",
        "created": int(utc_now().timestamp()),
        "api_version": "2031-01-01.new",
        "surprise": {"deep": [1, 2, {"x": None}]},
        "data": {"object": {"id": "moon_1"}},
    }
    body = json.dumps(event).encode()
    headers = door.sign(body, at=utc_now(), secret=SECRETS[0])
    read = door.gateway.read_event(body, headers, now=utc_now())
    assert (read.kind, read.outcome, read.raw) == ("ignored", None, event)
