"""Hearing of money: hook, return page and reconciler all end in ``apply_payment``."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select

from shop.db import db, transactional
from shop.domain.compliance import service as tasks
from shop.domain.compliance.states import TaskKind
from shop.domain.orders import service as orders
from shop.domain.outbox import inbox
from shop.domain.outbox.models import InboxEvent
from shop.domain.outbox.states import InboxStatus
from shop.domain.payments import queries as payment_queries
from shop.domain.payments import service as payments
from shop.domain.payments.gateways.base import (
    Gateway,
    GatewayEvent,
    Outcome,
    RefundOutcome,
    Standing,
)
from shop.domain.payments.models import Payment, Refund
from shop.flows import proving
from shop.flows.capturing import apply_payment
from shop.flows.sending_back import apply_refund
from shop.kernel.actor import GATEWAY

LOOK_WITHIN = timedelta(hours=4)
PARKED_FOR = timedelta(minutes=10)
"""What an event speaks of should exist by then; afterwards a person is asked."""


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What became of a report."""

    status: InboxStatus
    reason: str | None = None


def hear(event: GatewayEvent, *, source: str, livemode: bool | None, now: datetime) -> Verdict:
    """Store one verified event, then apply it exactly once.

    Stored first and alone, so that an event whose applying fails is kept and tried again by
    ``apply_waiting``; a repeat is told ``duplicate``.
    """
    event_id = _store(event, source=source, now=now)
    if event_id is None:
        return Verdict(status=InboxStatus.DUPLICATE)
    return _try(event_id, source=source, livemode=livemode, now=now)


@transactional
def _store(event: GatewayEvent, *, source: str, now: datetime) -> int | None:
    return inbox.store(source, event.event_id, type_=event.type, payload=_plain(event), now=now)


def _plain(event: GatewayEvent) -> dict[str, object]:
    """The facts an event is applied by, and the raw message for a person who asks."""
    return {
        "kind": event.kind,
        "payment_id": event.payment_id,
        "refund_id": event.refund_id,
        "provider_id": event.provider_id,
        "outcome": str(event.outcome) if event.outcome else None,
        "amount_fen": event.amount_fen,
        "currency": event.currency,
        "order_number": event.order_number,
        "failure_code": event.failure_code,
        "livemode": event.livemode,
        "account": event.account,
        "raw": event.raw,
    }


def _try(event_id: int, *, source: str, livemode: bool | None, now: datetime) -> Verdict:
    try:
        return _apply(event_id, source=source, livemode=livemode, now=now)
    except Exception as error:
        _count_failure(event_id, reason=f"{type(error).__name__}: {error}", now=now)
        return Verdict(status=InboxStatus.RECEIVED, reason="will be tried again")


@transactional
def _count_failure(event_id: int, *, reason: str, now: datetime) -> None:
    if inbox.count_failure(event_id, reason=reason, now=now):
        _ask(TaskKind.PARKED_EVENT, event_id, reason, now=now)


def _ask(kind: TaskKind, event_id: int, reason: str, *, now: datetime) -> None:
    tasks.open_task(
        kind,
        dedupe_key=_task_key(event_id),
        ref=f"inbox:{event_id}",
        summary=reason,
        due_at=now + LOOK_WITHIN,
        now=now,
    )


def _task_key(event_id: int) -> str:
    return f"inbox:{event_id}"


def apply_waiting(
    source: str, *, livemode: bool | None, now: datetime, payment_id: int | None = None
) -> int:
    """Try again what was parked or failed, each event in a transaction of its own.

    With ``payment_id`` only what speaks of that payment: told before the shop knew of it.
    """
    waiting = inbox.unapplied(source, now=now) if payment_id is None else _about(source, payment_id)
    return sum(
        _try(event_id, source=source, livemode=livemode, now=now).status is InboxStatus.APPLIED
        for event_id in waiting
    )


def _about(source: str, payment_id: int) -> list[int]:
    known_as = db.session.scalar(select(Payment.provider_id).where(Payment.id == payment_id))
    return inbox.waiting_about(source, payment_id=payment_id, provider_id=known_as)


@transactional
def _apply(event_id: int, *, source: str, livemode: bool | None, now: datetime) -> Verdict:
    event = inbox.begin(event_id)
    if event is None:
        return Verdict(status=InboxStatus.DUPLICATE)
    verdict = _judge(event, source=source, livemode=livemode, now=now)
    inbox.close(event, verdict.status, reason=verdict.reason, now=now)
    reason = verdict.reason or event.type
    if verdict.status is InboxStatus.QUARANTINED:
        _ask(TaskKind.QUARANTINED_PAYMENT, event.id, reason, now=now)
    elif verdict.status is InboxStatus.PARKED and event.received_at <= now - PARKED_FOR:
        _ask(TaskKind.PARKED_EVENT, event.id, reason, now=now)
    elif verdict.status is InboxStatus.APPLIED:
        tasks.close_task(_task_key(event.id), actor=GATEWAY, note=None, now=now)
    return verdict


def _judge(event: InboxEvent, *, source: str, livemode: bool | None, now: datetime) -> Verdict:
    facts = event.payload
    if facts["kind"] == "ignored":
        return Verdict(status=InboxStatus.IGNORED)
    if facts["account"] is not None or (
        livemode is not None and facts["livemode"] is not None and facts["livemode"] != livemode
    ):
        return Verdict(status=InboxStatus.QUARANTINED, reason="from another account or mode")
    if facts["kind"] == "refund":
        return _judge_refund(facts, source=source, now=now)
    return _judge_payment(facts, source=source, now=now)


def _judge_refund(facts: Mapping[str, object], *, source: str, now: datetime) -> Verdict:
    refund = None
    if isinstance(facts["refund_id"], int):
        refund = db.session.get(Refund, facts["refund_id"])
    elif isinstance(facts["provider_id"], str):
        refund = payment_queries.refund_by_provider_id(facts["provider_id"])
    elif isinstance(facts["payment_id"], int) and isinstance(facts["amount_fen"], int):
        refund = payment_queries.only_refund_of(facts["payment_id"], facts["amount_fen"])
    if refund is None:
        return Verdict(status=InboxStatus.QUARANTINED, reason="a refund the shop did not ask for")
    if wrong := proving.refund_mismatch(refund, facts, source) or proving.unproven(
        facts, source=None
    ):
        return Verdict(status=InboxStatus.QUARANTINED, reason=wrong)
    if facts["outcome"] is None:
        return Verdict(status=InboxStatus.IGNORED)
    failure = facts["failure_code"]
    apply_refund(
        refund.id,
        outcome=RefundOutcome(str(facts["outcome"])),
        provider_id=facts["provider_id"] if isinstance(facts["provider_id"], str) else None,
        failure_code=str(failure) if failure else None,
        source=source,
        now=now,
    )
    return Verdict(status=InboxStatus.APPLIED)


def _judge_payment(facts: Mapping[str, object], *, source: str, now: datetime) -> Verdict:
    payment = _find(facts, source)
    if payment is None:
        return Verdict(status=InboxStatus.PARKED, reason="no such payment yet")
    order = orders.locked(payment.order_id)
    payment = payments.locked(payment.id)
    if wrong := proving.payment_mismatch(payment, order, facts) or proving.unproven(
        facts, source=source
    ):
        return Verdict(status=InboxStatus.QUARANTINED, reason=wrong)
    if facts["outcome"] is None:
        return Verdict(status=InboxStatus.IGNORED)
    if payment.provider_id is None and isinstance(facts["provider_id"], str):
        payments.note_provider(payment, facts["provider_id"], next_action=None)
    failure = facts["failure_code"]
    apply_payment(
        order,
        payment,
        outcome=Outcome(str(facts["outcome"])),
        failure_code=str(failure) if failure else None,
        source=source,
        now=now,
    )
    return Verdict(status=InboxStatus.APPLIED)


def _find(facts: Mapping[str, object], source: str) -> Payment | None:
    if isinstance(facts["payment_id"], int):
        found = db.session.get(Payment, facts["payment_id"])
        return found if found is not None and found.gateway == source else None
    if isinstance(facts["provider_id"], str):
        return payment_queries.by_provider_id(source, facts["provider_id"])
    return None


@transactional
def record_standing(payment_id: int, standing: Standing, *, source: str, now: datetime) -> None:
    """Write what a provider answered when it was asked: return page and reconciler."""
    known = db.session.get_one(Payment, payment_id)
    order = orders.locked(known.order_id)
    payment = payments.locked(payment_id)
    facts = {
        "amount_fen": standing.amount_fen,
        "currency": standing.currency,
        "order_number": standing.order_number,
        "provider_id": standing.provider_id,
    }
    if wrong := proving.payment_mismatch(payment, order, facts):
        tasks.open_task(
            TaskKind.QUARANTINED_PAYMENT,
            dedupe_key=f"standing:{payment.id}",
            ref=f"order:{order.number}",
            summary=wrong,
            due_at=now + LOOK_WITHIN,
            now=now,
        )
        return
    apply_payment(
        order,
        payment,
        outcome=standing.outcome,
        failure_code=standing.failure_code,
        source=source,
        now=now,
    )


def look(payment_id: int, *, gateways: Mapping[str, Gateway], source: str, now: datetime) -> None:
    """Ask the provider what a payment is now, and write it down. Raises ``GatewayDown``."""
    payment = db.session.get(Payment, payment_id)
    if payment is None or payment.provider_id is None or payment.gateway not in gateways:
        return
    gateway, provider_id = gateways[payment.gateway], payment.provider_id
    db.session.rollback()
    record_standing(payment_id, gateway.look(provider_id), source=source, now=now)
