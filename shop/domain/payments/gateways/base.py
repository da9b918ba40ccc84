"""The payment door: what the shop asks of a provider, in the shop's own words."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar, Literal, Protocol

from shop.kernel.errors import DomainError, Unavailable


class Method(StrEnum):
    """How a buyer pays."""

    CARD = "card"
    ALIPAY = "alipay"
    WECHAT_PAY = "wechat_pay"


class Outcome(StrEnum):
    """What the provider says of a payment."""

    PENDING = "processing"
    REQUIRES_ACTION = "requires_action"
    CAPTURED = "captured"
    FAILED = "failed"
    CANCELLED = "cancelled"


class RefundOutcome(StrEnum):
    """What the provider says of a refund."""

    PENDING = "pending"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


class BadSignature(DomainError):
    """The event was not signed by the provider, or is stale, or comes from the future."""

    code = "webhook-signature-invalid"


class JunkEvent(DomainError):
    """Signed, and still no event."""

    code = "malformed-body"


class GatewayDown(Unavailable):
    """The provider did not do it and may be asked again later."""

    code = "upstream-unavailable"


class OutcomeUnknown(Unavailable):
    """The provider may have done it: ask again with the same key, or look; never call it failed."""

    code = "upstream-unavailable"


class GatewayRefused(DomainError):
    """The provider said no for good and did nothing; the fact ``decline_code`` says why."""

    code = "payment-declined"

    def __init__(self, detail: str = "", *, decline_code: str) -> None:
        super().__init__(detail, decline_code=decline_code)
        self.decline_code = decline_code


class IntentClosed(DomainError):
    """The buyer acts on a payment that is already paid, refused or called off."""

    code = "order-state-conflict"


@dataclass(frozen=True, kw_only=True)
class Charge:
    """A wish for money; the same key must always come with the same values.

    ``hold_expires_at`` is the hold's end as written with the payment: later starts of the same
    payment repeat it, even when the hold has moved since.
    """

    payment_id: int
    order_number: str
    amount_fen: int
    currency: str = "CNY"
    method: Method
    idempotency_key: str
    description: str
    return_url: str
    hold_expires_at: datetime
    on_phone: bool = False


@dataclass(frozen=True, kw_only=True)
class NextAction:
    """What the buyer does next: follow ``url``, or scan ``data`` (``url`` is its page)."""

    type: Literal["redirect", "qr"]
    url: str | None = None
    data: str | None = None
    expires_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Intent:
    """A payment begun at the provider."""

    provider_id: str
    outcome: Outcome
    next_action: NextAction | None = None
    failure_code: str | None = None


@dataclass(frozen=True, kw_only=True)
class Standing:
    """What the provider says a payment is now."""

    provider_id: str
    outcome: Outcome
    amount_fen: int
    currency: str
    order_number: str | None = None
    payment_id: int | None = None
    failure_code: str | None = None


@dataclass(frozen=True, kw_only=True)
class RefundRequest:
    """A wish to give money back; ``reason`` is one of the shop's short codes, never free text."""

    refund_id: int
    payment_id: int
    provider_payment_id: str
    amount_fen: int
    idempotency_key: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class RefundStanding:
    """What the provider says a refund is now."""

    provider_id: str
    outcome: RefundOutcome
    amount_fen: int
    failure_code: str | None = None


@dataclass(frozen=True, kw_only=True)
class GatewayEvent:
    """One message of the provider, verified and translated.

    ``provider_id`` is the id that ``start`` or ``refund`` gave, and ``None`` where the message does
    not carry it (a card payment of a Checkout session speaks by its own id); ``payment_id`` and
    ``refund_id`` come from what the shop attached. A refund without ``refund_id`` was made at the
    provider's own desk. ``account`` is set when the message is about somebody else's account.
    """

    event_id: str
    type: str
    kind: Literal["payment", "refund", "ignored"]
    payment_id: int | None = None
    refund_id: int | None = None
    provider_id: str | None = None
    outcome: Outcome | RefundOutcome | None = None
    amount_fen: int | None = None
    currency: str | None = None
    order_number: str | None = None
    failure_code: str | None = None
    created: datetime
    livemode: bool | None = None
    account: str | None = None
    raw: dict[str, Any] = field(default_factory=dict)


class Gateway(Protocol):
    """A payment provider.

    Every call answers within 10 s or raises GatewayDown (nothing happened) or OutcomeUnknown (it
    may have); GatewayRefused is the provider's no. No call belongs inside a transaction.
    """

    name: ClassVar[str]
    methods: frozenset[Method]
    livemode: bool | None

    def start(self, charge: Charge) -> Intent:
        """Ask for money; asking twice with one key charges once."""
        ...

    def look(self, provider_id: str) -> Standing:
        """Ask what a payment is now."""
        ...

    def cancel(self, provider_id: str) -> Standing:
        """Call a payment off and say what it is now: captured when the buyer was faster."""
        ...

    def refund(self, request: RefundRequest) -> RefundStanding:
        """Give money back; asking twice with one key refunds once."""
        ...

    def look_refund(self, provider_refund_id: str) -> RefundStanding:
        """Ask what a refund is now."""
        ...

    def read_event(self, body: bytes, headers: Mapping[str, str], *, now: datetime) -> GatewayEvent:
        """Verify and translate one message; raises BadSignature or JunkEvent."""
        ...

    def recent_events(self, since: datetime) -> list[GatewayEvent]:
        """The provider's messages since then, oldest first, for when its hooks do not arrive."""
        ...
