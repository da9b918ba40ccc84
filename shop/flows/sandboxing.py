"""What the sandbox provider does when its buyer decides: an event leaves for the hook."""

from datetime import datetime, timedelta

import requests
from sqlalchemy import select

from shop.db import db, transactional
from shop.domain.orders.models import Order
from shop.domain.outbox import service as outbox
from shop.domain.payments.gateways.sandbox import SIGNATURE_HEADER, Decision, SandboxGateway
from shop.domain.payments.models import Payment
from shop.kernel.actor import Actor
from shop.kernel.errors import NotFound, Unavailable

DEADLINES_S = (2, 8)


def decide(
    payment_id: int,
    decision: Decision,
    *,
    actor: Actor,
    gateway: SandboxGateway,
    deliveries: int,
    delay_s: int,
    now: datetime,
) -> None:
    """Pay, decline or wander off; the event is delivered ``deliveries`` times after ``delay_s``.

    Raises ``NotFound`` for another's payment, ``IntentClosed`` when it is over already.
    """
    provider_id = db.session.scalar(
        select(Payment.provider_id)
        .join(Order, Order.id == Payment.order_id)
        .where(
            Payment.id == payment_id,
            Payment.gateway == gateway.name,
            Order.buyer_id == actor.user_id,
        )
    )
    if provider_id is None:
        raise NotFound
    db.session.rollback()
    event = gateway.decide(provider_id, decision=decision, now=now)
    if event is not None:
        _queue(event.event_id, event.body, deliveries=deliveries, delay_s=delay_s, now=now)


def announce(provider_id: str, *, gateway: SandboxGateway, now: datetime) -> None:
    """Send the event of a refund, as a provider would after giving money back."""
    event = gateway.announce(provider_id, now=now)
    if event is not None:
        _queue(event.event_id, event.body, deliveries=1, delay_s=0, now=now)


@transactional
def _queue(event_id: str, body: bytes, *, deliveries: int, delay_s: int, now: datetime) -> None:
    for copy in range(deliveries):
        outbox.put(
            "sandbox.deliver",
            dedupe_key=f"sandbox.deliver:{event_id}:{copy}",
            payload={"body": body.decode()},
            due_at=now + timedelta(seconds=delay_s),
            now=now,
        )


def deliver(body: str, *, gateway: SandboxGateway, hook_url: str, now: datetime) -> None:
    """Post one event to the hook, signed as it leaves; raises ``Unavailable`` to be tried again."""
    raw = body.encode()
    headers = {
        SIGNATURE_HEADER: gateway.sign(raw, now=now),
        "Content-Type": "application/json",
    }
    try:
        answer = requests.post(hook_url, data=raw, headers=headers, timeout=DEADLINES_S)
    except requests.RequestException as error:
        raise Unavailable("the hook does not answer") from error
    if answer.status_code >= 500:
        raise Unavailable(f"the hook answered {answer.status_code}")
