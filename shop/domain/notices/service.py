"""Messages are written down in the transaction that decided them, and carried later."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import delete, or_, select, update

from shop.db import changed, db
from shop.domain.notices import wording
from shop.domain.notices.models import Message


def write(
    *,
    user_id: int | None,
    phone: str,
    template: str,
    variables: Mapping[str, object],
    dedupe_key: str,
    now: datetime,
) -> int | None:
    """Write a message to a number (E.164); ``None`` when this cause was told before."""
    if db.session.scalar(select(Message.id).where(Message.dedupe_key == dedupe_key)):
        return None
    made = Message(
        dedupe_key=dedupe_key,
        user_id=user_id,
        phone=phone,
        template=template,
        variables=wording.capped(template, variables),
        created_at=now,
    )
    db.session.add(made)
    db.session.flush()
    return made.id


def mark_sent(message_id: int, *, keeps_copy: bool, now: datetime) -> None:
    """A door took the message; a real one keeps its own copy, so the variables go."""
    values: dict[str, object] = {"sent_at": now}
    if not keeps_copy:
        values["variables"] = {}
    changed(
        update(Message).where(Message.id == message_id, Message.sent_at.is_(None)).values(**values)
    )


def forget(*, user_id: int, phone: str | None) -> None:
    """Drop every message to a person."""
    mine = Message.user_id == user_id
    which = mine if phone is None else or_(mine, Message.phone == phone)
    db.session.execute(delete(Message).where(which))


def drop_old(*, before: datetime) -> int:
    """Drop messages nobody needs any more; says how many."""
    return changed(delete(Message).where(Message.created_at < before))
