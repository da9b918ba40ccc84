"""Verbs of a session: its words, its moves, and what its viewers are told."""

from datetime import datetime
from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.orm import lazyload

from shop.db import changed, db
from shop.domain.live.models import LiveEvent, LiveHistory, LiveSession
from shop.domain.live.states import PUBLIC, SESSION_LIFE, EventType, SessionStatus
from shop.kernel.actor import Actor
from shop.kernel.errors import IllegalMove, NotFound, Stale


def announce(session_id: int, type: EventType, data: dict[str, Any], *, now: datetime) -> int:  # noqa: A002
    """Append an event to the room and give its sequence number.

    The number comes from the session's row inside the business transaction, so that the order of
    numbers is the order of commits.
    """
    seq = db.session.execute(
        update(LiveSession)
        .where(LiveSession.id == session_id)
        .values(seq=LiveSession.seq + 1)
        .returning(LiveSession.seq)
        .execution_options(synchronize_session=False)
    ).scalar_one()
    db.session.execute(
        insert(LiveEvent).values(session_id=session_id, seq=seq, type=type, data=data, at=now)
    )
    return seq


def lock(
    session_id: int, *, host_id: int | None = None, expected_version: int | None = None
) -> LiveSession:
    """The session, held until the transaction ends; another host's is not found.

    The lock leaves its key alone, so that orders which name the session do not wait for a comment.
    Raises ``Stale`` when show or shelf were changed since ``expected_version`` was read.
    """
    query = select(LiveSession).where(LiveSession.id == session_id)
    if host_id is not None:
        query = query.where(LiveSession.host_id == host_id)
    session = db.session.scalar(
        query.options(lazyload(LiveSession.items))
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    if session is None:
        raise NotFound
    if expected_version is not None and session.version != expected_version:
        raise Stale("this session was changed meanwhile", version=session.version)
    return session


def open_session(*, host_id: int, words: dict[str, Any], now: datetime) -> LiveSession:
    """A new draft of a show."""
    session = LiveSession(host_id=host_id, created_at=now, **words)
    db.session.add(session)
    db.session.flush()
    db.session.add(
        LiveHistory(
            session_id=session.id,
            from_status=None,
            to_status=str(SessionStatus.DRAFT),
            actor_id=host_id,
            actor_role="host",
            at=now,
        )
    )
    return session


def change_words(session: LiveSession, words: dict[str, Any]) -> None:
    """Change title, time or picture."""
    for name, value in words.items():
        setattr(session, name, value)
    session.version += 1
    db.session.flush()


def move(
    session: LiveSession,
    target: SessionStatus,
    *,
    only_from: frozenset[SessionStatus],
    actor: Actor,
    now: datetime,
    reason: str | None = None,
    **stamps: datetime | int,
) -> None:
    """Take one step of the table, keep its history row, and tell the room.

    ``only_from`` names the states this verb is for: pausing ends with ``resume``, not ``start``.
    The reason is for the host alone while the show is not public.
    """
    seen = session.status
    if seen not in only_from:
        raise IllegalMove(
            f"live session: {seen} cannot become {target}", current=str(seen), target=str(target)
        )
    SESSION_LIFE.check(seen, target)
    moved = changed(
        update(LiveSession)
        .where(LiveSession.id == session.id, LiveSession.status == seen)
        .values(status=target, status_reason=reason, version=LiveSession.version + 1, **stamps)
        .execution_options(synchronize_session=False)
    )
    if not moved:
        raise IllegalMove(f"live session: it is no longer {seen}", target=str(target))
    db.session.add(
        LiveHistory(
            session_id=session.id,
            from_status=str(seen),
            to_status=str(target),
            actor_id=actor.user_id,
            actor_role=actor.role,
            reason=reason,
            at=now,
        )
    )
    told = reason if target in PUBLIC or seen in PUBLIC else None
    announce(session.id, EventType.ROOM_STATUS, {"status": str(target), "reason": told}, now=now)
    db.session.refresh(session)


def log(session_id: int, what: str, *, actor: Actor, now: datetime, reason: str | None) -> None:
    """Keep one act of moderation beside the moves (Order 117 art. 31)."""
    db.session.add(
        LiveHistory(
            session_id=session_id,
            from_status=None,
            to_status=what,
            actor_id=actor.user_id,
            actor_role=actor.role,
            reason=reason,
            at=now,
        )
    )
