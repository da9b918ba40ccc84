"""Verbs of the work queue: open once, take, finish; every step keeps one history row."""

from datetime import datetime

from sqlalchemy import select, update

from shop.db import changed, db, insert_into
from shop.domain.compliance.models import Task, TaskHistory
from shop.domain.compliance.states import TaskKind, TaskStatus
from shop.kernel.actor import SYSTEM, Actor
from shop.kernel.errors import IllegalMove, NotFound

MAX_SUMMARY, MAX_NOTE = 200, 200


def open_task(
    kind: TaskKind,
    *,
    dedupe_key: str,
    ref: str,
    summary: str,
    due_at: datetime,
    now: datetime,
    cooperative_id: int | None = None,
) -> int | None:
    """Ask a person to see to something; asking again with the same key changes nothing.

    ``ref`` names the object as ``order:NUMBER``, ``claim:ID``, ``payment:ID``, ``refund:ID``,
    ``inbox:ID``, ``outbox:ID`` or ``product:SLUG``; ``summary`` is facts, since people read it in
    either language. Gives the id of a new task, ``None`` where one exists, done or not.
    """
    fresh = (
        insert_into(Task)
        .values(
            kind=kind,
            status=TaskStatus.OPEN,
            dedupe_key=dedupe_key,
            ref=ref,
            summary=summary[:MAX_SUMMARY],
            cooperative_id=cooperative_id,
            due_at=due_at,
            created_at=now,
        )
        .on_conflict_do_nothing(index_elements=[Task.dedupe_key])
        .returning(Task.id)
    )
    task_id: int | None = db.session.scalar(fresh)
    if task_id is not None:
        _record(task_id, "opened", actor=SYSTEM, note=None, now=now)
    return task_id


def close_task(dedupe_key: str, *, actor: Actor, note: str | None, now: datetime) -> bool:
    """Finish the task of this key because its cause is gone; no open task is no error."""
    task_id = db.session.scalar(
        select(Task.id).where(Task.dedupe_key == dedupe_key, Task.status == TaskStatus.OPEN)
    )
    return task_id is not None and _finish(task_id, actor=actor, note=note, now=now)


def reopen_task(dedupe_key: str, *, actor: Actor, now: datetime) -> bool:
    """Open a finished task again because its cause is back; none, or an open one, is no error."""
    task_id = db.session.scalar(
        select(Task.id).where(Task.dedupe_key == dedupe_key, Task.status == TaskStatus.DONE)
    )
    if task_id is None:
        return False
    db.session.execute(
        update(Task).where(Task.id == task_id).values(status=TaskStatus.OPEN, done_at=None)
    )
    _record(task_id, "opened", actor=actor, note=None, now=now)
    return True


def take(task_id: int, *, actor: Actor, now: datetime) -> None:
    """Make the actor the owner of an open task; taking it over from somebody is allowed."""
    taken = changed(
        update(Task)
        .where(Task.id == task_id, Task.status == TaskStatus.OPEN)
        .values(owner_id=actor.user_id)
        .execution_options(synchronize_session=False)
    )
    if not taken:
        raise _refusal(task_id)
    _record(task_id, "taken", actor=actor, note=None, now=now)


def finish(task_id: int, *, actor: Actor, note: str, now: datetime) -> None:
    """Finish an open task with a note; raises ``IllegalMove`` where it is done already."""
    if not _finish(task_id, actor=actor, note=note, now=now):
        raise _refusal(task_id)


def remark(task_id: int, *, actor: Actor, what: str, note: str | None, now: datetime) -> None:
    """Append one line to a task's history without moving it."""
    _record(task_id, what, actor=actor, note=note, now=now)


def _finish(task_id: int, *, actor: Actor, note: str | None, now: datetime) -> bool:
    done = changed(
        update(Task)
        .where(Task.id == task_id, Task.status == TaskStatus.OPEN)
        .values(status=TaskStatus.DONE, done_at=now)
        .execution_options(synchronize_session=False)
    )
    if done:
        _record(task_id, "done", actor=actor, note=note, now=now)
    return bool(done)


def _refusal(task_id: int) -> NotFound | IllegalMove:
    known = db.session.scalar(select(Task.id).where(Task.id == task_id))
    return NotFound() if known is None else IllegalMove("the task is done")


def _record(task_id: int, what: str, *, actor: Actor, note: str | None, now: datetime) -> None:
    db.session.add(
        TaskHistory(
            task_id=task_id,
            what=what,
            actor_id=actor.user_id,
            actor_role=actor.role,
            note=note[:MAX_NOTE] if note else None,
            at=now,
        )
    )
