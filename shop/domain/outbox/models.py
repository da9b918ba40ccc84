"""Tables of effects that must happen once and of reports that were heard."""

from datetime import datetime
from typing import Any

from sqlalchemy import String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from shop.columns import Word, one_of
from shop.db import Base, some_of
from shop.domain.outbox.states import InboxStatus, OutboxStatus


class OutboxMessage(Base):
    """Something that must leave the shop, written in the transaction that decided it."""

    __tablename__ = "outbox_message"
    __table_args__ = (
        one_of("status", OutboxStatus),
        some_of("ix_outbox_message_waiting", "due_at", "id", where="status = 'waiting'"),
        some_of("ix_outbox_message_dead", "id", where="status = 'dead'"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(40))
    dedupe_key: Mapped[str] = mapped_column(String(120), unique=True)
    payload: Mapped[dict[str, Any]]
    status: Mapped[OutboxStatus] = mapped_column(Word(OutboxStatus), default=OutboxStatus.WAITING)
    attempts: Mapped[int] = mapped_column(default=0)
    due_at: Mapped[datetime]
    leased_until: Mapped[datetime | None]
    lease: Mapped[str | None] = mapped_column(String(36))
    last_error: Mapped[str | None] = mapped_column(String(300))
    created_at: Mapped[datetime]
    done_at: Mapped[datetime | None]


class InboxEvent(Base):
    """A provider's report, kept as it came and applied at most once (I25)."""

    __tablename__ = "inbox_event"
    __table_args__ = (
        one_of("status", InboxStatus),
        UniqueConstraint("source", "event_id"),
        some_of(
            "ix_inbox_event_open",
            "source",
            "received_at",
            where="status IN ('parked', 'received')",
        ),
        some_of("ix_inbox_event_dead", "id", where="status = 'dead'"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    source: Mapped[str] = mapped_column(String(16))
    event_id: Mapped[str] = mapped_column(String(255))
    type: Mapped[str] = mapped_column(String(80))
    payload: Mapped[dict[str, Any]]
    status: Mapped[InboxStatus] = mapped_column(Word(InboxStatus), default=InboxStatus.RECEIVED)
    reason: Mapped[str | None] = mapped_column(String(200))
    attempts: Mapped[int] = mapped_column(default=0)
    received_at: Mapped[datetime]
    applied_at: Mapped[datetime | None]
