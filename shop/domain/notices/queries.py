"""Messages as they were written."""

from sqlalchemy import select

from shop.db import db
from shop.domain.notices.models import Message


def message(message_id: int) -> Message | None:
    """One message."""
    return db.session.get(Message, message_id)


def newest(*, limit: int, phone: str | None = None) -> list[Message]:
    """The newest messages, for one number (E.164) or for all."""
    query = select(Message).order_by(Message.id.desc()).limit(limit)
    if phone is not None:
        query = query.where(Message.phone == phone)
    return list(db.session.scalars(query))
