"""Converging when no report ever comes: providers are asked what they hold to be true."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import partial

from shop.db import db, transactional
from shop.domain.payments import queries as payment_queries
from shop.domain.payments.gateways.base import Gateway, RefundStanding
from shop.domain.payments.models import Payment, Refund
from shop.flows import hearing, paying, sending_back
from shop.kernel.errors import DomainError

PATIENCE = timedelta(seconds=30)
LOOK_BACK = timedelta(hours=2)


def reconcile(
    *, gateways: Mapping[str, Gateway], return_url: Callable[[str], str], now: datetime
) -> int:
    """Ask about every payment and refund whose end is unknown; gives how many were asked about.

    One that cannot be asked about stops no other.
    """
    before = now - PATIENCE
    asked = 0
    for payment_id in payment_queries.unanswered(before):
        asked += _try(
            partial(
                paying.resume_unknown,
                payment_id,
                gateways=gateways,
                return_url=return_url,
                now=now,
            )
        )
    for payment_id in payment_queries.unsettled(before):
        asked += _try(
            partial(hearing.look, payment_id, gateways=gateways, source="reconciler", now=now)
        )
    for refund_id in payment_queries.unsettled_refunds(before):
        asked += _try(partial(_refund, refund_id, gateways=gateways, now=now))
    for name, gateway in gateways.items():
        hearing.apply_waiting(name, livemode=gateway.livemode, now=now)
        asked += _try(partial(_events, name, gateway, now=now))
    return asked


def _try(step: Callable[[], object]) -> int:
    try:
        step()
    except DomainError:
        db.session.rollback()
        return 0
    return 1


def _refund(refund_id: int, *, gateways: Mapping[str, Gateway], now: datetime) -> None:
    known = _known_refund(refund_id)
    if known is None:
        sending_back.send_refund(refund_id, gateways=gateways, now=now)
        return
    gateway, provider_id = known
    standing: RefundStanding = sending_back.configured(gateways, gateway).look_refund(provider_id)
    sending_back.record_refund(
        refund_id,
        outcome=standing.outcome,
        provider_id=standing.provider_id,
        failure_code=standing.failure_code,
        source="reconciler",
        now=now,
    )


@transactional
def _known_refund(refund_id: int) -> tuple[str, str] | None:
    refund = db.session.get_one(Refund, refund_id)
    if refund.provider_id is None:
        return None
    return db.session.get_one(Payment, refund.payment_id).gateway, refund.provider_id


def _events(name: str, gateway: Gateway, *, now: datetime) -> None:
    """What hooks may have missed; an event heard before is a duplicate and changes nothing."""
    for event in gateway.recent_events(now - LOOK_BACK):
        hearing.hear(event, source=name, livemode=gateway.livemode, now=now)
