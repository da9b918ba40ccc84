"""The sandbox provider: its pay page's answers, its messages and its memory."""

import json
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime, timedelta
from multiprocessing import get_context
from pathlib import Path

import pytest

from shop.domain.payments.gateways.base import (
    GatewayRefused,
    IntentClosed,
    Outcome,
    RefundOutcome,
)
from shop.domain.payments.gateways.sandbox import Decision
from shop.kernel.clock import utc_now
from tests.fakes.doors import BASE_URL, SECRETS, SandboxDoor, a_charge, a_refund

NOON = datetime(2026, 10, 1, 4, tzinfo=UTC)


@pytest.fixture
def door(tmp_path: Path) -> SandboxDoor:
    return SandboxDoor(tmp_path)


def test_the_buyer_is_sent_to_the_shops_own_pay_page(door: SandboxDoor) -> None:
    charge = a_charge()
    action = door.gateway.start(charge).next_action
    assert action is not None
    assert (action.type, action.url) == ("redirect", f"{BASE_URL}/sandbox/pay/41")
    assert action.expires_at == charge.hold_expires_at


@pytest.mark.parametrize(
    ("decision", "type_", "outcome"),
    [
        (Decision.PAY, "payment.succeeded", Outcome.CAPTURED),
        (Decision.DECLINE, "payment.failed", Outcome.FAILED),
    ],
)
def test_an_answer_is_told_as_the_contract_says(
    door: SandboxDoor, decision: Decision, type_: str, outcome: Outcome
) -> None:
    provider_id = door.gateway.start(a_charge()).provider_id
    told = door.gateway.decide(provider_id, decision=decision, now=NOON)
    assert told is not None
    body = json.loads(told.body)
    assert (body["id"], body["type"]) == (told.event_id, type_)
    assert body["created"] == "2026-10-01T04:00:00.000Z"
    assert (
        body["data"].items()
        >= {
            "payment_id": 41,
            "order_number": "VL-7K2M-9QXA",
            "amount_fen": 3680,
            "currency": "CNY",
        }.items()
    )
    assert told.headers["Sandbox-Signature"].startswith(f"t={int(NOON.timestamp())},v1=")
    assert door.gateway.read_event(told.body, told.headers, now=NOON).outcome is outcome


def test_the_same_answer_again_is_the_same_event(door: SandboxDoor) -> None:
    provider_id = door.gateway.start(a_charge()).provider_id
    told = [door.gateway.decide(provider_id, decision=Decision.PAY, now=NOON) for _ in range(2)]
    assert told[0] == told[1]
    assert len(door.gateway.recent_events(NOON)) == 1


def test_who_wanders_off_may_come_back_and_pay(door: SandboxDoor) -> None:
    provider_id = door.gateway.start(a_charge()).provider_id
    assert door.gateway.decide(provider_id, decision=Decision.ABANDON, now=NOON) is None
    assert door.gateway.look(provider_id).outcome is Outcome.REQUIRES_ACTION
    door.pay(provider_id)
    assert door.gateway.look(provider_id).outcome is Outcome.CAPTURED


def test_what_is_over_takes_no_other_answer(door: SandboxDoor) -> None:
    provider_id = door.gateway.start(a_charge()).provider_id
    door.pay(provider_id)
    with pytest.raises(IntentClosed):
        door.decline(provider_id)
    cancelled = door.gateway.start(a_charge(idempotency_key="pay-42")).provider_id
    door.gateway.cancel(cancelled)
    with pytest.raises(IntentClosed):
        door.pay(cancelled)
    assert door.gateway.start(a_charge(idempotency_key="pay-42")).next_action is None


def test_a_late_message_is_signed_again_when_it_leaves(door: SandboxDoor) -> None:
    provider_id = door.gateway.start(a_charge()).provider_id
    told = door.gateway.decide(provider_id, decision=Decision.PAY, now=NOON)
    assert told is not None
    later = NOON + timedelta(hours=2)
    headers = {"Sandbox-Signature": door.gateway.sign(told.body, now=later)}
    assert door.gateway.read_event(told.body, headers, now=later).created == NOON


def test_a_message_with_the_contracts_fields_only_is_understood(door: SandboxDoor) -> None:
    data = {"payment_id": 41, "order_number": "N", "amount_fen": 1, "currency": "cny"}
    for created in (1790000000, "2026-10-01T12:00:00+08:00", "2026-10-01T04:00:00Z"):
        event = {"id": "x", "type": "refund.failed", "created": created, "data": data}
        body = json.dumps(event).encode()
        headers = door.sign(body, at=NOON, secret=SECRETS[1])
        read = door.gateway.read_event(body, headers, now=NOON)
        assert (read.kind, read.outcome) == ("refund", RefundOutcome.FAILED)
        assert (read.currency, read.provider_id, read.refund_id) == ("CNY", None, None)


@pytest.mark.parametrize(("amount_fen", "captured"), [(3680, True), (3679, False)])
def test_a_capture_that_a_client_signed_can_be_refunded_when_it_fits(
    door: SandboxDoor, amount_fen: int, captured: bool
) -> None:
    provider_id = door.gateway.start(a_charge()).provider_id
    door.gateway.cancel(provider_id)
    data = {"payment_id": 41, "order_number": "VL-7K2M-9QXA", "amount_fen": amount_fen}
    event = {"id": "x", "type": "payment.succeeded", "created": 1790000000}
    body = json.dumps(event | {"data": data | {"currency": "CNY"}}).encode()
    door.gateway.read_event(body, door.sign(body, at=NOON, secret=SECRETS[0]), now=NOON)
    assert (door.gateway.look(provider_id).outcome is Outcome.CAPTURED) == captured
    if captured:
        assert door.gateway.refund(a_refund(provider_id)).outcome is RefundOutcome.SUCCEEDED


@pytest.mark.parametrize("payment_id", [None, "x", True, 1.5, -(2**70), [1]])
def test_a_message_about_no_payment_is_ignored(door: SandboxDoor, payment_id: object) -> None:
    event = {
        "id": "x",
        "type": "payment.succeeded",
        "created": 1790000000,
        "data": {"payment_id": payment_id, "amount_fen": "1e3"},
    }
    body = json.dumps(event).encode()
    headers = door.sign(body, at=NOON, secret=SECRETS[0])
    assert door.gateway.read_event(body, headers, now=NOON).kind == "ignored"


@pytest.mark.parametrize("secrets", [(), ("",), ("good", "  ")])
def test_a_missing_secret_stops_the_start(door: SandboxDoor, secrets: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match="secret"):
        door.with_secrets(secrets)


def give_back(folder: Path, provider_id: str, number: int) -> bool:
    """One process that refunds a fifth; whether the sandbox did it."""
    request = a_refund(provider_id, amount_fen=736, idempotency_key=f"refund-{number}")
    try:
        SandboxDoor(folder).gateway.refund(request)
    except GatewayRefused:
        return False
    return True


def test_several_processes_share_one_memory(door: SandboxDoor) -> None:
    provider_id = door.gateway.start(a_charge()).provider_id
    SandboxDoor(door.folder).pay(provider_id)
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        asked = [pool.submit(give_back, door.folder, provider_id, n) for n in range(8)]
        assert sum(one.result() for one in asked) == 5
    assert door.refunded_fen() == 3680
    refunds = [
        e
        for e in door.gateway.recent_events(utc_now() - timedelta(minutes=1))
        if e.kind == "refund"
    ]
    assert len({event.event_id for event in refunds}) == 5
