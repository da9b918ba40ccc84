"""The work queue (待办) with the names people know."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from shop.db import db
from shop.domain.accounts import queries as people
from shop.domain.compliance import queries
from shop.domain.compliance.models import Task
from shop.domain.compliance.states import TaskKind, TaskStatus
from shop.domain.orders.models import Order
from shop.domain.outbox.models import InboxEvent, OutboxMessage
from shop.domain.payments.models import Payment, Refund
from shop.domain.villages.models import Cooperative
from shop.kernel.errors import NotFound
from shop.keyset import Keyset, keyset
from shop.reads.held_back import returnable


@dataclass(frozen=True, kw_only=True)
class TaskRow:
    """One task of a list."""

    id: int
    kind: TaskKind
    done: bool
    ref: str
    summary: str
    owner: str | None
    owner_id: int | None
    cooperative: str | None
    due_at: datetime
    overdue: bool
    created_at: datetime


@dataclass(frozen=True, kw_only=True)
class Step:
    """One line of a task's history."""

    what: str
    who: str | None
    role: str
    note: str | None
    at: datetime


@dataclass(frozen=True, kw_only=True)
class Report:
    """A stored report or a stuck message behind a task, as far as a person needs it.

    ``return_fen`` is money that came and pays nothing, where it can be sent back from here.
    """

    kind: str
    status: str
    reason: str | None
    attempts: int
    at: datetime
    order: str | None
    return_fen: int | None = None


@dataclass(frozen=True, kw_only=True)
class TaskView:
    """One task with everything its page shows; ``order`` is the number it leads to, if any."""

    row: TaskRow
    steps: tuple[Step, ...]
    report: Report | None
    order: str | None
    refund_id: int | None


def tasks(
    cooperative_ids: Sequence[int] | None,
    *,
    status: TaskStatus,
    kind: TaskKind | None,
    owner_id: int | None,
    now: datetime,
    after: Sequence[Any] | None,
    limit: int,
) -> Keyset:
    """Tasks in reach (``None``: all), the first due at the top."""
    query = select(Task).where(Task.status == status)
    if cooperative_ids is not None:
        query = query.where(Task.cooperative_id.in_(cooperative_ids))
    if kind is not None:
        query = query.where(Task.kind == kind)
    if owner_id is not None:
        query = query.where(Task.owner_id == owner_id)
    way: Any = "asc" if status is TaskStatus.OPEN else "desc"
    found = keyset(query, keys=[(Task.due_at, way), (Task.id, way)], after=after, limit=limit)
    return Keyset(rows=_rows(found.rows, now=now), next=found.next)


def counts(cooperative_ids: Sequence[int] | None) -> dict[TaskKind, int]:
    """How many open tasks there are in reach, by kind."""
    return queries.open_count(cooperative_ids=cooperative_ids)


def task(task_id: int, cooperative_ids: Sequence[int] | None, *, now: datetime) -> TaskView:
    """One task in reach; raises ``NotFound``."""
    found = queries.task(task_id, cooperative_ids=cooperative_ids)
    if found is None:
        raise NotFound
    history = queries.history(task_id)
    names = people.names(step.actor_id for step in history if step.actor_id is not None)
    named, _, object_id = found.ref.partition(":")
    report = _report(named, object_id)
    return TaskView(
        row=_rows([found], now=now)[0],
        steps=tuple(
            Step(
                what=step.what,
                who=names.get(step.actor_id) if step.actor_id is not None else None,
                role=step.actor_role,
                note=step.note,
                at=step.at,
            )
            for step in history
        ),
        report=report,
        order=_order(named, object_id) or (report.order if report else None),
        refund_id=_failed_refund(found.dedupe_key),
    )


def _rows(tasks: Sequence[Task], *, now: datetime) -> list[TaskRow]:
    owners = people.names(task.owner_id for task in tasks if task.owner_id is not None)
    places = {
        row.id: row.name
        for row in db.session.execute(
            select(Cooperative.id, Cooperative.name).where(
                Cooperative.id.in_({task.cooperative_id for task in tasks})
            )
        )
    }
    return [
        TaskRow(
            id=task.id,
            kind=task.kind,
            done=task.status is TaskStatus.DONE,
            ref=task.ref,
            summary=task.summary,
            owner=owners.get(task.owner_id) if task.owner_id is not None else None,
            owner_id=task.owner_id,
            cooperative=places.get(task.cooperative_id) if task.cooperative_id else None,
            due_at=task.due_at,
            overdue=task.status is TaskStatus.OPEN and task.due_at < now,
            created_at=task.created_at,
        )
        for task in tasks
    ]


def _report(named: str, object_id: str) -> Report | None:
    if named not in _REPORTS or not object_id.isdecimal():
        return None
    return _REPORTS[named](int(object_id))


def _heard(event_id: int) -> Report | None:
    event = db.session.get(InboxEvent, event_id)
    if event is None:
        return None
    back = returnable(event)
    return Report(
        kind=f"{event.source} {event.type}",
        status=str(event.status),
        reason=event.reason,
        attempts=event.attempts,
        at=event.received_at,
        order=_known_order(event.payload.get("order_number")),
        return_fen=back[1] if back else None,
    )


def _stuck(message_id: int) -> Report | None:
    message = db.session.get(OutboxMessage, message_id)
    if message is None:
        return None
    return Report(
        kind=message.kind,
        status=str(message.status),
        reason=message.last_error,
        attempts=message.attempts,
        at=message.created_at,
        order=None,
    )


_REPORTS = {"inbox": _heard, "outbox": _stuck}


def _known_order(number: object) -> str | None:
    if not isinstance(number, str):
        return None
    return db.session.scalar(select(Order.number).where(Order.number == number))


def _order(named: str, object_id: str) -> str | None:
    if named == "order":
        return _known_order(object_id)
    if named in {"payment", "refund"} and object_id.isdecimal():
        table = Payment if named == "payment" else Refund
        return db.session.scalar(
            select(Order.number)
            .join(table, table.order_id == Order.id)
            .where(table.id == int(object_id))
        )
    return None


def _failed_refund(dedupe_key: str) -> int | None:
    """The refund that the gateway refused, where a task is about that."""
    what, _, object_id = dedupe_key.partition(":")
    return int(object_id) if what == "refund-failed" and object_id.isdecimal() else None
