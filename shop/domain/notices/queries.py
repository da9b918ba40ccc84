"""Messages as they were written."""

from sqlalchemy import select

from shop.db import db
from shop.domain.notices.models import Message


def message(message_id: int) -> Message | None:
    """One message."""
    return db.session.get(Message, message_id)


def newest(*, limit: int) -> list[Message]:
    """The newest messages."""
    return list(db.session.scalars(select(Message).order_by(Message.id.desc()).limit(limit)))
