"""Tables of work that waits for a person."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from shop.columns import Word, one_of
from shop.db import APPEND_ONLY, Base
from shop.domain.compliance.states import TaskKind, TaskStatus


class Task(Base):
    """One thing somebody must see to; ``dedupe_key`` keeps it single, ``ref`` names its object."""

    __tablename__ = "task"
    __table_args__ = (
        one_of("kind", TaskKind),
        one_of("status", TaskStatus),
        Index("ix_task_status_due_at", "status", "due_at", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[TaskKind] = mapped_column(Word(TaskKind))
    status: Mapped[TaskStatus] = mapped_column(Word(TaskStatus), default=TaskStatus.OPEN)
    dedupe_key: Mapped[str] = mapped_column(String(120), unique=True)
    ref: Mapped[str] = mapped_column(String(80))
    summary: Mapped[str] = mapped_column(String(200))
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    cooperative_id: Mapped[int | None] = mapped_column(ForeignKey("cooperative.id"), index=True)
    due_at: Mapped[datetime]
    created_at: Mapped[datetime]
    done_at: Mapped[datetime | None]


class TaskHistory(Base):
    """One row a move of a task."""

    __tablename__ = "task_history"
    __table_args__ = (APPEND_ONLY,)

    id: Mapped[int] = mapped_column(primary_key=True)
    task_id: Mapped[int] = mapped_column(ForeignKey("task.id"), index=True)
    what: Mapped[str] = mapped_column(String(32))
    actor_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    actor_role: Mapped[str] = mapped_column(String(16))
    note: Mapped[str | None] = mapped_column(String(200))
    at: Mapped[datetime]
