"""Stripe: Alipay and WeChat Pay by a PaymentIntent confirmed here, cards by Checkout."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, ClassVar, Literal, NoReturn

import stripe
from stripe.params import EventListParams, PaymentIntentCreateParams
from stripe.params.checkout import SessionCreateParams

from shop.domain.payments.gateways import envelope
from shop.domain.payments.gateways.base import (
    Charge,
    GatewayDown,
    GatewayEvent,
    GatewayRefused,
    Intent,
    Method,
    NextAction,
    Outcome,
    OutcomeUnknown,
    RefundRequest,
    RefundStanding,
    Standing,
)
from shop.domain.payments.gateways.stripe_events import (
    BY_CHECKOUT,
    intent_standing,
    next_action,
    refund_standing,
    session_standing,
    translate,
)
from shop.domain.payments.gateways.transport import Transport
from shop.kernel.circuit import Circuit

CHECKOUT_LASTS = timedelta(minutes=31)
PAGE = 100
MAX_PAGES = 50
SIGNATURE_HEADER = "Stripe-Signature"


class _Wire(stripe.HTTPClient):
    """Stripe's client over our transport, for one operation with one deadline."""

    name = "requests"

    def __init__(self, transport: Transport, *, until: float) -> None:
        super().__init__()
        self._transport = transport
        self._until = until

    def request_with_retries(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        post_data: Any = None,
        *_: Any,
        **__: Any,
    ) -> tuple[str, int, Mapping[str, str]]:
        reply = self._transport.send(
            method, url, headers=headers, body=post_data, until=self._until
        )
        return reply.body.decode("utf-8", "replace"), reply.status, reply.headers


class StripeGateway:
    """The Gateway of a Stripe account."""

    name: ClassVar[str] = "stripe"
    methods = frozenset(Method)

    def __init__(
        self,
        *,
        secret_key: str,
        webhook_secrets: tuple[str, ...],
        api_base: str = stripe.DEFAULT_API_BASE,
        transport: Transport | None = None,
    ) -> None:
        self._key = secret_key
        self._secrets = envelope.usable(webhook_secrets)
        self._api_base = api_base.rstrip("/")
        self._transport = transport or Transport(circuit=Circuit("stripe"))
        self.livemode: bool | None = "_live_" in secret_key

    def start(self, charge: Charge) -> Intent:
        """Begin a payment; a refused method or wallet raises GatewayRefused."""
        if charge.method is Method.CARD:
            return self._start_checkout(charge)
        params = _intent_params(charge)
        found = self._ask(
            lambda api: api.payment_intents.create(
                params, {"idempotency_key": charge.idempotency_key}
            )
        )
        standing = intent_standing(found, provider_id=str(found["id"]))
        return Intent(
            provider_id=standing.provider_id,
            outcome=standing.outcome,
            next_action=next_action(found.get("next_action"), charge=charge),
            failure_code=standing.failure_code,
        )

    def _start_checkout(self, charge: Charge) -> Intent:
        params = _session_params(charge)
        session = self._ask(
            lambda api: api.checkout.sessions.create(
                params, {"idempotency_key": charge.idempotency_key}
            )
        )
        return Intent(
            provider_id=str(session["id"]),
            outcome=Outcome.REQUIRES_ACTION,
            next_action=NextAction(
                type="redirect",
                url=session.get("url"),
                expires_at=charge.hold_expires_at,
            ),
        )

    def look(self, provider_id: str) -> Standing:
        """Ask Stripe; both a PaymentIntent and a Checkout session are understood."""
        return self._look(provider_id, until=self._transport.deadline())

    def cancel(self, provider_id: str) -> Standing:
        """Cancel the intent or expire the session; Stripe's refusal means it is over already."""
        until = self._transport.deadline()
        try:
            if _is_session(provider_id):
                expired = self._ask(
                    lambda api: api.checkout.sessions.expire(provider_id), until=until
                )
                return session_standing(expired)
            ended = self._ask(lambda api: api.payment_intents.cancel(provider_id), until=until)
            return intent_standing(ended, provider_id=provider_id)
        except GatewayRefused as refused:
            if refused.decline_code == "resource_missing":
                raise
        return self._look(provider_id, until=until)

    def refund(self, request: RefundRequest) -> RefundStanding:
        """Refund by the shop's key; more than was captured raises GatewayRefused."""
        until = self._transport.deadline()
        intent_id = self._intent_of(request.provider_payment_id, until=until)
        found = self._ask(
            lambda api: api.refunds.create(
                {
                    "payment_intent": intent_id,
                    "amount": request.amount_fen,
                    "metadata": {
                        "refund_id": str(request.refund_id),
                        "payment_id": str(request.payment_id),
                        "reason": request.reason[:64],
                    },
                },
                {"idempotency_key": request.idempotency_key},
            ),
            until=until,
        )
        return refund_standing(found)

    def look_refund(self, provider_refund_id: str) -> RefundStanding:
        """Ask Stripe what a refund is now."""
        return refund_standing(self._ask(lambda api: api.refunds.retrieve(provider_refund_id)))

    def read_event(self, body: bytes, headers: Mapping[str, str], *, now: datetime) -> GatewayEvent:
        """Verify by our own clock, since Stripe's verifier lets the future and junk pass."""
        envelope.verify(body, headers, name=SIGNATURE_HEADER, secrets=self._secrets, now=now)
        return translate(envelope.open_json(body))

    def recent_events(self, since: datetime) -> list[GatewayEvent]:
        """Up to 5,000 events, oldest first; each page has a deadline of its own."""
        found: list[dict[str, Any]] = []
        for _ in range(MAX_PAGES):
            page = self._page(since, after=found[-1]["id"] if found else None)
            found += page["data"]
            if not page.get("has_more"):
                break
        return [translate(event) for event in reversed(found)]

    def _page(self, since: datetime, *, after: str | None) -> dict[str, Any]:
        params: EventListParams = {"created": {"gte": int(since.timestamp())}, "limit": PAGE}
        if after is not None:
            params["starting_after"] = after
        return self._ask(lambda api: api.events.list(params))

    def _look(self, provider_id: str, *, until: float) -> Standing:
        if _is_session(provider_id):
            return session_standing(self._session(provider_id, until=until))
        found = self._ask(lambda api: api.payment_intents.retrieve(provider_id), until=until)
        return intent_standing(found, provider_id=provider_id)

    def _session(self, provider_id: str, *, until: float) -> dict[str, Any]:
        return self._ask(
            lambda api: api.checkout.sessions.retrieve(provider_id, {"expand": ["payment_intent"]}),
            until=until,
        )

    def _intent_of(self, provider_id: str, *, until: float) -> str:
        if not _is_session(provider_id):
            return provider_id
        intent = self._session(provider_id, until=until).get("payment_intent")
        if not isinstance(intent, dict):
            raise GatewayRefused("nothing was paid here", decline_code="charge_missing")
        return str(intent["id"])

    def _ask(
        self, call: Callable[[Any], stripe.StripeObject], *, until: float | None = None
    ) -> dict[str, Any]:
        """One call to Stripe with the operation's deadline, its answer as a dictionary."""
        wire = _Wire(self._transport, until=until or self._transport.deadline())
        client = stripe.StripeClient(
            self._key,
            base_addresses={"api": self._api_base},
            max_network_retries=0,
            http_client=wire,
        )
        try:
            return call(client.v1).to_dict()
        except stripe.StripeError as error:
            _tell(error)


def _tell(error: stripe.StripeError) -> NoReturn:
    """Stripe's error as one of the door's, its words kept in ``detail``."""
    code = str(error.code or "refused")
    detail = error.user_message or type(error).__name__
    if isinstance(error, stripe.CardError):
        declined = getattr(error.error, "decline_code", None)
        raise GatewayRefused(detail, decline_code=str(declined or code)) from error
    if isinstance(error, (stripe.AuthenticationError, stripe.PermissionError)):
        raise GatewayDown("Stripe does not accept the shop's key") from error
    if isinstance(error, stripe.IdempotencyError):
        raise GatewayRefused(detail, decline_code="idempotency_error") from error
    if isinstance(error, stripe.InvalidRequestError):
        raise GatewayRefused(detail, decline_code=code) from error
    raise OutcomeUnknown(detail, retry_after=5) from error


def _is_session(provider_id: str) -> bool:
    return provider_id.startswith("cs_")


def _metadata(charge: Charge) -> dict[str, str]:
    return {"payment_id": str(charge.payment_id), "order_number": charge.order_number}


def _intent_params(charge: Charge) -> PaymentIntentCreateParams:
    wallet: Literal["alipay", "wechat_pay"] = (
        "alipay" if charge.method is Method.ALIPAY else "wechat_pay"
    )
    params: PaymentIntentCreateParams = {
        "amount": charge.amount_fen,
        "currency": charge.currency.lower(),
        "confirm": True,
        "description": charge.description,
        "metadata": _metadata(charge),
        "allowed_payment_method_types": [wallet],
        "payment_method_data": {"type": wallet},
        "return_url": charge.return_url,
    }
    if wallet == "wechat_pay":
        params["payment_method_options"] = {"wechat_pay": {"client": "web"}}
    return params


def _session_params(charge: Charge) -> SessionCreateParams:
    """A session cannot last under 30 minutes, so it outlives the hold and is expired by the shop.

    Its end follows from the hold's end rather than from the clock: the same key has to bring the
    same values.
    """
    metadata = _metadata(charge)
    return {
        "mode": "payment",
        "allowed_payment_method_types": ["card"],
        "line_items": [
            {
                "quantity": 1,
                "price_data": {
                    "currency": charge.currency.lower(),
                    "unit_amount": charge.amount_fen,
                    "product_data": {"name": charge.description},
                },
            }
        ],
        "adaptive_pricing": {"enabled": False},
        "client_reference_id": charge.order_number,
        "metadata": metadata,
        "payment_intent_data": {
            "description": charge.description,
            "metadata": {**metadata, **BY_CHECKOUT},
        },
        "expires_at": int((charge.hold_expires_at + CHECKOUT_LASTS).timestamp()),
        "success_url": charge.return_url,
        "cancel_url": charge.return_url,
    }
