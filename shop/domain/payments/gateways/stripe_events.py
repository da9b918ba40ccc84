"""Stripe's objects and events in the shop's words; plain dictionaries in, no network."""

from datetime import UTC, datetime
from typing import Any

from shop.domain.payments.gateways.base import (
    Charge,
    GatewayEvent,
    JunkEvent,
    NextAction,
    Outcome,
    RefundOutcome,
    RefundStanding,
    Standing,
)
from shop.domain.payments.gateways.envelope import text, whole

INTENT_STATUS = {
    "requires_payment_method": Outcome.REQUIRES_ACTION,
    "requires_confirmation": Outcome.REQUIRES_ACTION,
    "requires_action": Outcome.REQUIRES_ACTION,
    "requires_capture": Outcome.PENDING,
    "processing": Outcome.PENDING,
    "succeeded": Outcome.CAPTURED,
    "canceled": Outcome.CANCELLED,
}
REFUND_STATUS = {
    "pending": RefundOutcome.PENDING,
    "requires_action": RefundOutcome.PENDING,
    "succeeded": RefundOutcome.SUCCEEDED,
    "failed": RefundOutcome.FAILED,
    "canceled": RefundOutcome.FAILED,
}
INTENT_EVENTS = {
    "payment_intent.created": Outcome.REQUIRES_ACTION,
    "payment_intent.requires_action": Outcome.REQUIRES_ACTION,
    "payment_intent.processing": Outcome.PENDING,
    "payment_intent.payment_failed": Outcome.FAILED,
    "payment_intent.canceled": Outcome.CANCELLED,
    "payment_intent.succeeded": Outcome.CAPTURED,
}
SESSION_EVENTS = frozenset(
    f"checkout.session.{what}"
    for what in (
        "completed",
        "expired",
        "async_payment_succeeded",
        "async_payment_failed",
    )
)
REFUND_EVENTS = frozenset(
    {"refund.created", "refund.updated", "refund.failed", "charge.refund.updated"}
)
BY_CHECKOUT = {"door": "checkout"}


def next_action(action: Any, *, charge: Charge) -> NextAction | None:
    """Where the buyer goes; a WeChat code is drawn by the shop, on a phone with a link too."""
    if not isinstance(action, dict):
        return None
    kind = action.get("type")
    details = action.get(str(kind)) or {}
    if kind == "wechat_pay_display_qr_code":
        return NextAction(
            type="qr",
            data=details.get("data"),
            url=details.get("hosted_instructions_url") if charge.on_phone else None,
            expires_at=charge.hold_expires_at,
        )
    return NextAction(type="redirect", url=details.get("url"), expires_at=charge.hold_expires_at)


def metadata_of(thing: dict[str, Any]) -> dict[str, Any]:
    """What the shop attached; empty when it is not ours."""
    attached = thing.get("metadata")
    return attached if isinstance(attached, dict) else {}


def intent_standing(intent: dict[str, Any], *, provider_id: str) -> Standing:
    """A PaymentIntent; refused is told from untried by its last error.

    Inside a Checkout session a refused card leaves the buyer free to try another.
    """
    attached = metadata_of(intent)
    outcome = INTENT_STATUS.get(str(intent.get("status")), Outcome.PENDING)
    failure = failure_of(intent)
    if intent.get("status") == "requires_payment_method" and failure:
        outcome = Outcome.REQUIRES_ACTION if by_checkout(attached) else Outcome.FAILED
    received = intent.get("amount_received") if outcome is Outcome.CAPTURED else None
    return Standing(
        provider_id=provider_id,
        outcome=outcome,
        amount_fen=whole(received) or whole(intent.get("amount")) or 0,
        currency=str(intent.get("currency", "")).upper(),
        order_number=text(attached.get("order_number")),
        payment_id=whole(attached.get("payment_id")),
        failure_code=failure,
    )


def session_outcome(session: dict[str, Any]) -> Outcome:
    """A Checkout session: what was paid outranks what expired."""
    if session.get("payment_status") == "paid":
        return Outcome.CAPTURED
    if session.get("status") == "expired":
        return Outcome.CANCELLED
    return Outcome.PENDING if session.get("status") == "complete" else Outcome.REQUIRES_ACTION


def session_standing(session: dict[str, Any]) -> Standing:
    """A Checkout session with its PaymentIntent expanded where there is one."""
    attached = metadata_of(session)
    intent = session.get("payment_intent")
    return Standing(
        provider_id=str(session["id"]),
        outcome=session_outcome(session),
        amount_fen=whole(session.get("amount_total")) or 0,
        currency=str(session.get("currency", "")).upper(),
        order_number=text(attached.get("order_number")),
        payment_id=whole(attached.get("payment_id")),
        failure_code=failure_of(intent) if isinstance(intent, dict) else None,
    )


def refund_standing(refund: dict[str, Any]) -> RefundStanding:
    """A refund; pending until Stripe says otherwise."""
    return RefundStanding(
        provider_id=str(refund["id"]),
        outcome=REFUND_STATUS.get(str(refund.get("status")), RefundOutcome.PENDING),
        amount_fen=whole(refund.get("amount")) or 0,
        failure_code=text(refund.get("failure_reason")),
    )


def translate(event: dict[str, Any]) -> GatewayEvent:
    """A verified event, or one from the events list; JunkEvent when it has no envelope.

    Types the shop does not know, and payments it did not start, are kept as ``ignored``.
    """
    about = event.get("data")
    thing = about.get("object") if isinstance(about, dict) else None
    event_id, kind = text(event.get("id")), text(event.get("type"))
    if event_id is None or kind is None or not isinstance(thing, dict):
        raise JunkEvent("the event has no id, no type or no object")
    facts: dict[str, Any] = {"kind": "ignored"}
    if kind in REFUND_EVENTS:
        facts = _refund_facts(thing)
    elif kind in INTENT_EVENTS or kind in SESSION_EVENTS or kind == "charge.succeeded":
        facts = _payment_facts(kind, thing)
    livemode = event.get("livemode")
    return GatewayEvent(
        event_id=event_id,
        type=kind,
        created=_instant(event.get("created")),
        livemode=livemode if isinstance(livemode, bool) else None,
        account=text(event.get("account")),
        raw=event,
        **facts,
    )


def _payment_facts(kind: str, thing: dict[str, Any]) -> dict[str, Any]:
    attached = metadata_of(thing)
    payment_id = whole(attached.get("payment_id"))
    if payment_id is None:
        return {"kind": "ignored"}
    if kind in SESSION_EVENTS:
        outcome, own_id, amount = (
            session_outcome(thing),
            thing.get("id"),
            thing.get("amount_total"),
        )
        if kind == "checkout.session.async_payment_failed":
            outcome = Outcome.FAILED
    elif kind == "charge.succeeded":
        outcome = Outcome.CAPTURED if thing.get("captured") is True else Outcome.PENDING
        own_id, amount = thing.get("payment_intent"), thing.get("amount")
    else:
        outcome, own_id = INTENT_EVENTS[kind], thing.get("id")
        captured = outcome is Outcome.CAPTURED
        amount = thing.get("amount_received") if captured else thing.get("amount")
        if outcome is Outcome.FAILED and by_checkout(attached):
            outcome = Outcome.REQUIRES_ACTION
    hidden = by_checkout(attached) and kind not in SESSION_EVENTS
    return {
        "kind": "payment",
        "payment_id": payment_id,
        "provider_id": None if hidden else text(own_id),
        "outcome": outcome,
        "amount_fen": whole(amount),
        "currency": (text(thing.get("currency")) or "").upper() or None,
        "order_number": text(attached.get("order_number")),
        "failure_code": failure_of(thing),
    }


def _refund_facts(thing: dict[str, Any]) -> dict[str, Any]:
    attached = metadata_of(thing)
    return {
        "kind": "refund",
        "payment_id": whole(attached.get("payment_id")),
        "refund_id": whole(attached.get("refund_id")),
        "provider_id": text(thing.get("id")),
        "outcome": REFUND_STATUS.get(str(thing.get("status")), RefundOutcome.PENDING),
        "amount_fen": whole(thing.get("amount")),
        "currency": (text(thing.get("currency")) or "").upper() or None,
        "order_number": text(attached.get("order_number")),
        "failure_code": text(thing.get("failure_reason")),
    }


def by_checkout(attached: dict[str, Any]) -> bool:
    """Whether this PaymentIntent or charge belongs to a Checkout session."""
    return attached.get("door") == BY_CHECKOUT["door"]


def failure_of(intent: dict[str, Any]) -> str | None:
    """The issuer's word where it gave one, else Stripe's."""
    error = intent.get("last_payment_error")
    if not isinstance(error, dict):
        return None
    return text(error.get("decline_code")) or text(error.get("code")) or "declined"


def _instant(value: object) -> datetime:
    seconds = whole(value)
    if seconds is None or not 0 <= seconds < 2**33:
        raise JunkEvent("the event has no time")
    return datetime.fromtimestamp(seconds, UTC)
