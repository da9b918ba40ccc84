"""Stripe's events in the shop's words."""

from typing import Any

import pytest

from shop.domain.payments.gateways.base import GatewayEvent, Outcome, RefundOutcome
from shop.domain.payments.gateways.stripe import StripeGateway
from shop.domain.payments.gateways.stripe_events import session_outcome, translate

OURS = {"payment_id": "41", "order_number": "VL-1"}


def told(type_: str, thing: dict[str, Any], **more: Any) -> GatewayEvent:
    return translate(
        {"id": "evt_1", "type": type_, "created": 1790000000, "data": {"object": thing}} | more
    )


def an_intent(**changes: Any) -> dict[str, Any]:
    intent = {"id": "pi_1", "amount": 3680, "amount_received": 0, "currency": "cny"}
    return intent | {"metadata": OURS} | changes


@pytest.mark.parametrize(
    ("type_", "outcome"),
    [
        ("payment_intent.created", Outcome.REQUIRES_ACTION),
        ("payment_intent.requires_action", Outcome.REQUIRES_ACTION),
        ("payment_intent.processing", Outcome.PENDING),
        ("payment_intent.payment_failed", Outcome.FAILED),
        ("payment_intent.canceled", Outcome.CANCELLED),
    ],
)
def test_an_intents_event_names_its_outcome(type_: str, outcome: Outcome) -> None:
    event = told(type_, an_intent())
    assert (event.kind, event.outcome, event.payment_id) == ("payment", outcome, 41)
    assert (event.amount_fen, event.currency, event.provider_id) == (3680, "CNY", "pi_1")


def test_a_capture_tells_what_was_received_rather_than_asked() -> None:
    event = told("payment_intent.succeeded", an_intent(amount_received=3000))
    assert (event.outcome, event.amount_fen) == (Outcome.CAPTURED, 3000)


def test_a_charge_tells_its_intent() -> None:
    charge = an_intent(id="ch_1", payment_intent="pi_1", captured=True)
    event = told("charge.succeeded", charge)
    assert (event.outcome, event.provider_id) == (Outcome.CAPTURED, "pi_1")
    assert told("charge.succeeded", charge | {"captured": False}).outcome is Outcome.PENDING


def test_an_intent_of_a_checkout_does_not_pass_its_own_id_off_as_the_payments() -> None:
    inside = an_intent(metadata=OURS | {"door": "checkout"})
    event = told("payment_intent.succeeded", inside | {"amount_received": 3680})
    assert (event.outcome, event.payment_id, event.provider_id) == (Outcome.CAPTURED, 41, None)
    failed = told("payment_intent.payment_failed", inside)
    assert failed.outcome is Outcome.REQUIRES_ACTION


@pytest.mark.parametrize(
    ("type_", "status", "paid", "outcome"),
    [
        ("completed", "complete", "paid", Outcome.CAPTURED),
        ("completed", "complete", "unpaid", Outcome.PENDING),
        ("async_payment_succeeded", "complete", "paid", Outcome.CAPTURED),
        ("async_payment_failed", "complete", "unpaid", Outcome.FAILED),
        ("expired", "expired", "unpaid", Outcome.CANCELLED),
    ],
)
def test_a_checkouts_event_names_its_outcome(
    type_: str, status: str, paid: str, outcome: Outcome
) -> None:
    session = {"id": "cs_1", "amount_total": 3680, "currency": "cny", "metadata": OURS}
    session |= {"status": status, "payment_status": paid}
    event = told(f"checkout.session.{type_}", session)
    assert (event.outcome, event.provider_id, event.amount_fen) == (outcome, "cs_1", 3680)


def test_what_was_paid_outranks_what_expired() -> None:
    assert session_outcome({"status": "expired", "payment_status": "paid"}) is Outcome.CAPTURED


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        ("pending", RefundOutcome.PENDING),
        ("requires_action", RefundOutcome.PENDING),
        ("succeeded", RefundOutcome.SUCCEEDED),
        ("failed", RefundOutcome.FAILED),
        ("canceled", RefundOutcome.FAILED),
    ],
)
@pytest.mark.parametrize("type_", ["refund.created", "refund.updated", "refund.failed"])
def test_a_refunds_event_names_its_outcome(type_: str, status: str, outcome: RefundOutcome) -> None:
    refund = {"id": "re_1", "amount": 5, "currency": "cny", "status": status}
    event = told(type_, refund | {"metadata": {"refund_id": "5", "payment_id": "41"}})
    assert (event.kind, event.outcome, event.refund_id) == ("refund", outcome, 5)


def test_a_refund_from_stripes_own_desk_has_no_id_of_ours() -> None:
    event = told("refund.created", {"id": "re_1", "amount": 5, "status": "succeeded"})
    assert (event.kind, event.refund_id, event.provider_id) == ("refund", None, "re_1")


@pytest.mark.parametrize("type_", ["charge.dispute.created", "charge.refunded", "payout.paid", "x"])
def test_other_types_are_kept_and_ignored(type_: str) -> None:
    event = told(type_, an_intent())
    assert (event.kind, event.outcome, event.event_id) == ("ignored", None, "evt_1")


@pytest.mark.parametrize("metadata", [None, {}, [], {"payment_id": "x"}, {"payment_id": ""}])
def test_a_payment_that_is_not_ours_is_ignored(metadata: Any) -> None:
    assert told("payment_intent.succeeded", an_intent(metadata=metadata)).kind == "ignored"


def test_the_mode_and_a_foreign_account_are_told() -> None:
    event = told("payment_intent.succeeded", an_intent(), livemode=True, account="acct_9")
    assert (event.livemode, event.account) == (True, "acct_9")


@pytest.mark.parametrize(
    ("key", "live"), [("sk_test_x", False), ("sk_live_x", True), ("rk_live_x", True)]
)
def test_the_key_says_which_mode_is_ours(key: str, live: bool) -> None:
    assert StripeGateway(secret_key=key, webhook_secrets=("whsec_1",)).livemode is live


@pytest.mark.parametrize("secrets", [(), ("",), ("whsec_1", " ")])
def test_a_missing_webhook_secret_stops_the_start(secrets: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match="secret"):
        StripeGateway(secret_key="sk_test_x", webhook_secrets=secrets)
