"""Draining the outbox: claim in one transaction, act outside any, finish in another."""

import logging
import time
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from shop.db import db, transactional
from shop.domain.compliance import service as tasks
from shop.domain.compliance.states import TaskKind
from shop.domain.outbox import queries, service
from shop.domain.outbox.service import Claimed
from shop.domain.outbox.states import OutboxStatus
from shop.kernel.clock import local_date
from shop.kernel.errors import NotFound

Handler = Callable[[Mapping[str, Any], str], None]
"""Called with the payload and the ``dedupe_key``; called twice, it must act once."""

BATCH = 10
LEASE_S = 60.0
LOOK_WITHIN = timedelta(hours=4)

log = logging.getLogger(__name__)


def drain(
    handlers: Mapping[str, Handler],
    *,
    now: datetime,
    limit: int = BATCH,
    lease_s: float = LEASE_S,
) -> int:
    """Deliver up to ``limit`` due messages and give how many left the shop.

    A handler that raises puts its message off; what was not begun in the first half of the lease
    is given back, so that no message is in two hands.
    """
    due = queries.anything_due(now=now)
    db.session.rollback()
    if not due:
        return 0
    began = time.monotonic()
    sent = 0
    for message in _claim(limit, now=now, lease_s=lease_s):
        if time.monotonic() - began > lease_s / 2:
            _give_back(message)
        else:
            sent += _deliver(message, handlers, now=now)
    return sent


def _deliver(message: Claimed, handlers: Mapping[str, Handler], *, now: datetime) -> bool:
    if message.attempts > service.TRIES:
        _put_off(message, error=message.last_error or "the worker ended in every try", now=now)
        return False
    try:
        handlers[message.kind](message.payload, message.dedupe_key)
    except Exception as error:
        db.session.rollback()
        log.warning(
            "outbox %s %s failed, try %s", message.kind, message.id, message.attempts, exc_info=True
        )
        _put_off(message, error=f"{type(error).__name__}: {error}", now=now)
        return False
    db.session.rollback()
    return _done(message, now=now)


@transactional
def _claim(limit: int, *, now: datetime, lease_s: float) -> list[Claimed]:
    return service.claim(limit, now=now, lease_s=lease_s)


@transactional
def _give_back(message: Claimed) -> None:
    service.give_back(message)


@transactional
def _done(message: Claimed, *, now: datetime) -> bool:
    return service.done(message, now=now)


@transactional
def _put_off(message: Claimed, *, error: str, now: datetime) -> None:
    if service.retry_later(message, error=error, now=now) is OutboxStatus.DEAD:
        tasks.open_task(
            TaskKind.FAILED_JOB,
            dedupe_key=f"outbox:{message.id}:{int(now.timestamp())}",
            ref=f"outbox:{message.id}",
            summary=f"{message.kind}: {error}"[:200],
            due_at=now + LOOK_WITHIN,
            now=now,
        )


@transactional
def send_again(message_id: int, *, now: datetime) -> None:
    """Give a dead message all its tries again. Raises ``NotFound`` when it is not dead."""
    if not service.revive(message_id, now=now):
        raise NotFound


@transactional
def report_failure(job: str, *, error: str, now: datetime) -> None:
    """Ask the operator to look at a job that failed, once a day for each job."""
    tasks.open_task(
        TaskKind.FAILED_JOB,
        dedupe_key=f"job:{job}:{local_date(now)}",
        ref=f"job:{job}",
        summary=f"{job}: {error}"[:200],
        due_at=now + LOOK_WITHIN,
        now=now,
    )
