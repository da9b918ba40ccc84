"""The sandbox provider: a pay page of the shop's own that behaves as a provider would."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar

from shop.domain.payments.gateways import envelope
from shop.domain.payments.gateways.base import (
    Charge,
    GatewayEvent,
    GatewayRefused,
    Intent,
    IntentClosed,
    Method,
    NextAction,
    Outcome,
    RefundOutcome,
    RefundRequest,
    RefundStanding,
    Standing,
)
from shop.domain.payments.gateways.sandbox_events import translate
from shop.domain.payments.gateways.sandbox_ledger import SandboxLedger
from shop.kernel.clock import Clock, rfc3339

SIGNATURE_HEADER = "Sandbox-Signature"


class Decision(StrEnum):
    """What the buyer does on the sandbox's pay page."""

    PAY = "pay"
    DECLINE = "decline"
    ABANDON = "abandon"


@dataclass(frozen=True, kw_only=True)
class SignedEvent:
    """A message ready to be sent; one that waits is signed again when it leaves."""

    event_id: str
    body: bytes
    headers: dict[str, str]


class SandboxGateway:
    """The Gateway that needs no provider; refused in production by the settings."""

    name: ClassVar[str] = "sandbox"
    methods = frozenset(Method)
    livemode: bool | None = None

    def __init__(
        self, *, base_url: str, secrets: tuple[str, ...], ledger: SandboxLedger, clock: Clock
    ) -> None:
        self._base_url = base_url.rstrip("/")
        self._secrets = envelope.usable(secrets)
        self._ledger = ledger
        self._clock = clock

    def start(self, charge: Charge) -> Intent:
        """Open a payment under an id that follows from the key, so a repeat charges once."""
        provider_id = f"sbx_{charge.payment_id:012x}{_short(charge.idempotency_key)[:12]}"
        asked = {
            "provider_id": provider_id,
            "payment_id": charge.payment_id,
            "order_number": charge.order_number,
            "amount_fen": charge.amount_fen,
            "currency": charge.currency,
            "method": charge.method.value,
        }
        with self._ledger.hold():
            record = self._ledger.get(provider_id)
            if record is None:
                record = asked | {
                    "outcome": Outcome.REQUIRES_ACTION.value,
                    "failure_code": None,
                    "refunds": {},
                    "events": [],
                }
                self._ledger.put(provider_id, record)
        if any(record[key] != value for key, value in asked.items()):
            raise GatewayRefused("this key was used otherwise", decline_code="idempotency_error")
        url = f"{self._base_url}/sandbox/pay/{charge.payment_id}"
        standing = _standing(record)
        open_still = standing.outcome is Outcome.REQUIRES_ACTION
        action = NextAction(type="redirect", url=url, expires_at=charge.hold_expires_at)
        return Intent(
            provider_id=provider_id,
            outcome=standing.outcome,
            next_action=action if open_still else None,
            failure_code=standing.failure_code,
        )

    def look(self, provider_id: str) -> Standing:
        """What the sandbox holds to be true."""
        return _standing(self._record(provider_id))

    def cancel(self, provider_id: str) -> Standing:
        """Call off what is still open; what is over stays as it is."""
        with self._ledger.hold():
            record = self._record(provider_id)
            if record["outcome"] == Outcome.REQUIRES_ACTION:
                record["outcome"] = Outcome.CANCELLED.value
                self._ledger.put(provider_id, record)
        return _standing(record)

    def decide(self, provider_id: str, *, decision: Decision, now: datetime) -> SignedEvent | None:
        """The buyer's answer on the pay page; the message to deliver, ``None`` for abandon.

        The same answer again gives the same event; another answer raises IntentClosed.
        """
        if decision is Decision.ABANDON:
            self._record(provider_id)
            return None
        paid = decision is Decision.PAY
        wanted = Outcome.CAPTURED if paid else Outcome.FAILED
        with self._ledger.hold():
            record = self._record(provider_id)
            if record["outcome"] == Outcome.REQUIRES_ACTION:
                record["outcome"] = wanted.value
                record["failure_code"] = None if paid else "declined"
                self._note(record, f"payment.{'succeeded' if paid else 'failed'}", now=now)
            elif record["outcome"] != wanted:
                raise IntentClosed("this payment is over", status=record["outcome"])
        return self.announce(provider_id, now=now)

    def announce(self, provider_id: str, *, now: datetime) -> SignedEvent | None:
        """The signed event of a payment (``sbx_``) or refund (``sbr_``), if it has one."""
        record = self._record(_payment_of(provider_id))
        for event in record["events"]:
            if event["data"]["provider_id"] == provider_id:
                body = json.dumps(event, ensure_ascii=False).encode()
                headers = {SIGNATURE_HEADER: self.sign(body, now=now)}
                return SignedEvent(event_id=event["id"], body=body, headers=headers)
        return None

    def sign(self, body: bytes, *, now: datetime) -> str:
        """The signature header of a message that is sent now."""
        return envelope.sign(body, secret=self._secrets[0], now=now)

    def refund(self, request: RefundRequest) -> RefundStanding:
        """Succeeds at once, by the key only once, and never beyond what was captured."""
        payment = request.provider_payment_id
        refund_id = f"{payment.replace('sbx_', 'sbr_', 1)}{_short(request.idempotency_key)}"
        now = self._clock()
        with self._ledger.hold():
            record = self._record(payment)
            refunds = record["refunds"]
            if refund_id not in refunds:
                given = sum(one["amount_fen"] for one in refunds.values())
                _check_refund(record, request.amount_fen, given=given)
                refunds[refund_id] = {
                    "amount_fen": request.amount_fen,
                    "refund_id": request.refund_id,
                    "reason": request.reason,
                }
                self._note(record, "refund.succeeded", refund=refund_id, now=now)
        if refunds[refund_id]["amount_fen"] != request.amount_fen:
            raise GatewayRefused("this key was used otherwise", decline_code="idempotency_error")
        return _refund_standing(refund_id, refunds[refund_id])

    def look_refund(self, provider_refund_id: str) -> RefundStanding:
        """What the sandbox holds to be true of a refund."""
        refunds = self._record(_payment_of(provider_refund_id))["refunds"]
        if provider_refund_id not in refunds:
            raise GatewayRefused("no such refund", decline_code="resource_missing")
        return _refund_standing(provider_refund_id, refunds[provider_refund_id])

    def read_event(self, body: bytes, headers: Mapping[str, str], *, now: datetime) -> GatewayEvent:
        """Verify and translate one message; one that somebody else signed is believed."""
        envelope.verify(body, headers, name=SIGNATURE_HEADER, secrets=self._secrets, now=now)
        event = translate(envelope.open_json(body))
        if event.outcome is Outcome.CAPTURED and event.provider_id is None:
            self._believe(event)
        return event

    def recent_events(self, since: datetime) -> list[GatewayEvent]:
        """Every event since then, oldest first; times are whole milliseconds."""
        floor = since.replace(microsecond=since.microsecond // 1000 * 1000)
        records = self._ledger.find(floor)
        events = [translate(event) for record in records for event in record["events"]]
        recent = [event for event in events if event.created >= floor]
        return sorted(recent, key=lambda event: event.created)

    def _believe(self, event: GatewayEvent) -> None:
        """Take a capture that a client signed by the contract for true, or its money could never
        be refunded here; what does not fit the payment changes nothing."""
        told = (event.amount_fen, event.currency, event.order_number)
        with self._ledger.hold():
            for record in self._ledger.of_payment(event.payment_id or 0):
                known = (record["amount_fen"], record["currency"], record["order_number"])
                if told == known and record["outcome"] != Outcome.CAPTURED:
                    record["outcome"] = Outcome.CAPTURED.value
                    self._ledger.put(record["provider_id"], record)

    def _record(self, provider_id: str) -> dict[str, Any]:
        record = self._ledger.get(provider_id)
        if record is None:
            raise GatewayRefused("no such payment", decline_code="resource_missing")
        return record

    def _note(
        self, record: dict[str, Any], type_: str, *, now: datetime, refund: str | None = None
    ) -> None:
        """Write the change and its event in one file, so that neither is without the other."""
        about = record["refunds"][refund] if refund else record
        event = {
            "id": f"sbe_{_short((refund or record['provider_id']) + type_)}",
            "type": type_,
            "created": rfc3339(now),
            "data": {
                "payment_id": record["payment_id"],
                "order_number": record["order_number"],
                "amount_fen": about["amount_fen"],
                "currency": record["currency"],
                "provider_id": refund or record["provider_id"],
                "refund_id": about.get("refund_id"),
                "failure_code": about.get("failure_code"),
            },
        }
        record["events"].append(event)
        self._ledger.put(record["provider_id"], record, at=now)


def _check_refund(record: dict[str, Any], amount_fen: int, *, given: int) -> None:
    if record["outcome"] != Outcome.CAPTURED:
        raise GatewayRefused("nothing was captured", decline_code="charge_missing")
    if amount_fen <= 0 or given + amount_fen > record["amount_fen"]:
        raise GatewayRefused("more than was captured", decline_code="amount_too_large")


def _standing(record: dict[str, Any]) -> Standing:
    return Standing(
        provider_id=record["provider_id"],
        outcome=Outcome(record["outcome"]),
        amount_fen=record["amount_fen"],
        currency=record["currency"],
        order_number=record["order_number"],
        payment_id=record["payment_id"],
        failure_code=record["failure_code"],
    )


def _refund_standing(refund_id: str, refund: dict[str, Any]) -> RefundStanding:
    return RefundStanding(
        provider_id=refund_id, outcome=RefundOutcome.SUCCEEDED, amount_fen=refund["amount_fen"]
    )


def _payment_of(provider_id: str) -> str:
    """A refund's id begins with its payment's."""
    return provider_id.replace("sbr_", "sbx_", 1)[:28]


def _short(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()[:24]
