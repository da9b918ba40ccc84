"""Nouns of the work queue."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import and_, func, or_, select

from shop.db import db
from shop.domain.compliance.models import Task, TaskHistory
from shop.domain.compliance.states import TaskKind, TaskStatus


def tasks(
    *,
    cooperative_ids: Sequence[int] | None,
    status: TaskStatus = TaskStatus.OPEN,
    kind: TaskKind | None = None,
    owner_id: int | None = None,
    after: tuple[datetime, int] | None = None,
    limit: int = 50,
) -> list[Task]:
    """Tasks, the one due first at the top; ``cooperative_ids`` of ``None`` sees everybody's."""
    query = select(Task).where(Task.status == status).order_by(Task.due_at, Task.id).limit(limit)
    if cooperative_ids is not None:
        query = query.where(Task.cooperative_id.in_(cooperative_ids))
    if kind is not None:
        query = query.where(Task.kind == kind)
    if owner_id is not None:
        query = query.where(Task.owner_id == owner_id)
    if after is not None:
        due_at, last = after
        query = query.where(or_(Task.due_at > due_at, and_(Task.due_at == due_at, Task.id > last)))
    return list(db.session.scalars(query))


def task(task_id: int, *, cooperative_ids: Sequence[int] | None) -> Task | None:
    """One task; outside the given cooperatives it is not found."""
    query = select(Task).where(Task.id == task_id)
    if cooperative_ids is not None:
        query = query.where(Task.cooperative_id.in_(cooperative_ids))
    return db.session.scalar(query)


def by_keys(keys: Sequence[str]) -> dict[str, Task]:
    """The tasks of these keys, as far as they have been opened."""
    found = select(Task).where(Task.dedupe_key.in_(keys)).execution_options(populate_existing=True)
    return {task.dedupe_key: task for task in db.session.scalars(found)}


def open_count(*, cooperative_ids: Sequence[int] | None) -> dict[TaskKind, int]:
    """How many tasks wait, by kind."""
    query = (
        select(Task.kind, func.count()).where(Task.status == TaskStatus.OPEN).group_by(Task.kind)
    )
    if cooperative_ids is not None:
        query = query.where(Task.cooperative_id.in_(cooperative_ids))
    return {row[0]: row[1] for row in db.session.execute(query)}


def history(task_id: int) -> list[TaskHistory]:
    """Every step of a task, the oldest first."""
    return list(
        db.session.scalars(
            select(TaskHistory).where(TaskHistory.task_id == task_id).order_by(TaskHistory.id)
        )
    )
