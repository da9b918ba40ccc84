"""The work queue (待办): taking, finishing and doing over what waits for a person."""

from datetime import datetime, timedelta

from sqlalchemy import select

from shop.db import db, transactional
from shop.domain.catalog.models import Certificate, Product
from shop.domain.catalog.states import ProductStatus
from shop.domain.compliance import queries, service
from shop.domain.compliance.models import Task
from shop.domain.compliance.states import TaskKind
from shop.domain.outbox import service as outbox
from shop.domain.outbox.models import InboxEvent, OutboxMessage
from shop.domain.outbox.states import InboxStatus
from shop.kernel.actor import Actor
from shop.kernel.clock import local_date, start_of_day
from shop.kernel.errors import IllegalMove, NotFound

EXPIRES_WITHIN = timedelta(days=30)
LOOK_WITHIN = timedelta(hours=4)


def reach(actor: Actor) -> tuple[int, ...] | None:
    """Cooperatives whose tasks the actor sees; ``None``: everybody's."""
    return None if actor.is_operator else actor.cooperatives("manager")


@transactional
def take_task(*, actor: Actor, task_id: int, now: datetime) -> None:
    """Say that one sees to it; raises ``NotFound`` and, when it is done, ``IllegalMove``."""
    in_reach(actor, task_id)
    service.take(task_id, actor=actor, now=now)


@transactional
def finish_task(*, actor: Actor, task_id: int, note: str, now: datetime) -> None:
    """Finish a task with a note; raises ``NotFound`` and, when it is done, ``IllegalMove``."""
    in_reach(actor, task_id)
    service.finish(task_id, actor=actor, note=note, now=now)


@transactional
def send_again(*, actor: Actor, task_id: int, now: datetime) -> None:
    """Give the dead message that a task names all its tries again, and finish the task.

    Raises ``NotFound`` for a task about something else.
    """
    task = in_reach(actor, task_id)
    message = db.session.get(OutboxMessage, id_in(task, "outbox"))
    if message is None:
        raise NotFound
    if not outbox.revive(message.id, now=now):
        raise IllegalMove("this message is not stuck")
    service.finish(task_id, actor=actor, note=f"again: {message.kind}", now=now)


@transactional
def run_again(*, actor: Actor, task_id: int, now: datetime) -> None:
    """Let a worker run the job that failed once more, and finish its task.

    Raises ``NotFound`` for a task about something else, ``IllegalMove`` when it is done.
    """
    task = in_reach(actor, task_id)
    named, _, job = task.ref.partition(":")
    if named != "job":
        raise NotFound
    outbox.put("job.run", dedupe_key=f"job.run:{task.id}", payload={"job": job}, now=now)
    service.finish(task_id, actor=actor, note=f"again: {job}", now=now)


@transactional
def report_to_retry(*, actor: Actor, task_id: int, now: datetime) -> tuple[int, str]:
    """Give the dead or parked report that a task names another life; gives its id and source.

    The caller applies it then by the flow of its source. Raises ``NotFound`` and ``IllegalMove``.
    """
    task = in_reach(actor, task_id)
    event = db.session.scalar(
        select(InboxEvent).where(InboxEvent.id == id_in(task, "inbox")).with_for_update()
    )
    if event is None:
        raise NotFound
    if event.status not in {InboxStatus.DEAD, InboxStatus.PARKED, InboxStatus.RECEIVED}:
        raise IllegalMove("this report needs no other try", current=str(event.status))
    if event.status is InboxStatus.DEAD:
        event.status, event.attempts = InboxStatus.RECEIVED, 0
    service.remark(task_id, actor=actor, what="tried_again", note=None, now=now)
    return event.id, event.source


def in_reach(actor: Actor, task_id: int) -> Task:
    """A task the actor may see to; raises ``NotFound``. Inside a transaction, like ``id_in``."""
    task = queries.task(task_id, cooperative_ids=reach(actor))
    if task is None:
        raise NotFound
    return task


def id_in(task: Task, kind: str) -> int:
    """The id of the ``kind`` of thing a task is about; raises ``NotFound`` for another kind."""
    named, _, object_id = task.ref.partition(":")
    if named != kind or not object_id.isdecimal():
        raise NotFound
    return int(object_id)


def watch(now: datetime) -> int:
    """Open tasks for what nobody reports: dead reports and papers that expire within 30 days."""
    return _watch_reports(now=now) + _watch_papers(now=now)


@transactional
def _watch_reports(*, now: datetime) -> int:
    dead = db.session.scalars(select(InboxEvent).where(InboxEvent.status == InboxStatus.DEAD))
    return sum(
        service.open_task(
            TaskKind.PARKED_EVENT,
            dedupe_key=f"inbox:{event.id}",
            ref=f"inbox:{event.id}",
            summary=event.reason or event.type,
            due_at=now + LOOK_WITHIN,
            now=now,
        )
        is not None
        for event in dead
    )


@transactional
def _watch_papers(*, now: datetime) -> int:
    """One task a paper and term; a renewed paper has another term and may be asked for again."""
    today = local_date(now)
    expiring = db.session.execute(
        select(Certificate, Product)
        .join(Product, Product.id == Certificate.product_id)
        .where(
            Certificate.void_at.is_(None),
            Certificate.valid_to.between(today, today + EXPIRES_WITHIN),
            Product.status.not_in([ProductStatus.DRAFT, ProductStatus.ARCHIVED]),
        )
    )
    return sum(
        service.open_task(
            TaskKind.EXPIRING_PAPER,
            dedupe_key=f"paper:{paper.product_id}:{paper.kind}:{paper.number}:{paper.valid_to}",
            ref=f"product:{product.slug}",
            summary=f"{product.title} · {paper.number} · {paper.valid_to}",
            cooperative_id=product.cooperative_id,
            due_at=start_of_day(paper.valid_to),
            now=now,
        )
        is not None
        for paper, product in expiring
    )
