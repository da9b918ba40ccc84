"""The two payment gateways with their provider's side in the test's hand."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

from shop.domain.payments.gateways.base import Charge, Gateway, GatewayEvent, Method, RefundRequest
from shop.domain.payments.gateways.sandbox import Decision, SandboxGateway, SignedEvent
from shop.domain.payments.gateways.sandbox_ledger import FileSandboxLedger
from shop.domain.payments.gateways.stripe import StripeGateway
from shop.domain.payments.gateways.transport import Transport
from shop.kernel.circuit import Circuit
from shop.kernel.clock import utc_now
from tests.fakes.stripe_server import FakeStripe

SECRETS = ("whsec_new", "whsec_old")
BASE_URL = "http://127.0.0.1:8000"
JUNK = [
    b"[]",
    b"null",
    b"5",
    b'"text"',
    b"",
    b"\xff\xfe{}",
    b"{" * 100_000,
    b"[" * 100_000 + b"]" * 100_000,
    b'{"a":' * 500 + b"1" + b"}" * 500,
    b'{"id": "e", "type": "t", "created": 1, "data": {"object": {"x": NaN}}}',
    b'{"id": "e", "type": "t", "created": 1, "data": {"object": {"x": 1e999}}}',
    b'{"id": "e", "id": "f", "type": "t", "created": 1, "data": {"object": {}}}',
    b'{"id": "e", "type": "t\\u0000", "created": 1, "data": {"object": {}}}',
    b'{"id": "e", "type": "t", "created": 1, "data": {"object": {"x": "\\ud800"}}}',
    b'{"id": 5, "type": "t", "created": 1, "data": {"object": {}}}',
    b'{"id": "e", "type": ["t"], "created": 1, "data": {"object": {}}}',
    b'{"id": "e", "type": "t", "created": "yesterday", "data": {"object": {}}}',
    b'{"id": "e", "type": "t", "data": {"object": {}}}',
    b'{"pad": "' + b"x" * 2_000_000 + b'"}',
]
"""Signed or not, these are no events."""


def a_charge(**changes: Any) -> Charge:
    """Order 7's payment 41 over 36.80 yuan, by Alipay."""
    charge = Charge(
        payment_id=41,
        order_number="VL-7K2M-9QXA",
        amount_fen=3680,
        method=Method.ALIPAY,
        idempotency_key="pay-41",
        description="演示订单 VL-7K2M-9QXA",
        return_url=f"{BASE_URL}/orders/VL-7K2M-9QXA/paid",
        hold_expires_at=datetime.now(UTC).replace(microsecond=0) + timedelta(minutes=15),
    )
    return replace(charge, **changes)


def a_refund(provider_payment_id: str, **changes: Any) -> RefundRequest:
    """Refund 5 of payment 41, 10 yuan."""
    request = RefundRequest(
        refund_id=5,
        payment_id=41,
        provider_payment_id=provider_payment_id,
        amount_fen=1000,
        idempotency_key="refund-5",
        reason="claim",
    )
    return replace(request, **changes)


class Door(Protocol):
    """What the conformance suite needs of a provider's side."""

    gateway: Gateway

    def pay(self, provider_id: str) -> None: ...

    def decline(self, provider_id: str) -> None: ...

    def charged(self) -> int:
        """How many payments exist at the provider."""
        ...

    def refunded_fen(self) -> int: ...

    def message(self, provider_id: str) -> tuple[bytes, dict[str, str]]:
        """The signed message about a payment or refund that is over."""
        ...

    def sign(self, body: bytes, *, at: datetime, secret: str) -> dict[str, str]: ...


@dataclass
class SandboxDoor:
    """The sandbox on files in a folder of the test."""

    folder: Path

    def __post_init__(self) -> None:
        self.ledger = FileSandboxLedger(self.folder)
        self.gateway = self.with_secrets(SECRETS)

    def with_secrets(self, secrets: tuple[str, ...]) -> SandboxGateway:
        return SandboxGateway(base_url=BASE_URL, secrets=secrets, ledger=self.ledger, clock=utc_now)

    def pay(self, provider_id: str) -> None:
        self.gateway.decide(provider_id, decision=Decision.PAY, now=utc_now())

    def decline(self, provider_id: str) -> None:
        self.gateway.decide(provider_id, decision=Decision.DECLINE, now=utc_now())

    def charged(self) -> int:
        return len(list(self.folder.glob("*.json")))

    def refunded_fen(self) -> int:
        records = self.ledger.find(datetime.fromtimestamp(0, UTC))
        return sum(one["amount_fen"] for each in records for one in each["refunds"].values())

    def message(self, provider_id: str) -> tuple[bytes, dict[str, str]]:
        event = self.gateway.announce(provider_id, now=utc_now())
        assert isinstance(event, SignedEvent)
        return event.body, event.headers

    def sign(self, body: bytes, *, at: datetime, secret: str) -> dict[str, str]:
        return {"Sandbox-Signature": self.with_secrets((secret,)).sign(body, now=at)}


@dataclass
class StripeDoor:
    """Our Stripe gateway before the fake Stripe."""

    fake: FakeStripe
    budget_s: float = 9.0

    def __post_init__(self) -> None:
        self.fake.secret = SECRETS[0]
        self.circuit = Circuit("stripe", failures=3, rest_s=30)
        transport = Transport(circuit=self.circuit, budget_s=self.budget_s)
        self.gateway = StripeGateway(
            secret_key=self.fake.api_key,
            webhook_secrets=SECRETS,
            api_base=self.fake.url,
            transport=transport,
        )

    def pay(self, provider_id: str) -> None:
        self.fake.account.complete_payment(provider_id)

    def decline(self, provider_id: str) -> None:
        self.fake.account.decline(provider_id)

    def charged(self) -> int:
        return len(self.fake.made("payment_intent") or self.fake.made("checkout.session"))

    def refunded_fen(self) -> int:
        return sum(one["amount"] for one in self.fake.made("refund"))

    def message(self, provider_id: str) -> tuple[bytes, dict[str, str]]:
        about = [
            event
            for event in self.fake.account.events
            if event["data"]["object"]["id"] == provider_id
        ]
        return self.fake.signed(about[-1])

    def sign(self, body: bytes, *, at: datetime, secret: str) -> dict[str, str]:
        return self.fake.signed(body, at=at.timestamp(), secret=secret)[1]


def event_of(door: Door, provider_id: str) -> GatewayEvent:
    """The message about a payment or refund, read by the gateway."""
    body, headers = door.message(provider_id)
    return door.gateway.read_event(body, headers, now=utc_now())
