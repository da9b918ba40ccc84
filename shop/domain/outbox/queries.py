"""What waits to leave the shop."""

from datetime import datetime

from sqlalchemy import exists, func, or_, select

from shop.db import db
from shop.domain.outbox.models import OutboxMessage
from shop.domain.outbox.states import OutboxStatus


def anything_due(*, now: datetime) -> bool:
    """Whether a claim would find something; a plain read, so that idling takes no write lock."""
    due = exists().where(
        OutboxMessage.status == OutboxStatus.WAITING,
        OutboxMessage.due_at <= now,
        or_(OutboxMessage.leased_until.is_(None), OutboxMessage.leased_until <= now),
    )
    return bool(db.session.scalar(select(due)))


def oldest_due(*, now: datetime) -> datetime | None:
    """Since when the longest waiting message has been due: the lag that metrics show."""
    return db.session.scalar(
        select(func.min(OutboxMessage.due_at)).where(
            OutboxMessage.status == OutboxStatus.WAITING, OutboxMessage.due_at <= now
        )
    )


def counts() -> dict[OutboxStatus, int]:
    """How many messages wait or are dead; the done are not counted, for they only grow."""
    found = {
        status: db.session.scalar(
            select(func.count()).select_from(OutboxMessage).where(OutboxMessage.status == status)
        )
        for status in (OutboxStatus.WAITING, OutboxStatus.DEAD)
    }
    return {status: number for status, number in found.items() if number}


def by_key(dedupe_key: str) -> OutboxMessage | None:
    """The message that was put for a key."""
    return db.session.scalar(select(OutboxMessage).where(OutboxMessage.dedupe_key == dedupe_key))
