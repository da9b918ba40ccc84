"""Putting, claiming and finishing what must leave the shop; at least once, idempotent by key."""

import random
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import or_, select, update

from shop.db import changed, db, insert_into
from shop.domain.outbox.models import OutboxMessage
from shop.domain.outbox.states import OutboxStatus

TRIES = 12
LONGEST_WAIT_S = 1800


@dataclass(frozen=True, kw_only=True)
class Claimed:
    """One message in the hands of one worker until its lease ends."""

    id: int
    kind: str
    dedupe_key: str
    payload: Mapping[str, Any]
    attempts: int
    lease: str
    last_error: str | None


def put(
    kind: str,
    *,
    dedupe_key: str,
    payload: dict[str, Any],
    now: datetime,
    due_at: datetime | None = None,
) -> None:
    """Write one message inside the caller's transaction; a known ``dedupe_key`` changes nothing.

    ``payload`` holds plain JSON values: ids and keys rather than copies of personal data.
    """
    row = {
        "kind": kind,
        "dedupe_key": dedupe_key,
        "payload": payload,
        "status": OutboxStatus.WAITING,
        "attempts": 0,
        "due_at": due_at or now,
        "created_at": now,
    }
    db.session.execute(
        insert_into(OutboxMessage)
        .values(row)
        .on_conflict_do_nothing(index_elements=[OutboxMessage.dedupe_key])
    )


def claim(limit: int, *, now: datetime, lease_s: float) -> list[Claimed]:
    """Lease up to ``limit`` due messages, the longest due first, to the caller alone."""
    due = (
        select(OutboxMessage.id)
        .where(
            OutboxMessage.status == OutboxStatus.WAITING,
            OutboxMessage.due_at <= now,
            or_(OutboxMessage.leased_until.is_(None), OutboxMessage.leased_until <= now),
        )
        .order_by(OutboxMessage.due_at, OutboxMessage.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    ids = list(db.session.scalars(due))
    if not ids:
        return []
    lease = str(uuid.uuid4())
    rows = db.session.execute(
        update(OutboxMessage)
        .where(
            OutboxMessage.id.in_(ids),
            OutboxMessage.status == OutboxStatus.WAITING,
            or_(OutboxMessage.leased_until.is_(None), OutboxMessage.leased_until <= now),
        )
        .values(
            lease=lease,
            leased_until=now + timedelta(seconds=lease_s),
            attempts=OutboxMessage.attempts + 1,
        )
        .returning(
            OutboxMessage.id,
            OutboxMessage.kind,
            OutboxMessage.dedupe_key,
            OutboxMessage.payload,
            OutboxMessage.attempts,
            OutboxMessage.last_error,
        ),
        execution_options={"synchronize_session": False},
    ).all()
    taken = [
        Claimed(
            id=row.id,
            kind=row.kind,
            dedupe_key=row.dedupe_key,
            payload=row.payload,
            attempts=row.attempts,
            lease=lease,
            last_error=row.last_error,
        )
        for row in rows
    ]
    return sorted(taken, key=lambda message: ids.index(message.id))


def done(message: Claimed, *, now: datetime) -> bool:
    """Close a message; ``False`` when the lease ended and it is in other hands."""
    return _finish(message, status=OutboxStatus.DONE, done_at=now, last_error=None)


def retry_later(message: Claimed, *, error: str, now: datetime) -> OutboxStatus | None:
    """Put a failed message back with a growing pause, or give it up as dead after 12 tries.

    Gives the status it has now, ``None`` when the lease ended before.
    """
    status = OutboxStatus.DEAD if message.attempts >= TRIES else OutboxStatus.WAITING
    kept = _finish(
        message,
        status=status,
        due_at=now + pause_after(message.attempts),
        last_error=error[:300],
    )
    return status if kept else None


def give_back(message: Claimed) -> bool:
    """Return a message nobody has tried yet, as if it had not been claimed."""
    return _finish(message, attempts=OutboxMessage.attempts - 1)


def revive(message_id: int, *, now: datetime) -> bool:
    """Send a dead message out again with all its tries; ``False`` when it is not dead."""
    return bool(
        changed(
            update(OutboxMessage)
            .where(OutboxMessage.id == message_id, OutboxMessage.status == OutboxStatus.DEAD)
            .values(status=OutboxStatus.WAITING, attempts=0, due_at=now)
        )
    )


def pause_after(attempts: int) -> timedelta:
    """1, 3, 9 ... seconds up to half an hour, with jitter; twelve tries take about two hours."""
    longest = min(3.0 ** (attempts - 1), LONGEST_WAIT_S)
    return timedelta(seconds=longest * random.uniform(0.75, 1.25))


def _finish(message: Claimed, **values: Any) -> bool:
    return bool(
        changed(
            update(OutboxMessage)
            .where(
                OutboxMessage.id == message.id,
                OutboxMessage.status == OutboxStatus.WAITING,
                OutboxMessage.lease == message.lease,
            )
            .values(lease=None, leased_until=None, **values)
        )
    )
