"""Tables of complaints and how they were made good."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from shop.columns import Word, one_of
from shop.db import APPEND_ONLY, Base
from shop.domain.aftersales.states import ClaimReason, ClaimStatus


class Claim(Base):
    """A buyer's complaint about lines of one cooperative; ``due_at`` is when an answer is owed."""

    __tablename__ = "claim"
    __table_args__ = (
        one_of("status", ClaimStatus),
        one_of("reason", ClaimReason),
        Index("ix_claim_status_due_at", "status", "due_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id"), index=True)
    buyer_id: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)
    cooperative_id: Mapped[int] = mapped_column(ForeignKey("cooperative.id"), index=True)
    status: Mapped[ClaimStatus] = mapped_column(Word(ClaimStatus), default=ClaimStatus.OPEN)
    reason: Mapped[ClaimReason] = mapped_column(Word(ClaimReason))
    note: Mapped[str | None] = mapped_column(String(500))
    pictures: Mapped[list[Any]]
    amount_fen: Mapped[int | None]
    answer: Mapped[str | None] = mapped_column(String(200))
    answered_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    answered_at: Mapped[datetime | None]
    due_at: Mapped[datetime]
    created_at: Mapped[datetime]

    lines: Mapped[list["ClaimLine"]] = relationship(lazy="selectin")


class ClaimLine(Base):
    """Units of an order line complained about."""

    __tablename__ = "claim_line"
    __table_args__ = (CheckConstraint("quantity > 0", name="quantity"), APPEND_ONLY)

    id: Mapped[int] = mapped_column(primary_key=True)
    claim_id: Mapped[int] = mapped_column(ForeignKey("claim.id"), index=True)
    order_line_id: Mapped[int] = mapped_column(ForeignKey("order_line.id"), index=True)
    quantity: Mapped[int]


class ClaimHistory(Base):
    """One row a move of a claim."""

    __tablename__ = "claim_history"
    __table_args__ = (APPEND_ONLY,)

    id: Mapped[int] = mapped_column(primary_key=True)
    claim_id: Mapped[int] = mapped_column(ForeignKey("claim.id"), index=True)
    from_status: Mapped[str | None] = mapped_column(String(32))
    to_status: Mapped[str] = mapped_column(String(32))
    actor_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    actor_role: Mapped[str] = mapped_column(String(16))
    reason: Mapped[str | None] = mapped_column(String(200))
    at: Mapped[datetime]
