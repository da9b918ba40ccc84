"""What providers report: stored first, applied once."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select, update

from shop.db import changed, db, insert_into
from shop.domain.outbox.models import InboxEvent
from shop.domain.outbox.states import InboxStatus

MAX_ATTEMPTS = 8
OPEN = (InboxStatus.RECEIVED, InboxStatus.PARKED)


def store(
    source: str, event_id: str, *, type_: str, payload: Mapping[str, Any], now: datetime
) -> int | None:
    """Keep a report as it came; ``None`` when this event id was heard before."""
    stored: int | None = db.session.scalar(
        insert_into(InboxEvent)
        .values(
            source=source,
            event_id=event_id,
            type=type_[:80],
            payload=dict(payload),
            status=InboxStatus.RECEIVED,
            attempts=0,
            received_at=now,
        )
        .on_conflict_do_nothing(index_elements=[InboxEvent.source, InboxEvent.event_id])
        .returning(InboxEvent.id)
    )
    return stored


def begin(event_id: int) -> InboxEvent | None:
    """Take an event that is still to be applied, for this transaction; ``None``: nothing to do."""
    event = db.session.scalar(
        select(InboxEvent)
        .where(InboxEvent.id == event_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if event is None or event.status not in OPEN:
        return None
    return event


def close(event: InboxEvent, status: InboxStatus, *, reason: str | None, now: datetime) -> None:
    """Say what became of an event."""
    event.status = status
    event.reason = reason
    event.applied_at = now if status is InboxStatus.APPLIED else None
    event.attempts += 1
    db.session.flush()


def count_failure(event_id: int, *, reason: str, now: datetime) -> bool:
    """Count a failed try of a poisonous event; ``True`` when it is now dead."""
    changed(
        update(InboxEvent)
        .where(InboxEvent.id == event_id, InboxEvent.status.in_(OPEN))
        .values(attempts=InboxEvent.attempts + 1, reason=reason[:200])
    )
    return bool(
        changed(
            update(InboxEvent)
            .where(
                InboxEvent.id == event_id,
                InboxEvent.status.in_(OPEN),
                InboxEvent.attempts >= MAX_ATTEMPTS,
            )
            .values(status=InboxStatus.DEAD, applied_at=now)
        )
    )


def unapplied(source: str, *, now: datetime, limit: int = 100) -> list[int]:
    """Events that wait: received and not applied, or parked until what they speak of exists."""
    return list(
        db.session.scalars(
            select(InboxEvent.id)
            .where(
                InboxEvent.source == source,
                InboxEvent.status.in_(OPEN),
                InboxEvent.received_at > now - timedelta(days=3),
            )
            .order_by(InboxEvent.received_at)
            .limit(limit)
        )
    )


def waiting_about(source: str, **facts: object) -> list[int]:
    """The newest events that wait and whose payload says one of ``facts``, in order of arrival.

    Compared here, since the two databases compare what is inside JSON differently.
    """
    told = [InboxEvent.payload[name] for name in facts]
    rows = db.session.execute(
        select(InboxEvent.id, *told)
        .where(InboxEvent.source == source, InboxEvent.status.in_(OPEN))
        .order_by(InboxEvent.received_at.desc(), InboxEvent.id.desc())
        .limit(100)
    )
    wanted = list(facts.values())
    return sorted(
        event_id
        for event_id, *found in rows
        if any(a is not None and a == b for a, b in zip(found, wanted, strict=True))
    )
