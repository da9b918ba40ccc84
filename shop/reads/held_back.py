"""Money a provider reports that fits no order, and whether it can go back from here."""

from shop.db import db
from shop.domain.outbox.models import InboxEvent
from shop.domain.outbox.states import InboxStatus
from shop.domain.payments.gateways.base import Outcome
from shop.domain.payments.models import Payment
from shop.domain.payments.queries import by_provider_id
from shop.kernel.money import CURRENCY

MONEY_CAME = frozenset({"another amount", "another order"})
"""Reasons of ``flows.hearing`` with which the money did reach the payment that is named."""


def returnable(event: InboxEvent) -> tuple[int, int] | None:
    """The id of the payment that received such money, and its fen; ``None``: nothing to send.

    Money in another currency, of another account or at another payment of the provider is not
    ours to send: a person sees to it on the provider's own pages.
    """
    facts = event.payload
    payment = _payment(event)
    fen = facts.get("amount_fen")
    fits = (
        event.status is InboxStatus.QUARANTINED
        and event.reason in MONEY_CAME
        and facts.get("outcome") == Outcome.CAPTURED
        and facts.get("account") is None
        and facts.get("currency") in {None, CURRENCY}
    )
    if not fits or payment is None or not isinstance(fen, int) or fen <= 0:
        return None
    at_provider = payment.provider_id or facts.get("provider_id")
    if payment.captured_at is not None or at_provider != facts.get("provider_id"):
        return None
    return payment.id, fen


def _payment(event: InboxEvent) -> Payment | None:
    named, known = event.payload.get("payment_id"), event.payload.get("provider_id")
    if isinstance(named, int):
        found = db.session.get(Payment, named)
        return found if found is not None and found.gateway == event.source else None
    return by_provider_id(event.source, known) if isinstance(known, str) else None
