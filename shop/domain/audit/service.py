"""Answers kept for a key: the same key gives the first answer again, never a second effect."""

from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, or_, select, update

from shop.bulk import among, insert_rows
from shop.db import changed, db, insert_into
from shop.domain.audit import queries
from shop.domain.audit.errors import (
    IdempotencyAnswerLost,
    IdempotencyInProgress,
    IdempotencyKeyReused,
)
from shop.domain.audit.models import KeptAnswer
from shop.kernel.errors import DomainError

LEASE = timedelta(seconds=30)
ACTED = 0
"""The status of a request that had its effect and is not answered yet."""
KEPT_FOR = timedelta(hours=24)


@dataclass(frozen=True, kw_only=True)
class KeyedRequest:
    """One ``Idempotency-Key`` of one caller on one route; ``fingerprint`` is a SHA-256 in hex."""

    actor: str
    route: str
    key: str
    fingerprint: str


@dataclass(frozen=True, kw_only=True)
class Kept:
    """The answer as it was given the first time."""

    status: int
    body: str
    location: str | None = None


def take(key: KeyedRequest, *, now: datetime) -> Kept | None:
    """Claim a key inside a transaction: ``None`` is a licence to act, else the first answer.

    Raises ``IdempotencyKeyReused`` for another body, ``IdempotencyInProgress`` while a twin holds
    its lease of 30 seconds, ``IdempotencyAnswerLost`` where a twin had its effect and broke before
    it was answered. A lapsed lease, and an answer older than 24 hours, are taken over.
    """
    if _insert(key, now=now) or _take_over(key, now=now):
        return None
    found = queries.kept_answer(actor=key.actor, route=key.route, key=key.key)
    if found is None:
        raise IdempotencyInProgress("the first request with this key is still under way")
    verdict = _verdict(found, key, now=now)
    if isinstance(verdict, DomainError):
        raise verdict
    return verdict


def told(keys: Sequence[KeyedRequest], *, now: datetime) -> dict[KeyedRequest, Kept | DomainError]:
    """What was said to each of these keys before, in one indexed read; a fresh key is absent.

    ``IdempotencyKeyReused`` stands for another body, ``IdempotencyInProgress`` for a first request
    under way elsewhere. Answers older than 24 hours are forgotten.
    """
    found: dict[KeyedRequest, Kept | DomainError] = {}
    for key, row in _rows_of(keys):
        lapsed = row.status is None and row.leased_until <= now
        if row.created_at <= now - KEPT_FOR or (lapsed and row.fingerprint == key.fingerprint):
            changed(delete(KeptAnswer).where(*_of(key), KeptAnswer.created_at == row.created_at))
        else:
            found[key] = _verdict(row, key, now=now)
    return found


def kept(keys: Sequence[KeyedRequest], *, now: datetime) -> dict[KeyedRequest, Kept]:
    """The answers these very requests were given within 24 hours; reads only."""
    verdicts = {
        key: _verdict(row, key, now=now)
        for key, row in _rows_of(keys)
        if row.created_at > now - KEPT_FOR
    }
    return {key: said for key, said in verdicts.items() if isinstance(said, Kept)}


def _rows_of(keys: Sequence[KeyedRequest]) -> list[tuple[KeyedRequest, Any]]:
    """The row of each key that has one, in one indexed read."""
    by_name = {(key.actor, key.route, key.key): key for key in keys}
    if not by_name:
        return []
    rows = db.session.execute(
        select(
            KeptAnswer.actor,
            KeptAnswer.route,
            KeptAnswer.key,
            KeptAnswer.fingerprint,
            KeptAnswer.status,
            KeptAnswer.body,
            KeptAnswer.location,
            KeptAnswer.leased_until,
            KeptAnswer.created_at,
        ).where(
            among(KeptAnswer.actor, {key.actor for key in keys}),
            among(KeptAnswer.route, {key.route for key in keys}),
            among(KeptAnswer.key, {key.key for key in keys}),
        )
    )
    named = ((by_name.get((row.actor, row.route, row.key)), row) for row in rows)
    return [(key, row) for key, row in named if key is not None]


def _verdict(row: Any, key: KeyedRequest, *, now: datetime) -> Kept | DomainError:
    if row.fingerprint != key.fingerprint:
        return IdempotencyKeyReused("this key was used with another request")
    if row.status == ACTED and row.leased_until <= now:
        return IdempotencyAnswerLost("it was done, and its answer was lost: look before you repeat")
    if row.status in (None, ACTED):
        return IdempotencyInProgress("the first request with this key is still under way")
    return Kept(status=row.status, body=row.body or "", location=row.location)


def keep_first(answers: Mapping[KeyedRequest, Kept], *, now: datetime) -> set[KeyedRequest]:
    """Write answers under keys that nobody has used; gives the keys that came first.

    A twin elsewhere that commits first takes its key, whoever asked earlier.
    """
    if not answers:
        return set()
    by_name = {(key.actor, key.route, key.key): key for key in answers}
    rows = [
        {
            "actor": key.actor,
            "route": key.route,
            "key": key.key,
            "fingerprint": key.fingerprint,
            "status": answer.status,
            "body": answer.body,
            "location": answer.location,
            "leased_until": now,
            "created_at": now,
        }
        for key, answer in sorted(answers.items(), key=lambda one: astuple(one[0]))
    ]
    written = insert_rows(KeptAnswer, rows, returning=("actor", "route", "key"), unless_there=True)
    return {by_name[tuple(row)] for row in written}


def acted(key: KeyedRequest, *, claimed_at: datetime) -> None:
    """Note in the transaction of the effect that there is one, so that it is never repeated.

    Raises ``IdempotencyInProgress``, which undoes the effect, where the claim lapsed meanwhile and
    a twin has taken it over.
    """
    own = update(KeptAnswer).where(*_claim_of(key), KeptAnswer.created_at == claimed_at)
    if changed(own.values(status=ACTED)) == 0:
        raise IdempotencyInProgress("another request with this key has taken over")


def keep(key: KeyedRequest, answer: Kept, *, now: datetime) -> None:
    """Write down the answer that every repetition gets for 24 hours."""
    changed(
        update(KeptAnswer)
        .where(*_claim_of(key))
        .values(status=answer.status, body=answer.body, location=answer.location, leased_until=now)
    )


def free(key: KeyedRequest) -> None:
    """Give a key back after a refusal, so that the same key may try again."""
    changed(delete(KeptAnswer).where(*_claim_of(key)))


def let_go(key: KeyedRequest, *, now: datetime) -> None:
    """End a claim after an accident: what had no effect may be tried again, the rest is told so."""
    changed(delete(KeptAnswer).where(*_claim_of(key), KeptAnswer.status.is_(None)))
    changed(update(KeptAnswer).where(*_claim_of(key)).values(leased_until=now))


def forget(*, now: datetime) -> int:
    """Delete answers older than 24 hours; gives how many there were."""
    return changed(delete(KeptAnswer).where(KeptAnswer.created_at <= now - KEPT_FOR))


def forget_caller(user_id: int) -> None:
    """Delete the answers kept for a person who leaves: they may hold an address."""
    changed(delete(KeptAnswer).where(KeptAnswer.actor == f"u:{user_id}"))


def _claim_of(key: KeyedRequest) -> tuple[Any, ...]:
    """The row of a request that is not answered yet."""
    unanswered = or_(KeptAnswer.status.is_(None), KeptAnswer.status == ACTED)
    return (*_of(key), KeptAnswer.fingerprint == key.fingerprint, unanswered)


def _of(key: KeyedRequest) -> tuple[Any, ...]:
    return (
        KeptAnswer.actor == key.actor,
        KeptAnswer.route == key.route,
        KeptAnswer.key == key.key,
    )


def _insert(key: KeyedRequest, *, now: datetime) -> bool:
    statement = insert_into(KeptAnswer).values(
        actor=key.actor,
        route=key.route,
        key=key.key,
        fingerprint=key.fingerprint,
        leased_until=now + LEASE,
        created_at=now,
    )
    unless_there = statement.on_conflict_do_nothing().returning(KeptAnswer.id)
    return db.session.execute(unless_there).scalar_one_or_none() is not None


def _take_over(key: KeyedRequest, *, now: datetime) -> bool:
    """One conditional UPDATE, so that of two successors only one wins."""
    lapsed = (
        KeptAnswer.status.is_(None)
        & (KeptAnswer.leased_until <= now)
        & (KeptAnswer.fingerprint == key.fingerprint)
    )
    too_old = KeptAnswer.created_at <= now - KEPT_FOR
    return (
        changed(
            update(KeptAnswer)
            .where(*_of(key), or_(lapsed, too_old))
            .values(
                fingerprint=key.fingerprint,
                status=None,
                body=None,
                location=None,
                leased_until=now + LEASE,
                created_at=now,
            )
        )
        == 1
    )
