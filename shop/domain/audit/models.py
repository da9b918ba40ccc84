"""Tables of answers kept for a key, so that sending again shows the first result."""

from datetime import datetime

from sqlalchemy import Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from shop.db import Base


class KeptAnswer(Base):
    """One ``Idempotency-Key`` of one caller on one route (I28).

    ``status`` is empty while the first request is under way, until ``leased_until``, and 0 from the
    moment that it has had an effect.
    """

    __tablename__ = "kept_answer"
    __table_args__ = (
        UniqueConstraint("actor", "route", "key"),
        Index("ix_kept_answer_created_at", "created_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    actor: Mapped[str] = mapped_column(String(80))
    route: Mapped[str] = mapped_column(String(160))
    key: Mapped[str] = mapped_column(String(64))
    fingerprint: Mapped[str] = mapped_column(String(64))
    status: Mapped[int | None]
    body: Mapped[str | None] = mapped_column(Text)
    location: Mapped[str | None] = mapped_column(String(400))
    leased_until: Mapped[datetime]
    created_at: Mapped[datetime]
