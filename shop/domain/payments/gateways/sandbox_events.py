"""The sandbox's messages in the shop's words; plain dictionaries in, no files."""

from datetime import UTC, datetime
from typing import Any

from shop.domain.payments.gateways import envelope
from shop.domain.payments.gateways.base import GatewayEvent, JunkEvent, Outcome, RefundOutcome

PAYMENT_EVENTS = {"payment.succeeded": Outcome.CAPTURED, "payment.failed": Outcome.FAILED}
REFUND_EVENTS = {
    "refund.succeeded": RefundOutcome.SUCCEEDED,
    "refund.failed": RefundOutcome.FAILED,
}


def translate(event: dict[str, Any]) -> GatewayEvent:
    """A verified event in the shop's words; JunkEvent when it has no envelope."""
    event_id, kind, data = envelope.text(event.get("id")), event.get("type"), event.get("data")
    if event_id is None or not isinstance(kind, str) or not 0 < len(kind) <= 255:
        raise JunkEvent("the event has no id or no type")
    facts: dict[str, Any] = {"kind": "ignored"}
    known = PAYMENT_EVENTS.get(kind) or REFUND_EVENTS.get(kind)
    if known is not None:
        if not isinstance(data, dict):
            raise JunkEvent("the event is about nothing")
        facts = _facts(known, data)
    return GatewayEvent(
        event_id=event_id, type=kind, created=_instant(event.get("created")), raw=event, **facts
    )


def _facts(outcome: Outcome | RefundOutcome, data: dict[str, Any]) -> dict[str, Any]:
    payment_id = envelope.whole(data.get("payment_id"))
    if payment_id is None:
        return {"kind": "ignored"}
    return {
        "kind": "payment" if isinstance(outcome, Outcome) else "refund",
        "payment_id": payment_id,
        "refund_id": envelope.whole(data.get("refund_id")),
        "provider_id": envelope.text(data.get("provider_id")),
        "outcome": outcome,
        "amount_fen": envelope.whole(data.get("amount_fen")),
        "currency": (envelope.text(data.get("currency")) or "").upper() or None,
        "order_number": envelope.text(data.get("order_number")),
        "failure_code": envelope.text(data.get("failure_code")),
    }


def _instant(value: object) -> datetime:
    """When it happened: RFC 3339, or seconds as on the signature."""
    seconds = envelope.whole(value)
    try:
        if seconds is not None:
            return datetime.fromtimestamp(seconds, UTC)
        found = datetime.fromisoformat(str(value))
    except (ValueError, OverflowError, OSError) as error:
        raise JunkEvent("the event has no time") from error
    if found.tzinfo is None:
        raise JunkEvent("the event's time has no zone")
    return found.astimezone(UTC)
