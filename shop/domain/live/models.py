"""Tables of the live room."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from shop.columns import Word, one_of
from shop.db import APPEND_ONLY, Base
from shop.domain.live.states import EventType, ItemStatus, SessionStatus, StockState


class LiveSession(Base):
    """One show; ``seq`` counts its events and is raised only in a business transaction.

    ``ticked_paid_id`` is the newest payment (row of the orders' history) the ticker has told.
    """

    __tablename__ = "live_session"
    __table_args__ = (
        one_of("status", SessionStatus),
        Index("ix_live_session_status_starts_at", "status", "starts_at", "id"),
        Index("ix_live_session_starts_at", "starts_at", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    host_id: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)
    title: Mapped[str] = mapped_column(String(80))
    intro: Mapped[str] = mapped_column(String(200), default="")
    status: Mapped[SessionStatus] = mapped_column(Word(SessionStatus), default=SessionStatus.DRAFT)
    status_reason: Mapped[str | None] = mapped_column(String(200))
    starts_at: Mapped[datetime]
    started_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    play_url: Mapped[str | None] = mapped_column(String(400))
    cover_id: Mapped[int | None] = mapped_column(ForeignKey("picture.id"))
    checker_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    seq: Mapped[int] = mapped_column(default=0)
    viewers: Mapped[int] = mapped_column(default=0)
    peak_viewers: Mapped[int] = mapped_column(default=0)
    likes: Mapped[int] = mapped_column(default=0)
    ticked_paid_id: Mapped[int] = mapped_column(default=0)
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime]

    items: Mapped[list["LiveItem"]] = relationship(order_by="LiveItem.seq_no", lazy="selectin")


class LiveItem(Base):
    """A SKU in a room: its live price, and the allotment taken from the shop's shelf.

    Without an allotment it sells from the shelf; ``held`` then stays 0 and ``sold`` counts.
    ``shown_stock`` is the state viewers were told last. ``seq_no`` 1 to 100 is the shelf without a
    gap; an item taken off it waits above, since its sales still name it, and ``created_at`` is
    anew when it comes back.
    """

    __tablename__ = "live_item"
    __table_args__ = (
        one_of("status", ItemStatus),
        UniqueConstraint("session_id", "sku"),
        UniqueConstraint("session_id", "seq_no"),
        Index("ix_live_item_cooperative_id_session_id", "cooperative_id", "session_id"),
        CheckConstraint("seq_no BETWEEN 1 AND 1000", name="seq_no"),
        CheckConstraint("held >= 0 AND sold >= 0", name="not_negative"),
        CheckConstraint("allotment IS NULL OR held + sold <= allotment", name="within_allotment"),
        CheckConstraint("allotment IS NOT NULL OR held = 0", name="held_needs_allotment"),
        CheckConstraint("live_price_fen IS NULL OR live_price_fen > 0", name="live_price"),
        CheckConstraint("per_buyer_max IS NULL OR per_buyer_max > 0", name="per_buyer_max"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    session_id: Mapped[int] = mapped_column(ForeignKey("live_session.id"))
    sku: Mapped[str] = mapped_column(ForeignKey("variant.sku"), index=True)
    cooperative_id: Mapped[int] = mapped_column(ForeignKey("cooperative.id"))
    seq_no: Mapped[int]
    status: Mapped[ItemStatus] = mapped_column(Word(ItemStatus), default=ItemStatus.ON)
    live_price_fen: Mapped[int | None]
    allotment: Mapped[int | None]
    held: Mapped[int] = mapped_column(default=0)
    sold: Mapped[int] = mapped_column(default=0)
    per_buyer_max: Mapped[int | None]
    shown_stock: Mapped[StockState | None] = mapped_column(Word(StockState))
    closed_at: Mapped[datetime | None]
    created_at: Mapped[datetime]


class BuyerQuota(Base):
    """Units of a live item that one buyer has taken: the per-buyer maximum is exact here."""

    __tablename__ = "buyer_quota"
    __table_args__ = (CheckConstraint("taken >= 0", name="not_negative"),)

    live_item_id: Mapped[int] = mapped_column(ForeignKey("live_item.id"), primary_key=True)
    buyer_id: Mapped[int] = mapped_column(ForeignKey("users.id"), primary_key=True)
    taken: Mapped[int] = mapped_column(default=0)


class LivePin(Base):
    """What was on the card, from when to when; at most one open a session."""

    __tablename__ = "live_pin"
    __table_args__ = (
        Index(
            "uq_live_pin_open",
            "session_id",
            unique=True,
            postgresql_where=text("unpinned_at IS NULL"),
            sqlite_where=text("unpinned_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    session_id: Mapped[int] = mapped_column(ForeignKey("live_session.id"))
    item_id: Mapped[int] = mapped_column(ForeignKey("live_item.id"))
    pinned_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    pinned_at: Mapped[datetime]
    unpinned_at: Mapped[datetime | None]


class LiveEvent(Base):
    """What viewers are told, in commit order.

    On PostgreSQL its rows stand in a partition a month, by ``at``, each with this primary key of
    its own; between two months a number is single because the session's row gives it.
    """

    __tablename__ = "live_event"
    __table_args__ = (one_of("type", EventType), APPEND_ONLY)

    session_id: Mapped[int] = mapped_column(ForeignKey("live_session.id"), primary_key=True)
    seq: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    type: Mapped[EventType] = mapped_column(Word(EventType))
    data: Mapped[dict[str, Any]]
    at: Mapped[datetime]


class LiveComment(Base):
    """What a viewer said; hidden, never deleted."""

    __tablename__ = "live_comment"
    __table_args__ = (Index("ix_live_comment_session_id_id", "session_id", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    session_id: Mapped[int] = mapped_column(ForeignKey("live_session.id"))
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)
    name: Mapped[str] = mapped_column(String(40))
    text: Mapped[str] = mapped_column(String(200))
    at: Mapped[datetime]
    hidden_at: Mapped[datetime | None]
    hidden_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))


class LiveMute(Base):
    """A viewer who may not comment in a room."""

    __tablename__ = "live_mute"

    session_id: Mapped[int] = mapped_column(ForeignKey("live_session.id"), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), primary_key=True)
    muted_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    until: Mapped[datetime]


class ChecklistTick(Base):
    """One confirmed point of the pre-live checklist; the newest row a code counts, for 24 h."""

    __tablename__ = "live_checklist_tick"
    __table_args__ = (APPEND_ONLY,)

    id: Mapped[int] = mapped_column(primary_key=True)
    session_id: Mapped[int] = mapped_column(ForeignKey("live_session.id"), index=True)
    code: Mapped[str] = mapped_column(String(40))
    ticked: Mapped[bool]
    checked_by: Mapped[int] = mapped_column(ForeignKey("users.id"))
    at: Mapped[datetime]


class LiveHistory(Base):
    """One row a move of a session, and a moderation log (mute, hide, unhide)."""

    __tablename__ = "live_history"
    __table_args__ = (APPEND_ONLY,)

    id: Mapped[int] = mapped_column(primary_key=True)
    session_id: Mapped[int] = mapped_column(ForeignKey("live_session.id"), index=True)
    from_status: Mapped[str | None] = mapped_column(String(32))
    to_status: Mapped[str] = mapped_column(String(32))
    actor_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    actor_role: Mapped[str] = mapped_column(String(16))
    reason: Mapped[str | None] = mapped_column(String(200))
    at: Mapped[datetime]
