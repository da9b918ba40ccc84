"""Nouns of a room."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import lazyload

from shop.bulk import among
from shop.db import db
from shop.domain.live.models import (
    LiveComment,
    LiveEvent,
    LiveHistory,
    LiveItem,
    LivePin,
    LiveSession,
)
from shop.domain.live.shelf import MOST_ITEMS
from shop.domain.live.states import ON_AIR, PUBLIC, EventType, SessionStatus

CLOCKS_APART = timedelta(days=1)
"""More than the clocks of two machines ever differ."""


@dataclass(frozen=True, kw_only=True)
class Event:
    """One event as viewers get it."""

    seq: int
    type: EventType
    data: dict[str, Any]
    at: datetime


def session(session_id: int) -> LiveSession | None:
    """A session without its items."""
    return db.session.scalar(
        select(LiveSession)
        .where(LiveSession.id == session_id)
        .options(lazyload(LiveSession.items))
        .execution_options(populate_existing=True)
    )


def is_public(session: LiveSession) -> bool:
    """Whether strangers find it: a show that was stopped only if they had found it before."""
    if session.status is not SessionStatus.BANNED:
        return session.status in PUBLIC
    return bool(_stopped_in_public([session.id]))


@dataclass(frozen=True, kw_only=True)
class RoomNow:
    """Where a room stands; ``seq`` is its newest event's number."""

    seq: int
    status: SessionStatus


def public_rooms(session_ids: Collection[int]) -> dict[int, RoomNow]:
    """The rooms among these that strangers find."""
    rows = db.session.execute(
        select(LiveSession.id, LiveSession.seq, LiveSession.status).where(
            among(LiveSession.id, session_ids)
        )
    ).all()
    stopped = {row.id for row in rows if row.status is SessionStatus.BANNED}
    found = _stopped_in_public(stopped) if stopped else set()
    return {
        row.id: RoomNow(seq=row.seq, status=row.status)
        for row in rows
        if row.status in PUBLIC or row.id in found
    }


def _stopped_in_public(session_ids: Collection[int]) -> set[int]:
    return set(
        db.session.scalars(
            select(LiveHistory.session_id).where(
                among(LiveHistory.session_id, session_ids),
                LiveHistory.to_status == SessionStatus.BANNED,
                LiveHistory.from_status.in_(PUBLIC),
            )
        )
    )


def positions(session_ids: Sequence[int]) -> dict[int, int]:
    """The newest sequence number of each room."""
    return dict(
        db.session.execute(
            select(LiveSession.id, LiveSession.seq).where(LiveSession.id.in_(session_ids))
        ).all()
    )


def events_after(session_id: int, after: int, limit: int) -> list[Event]:
    """Events above ``after`` in order; a comment hidden since then is told as hidden."""
    rows = list(
        db.session.execute(
            _told(session_id).where(LiveEvent.seq > after).order_by(LiveEvent.seq).limit(limit)
        )
    )
    said = [data["id"] for _, type_, data, _ in rows if type_ is EventType.COMMENT_NEW]
    hidden = _hidden(said) if said else frozenset()
    return [_event(seq, type_, data, at, hidden) for seq, type_, data, at in rows]


def last_status(session_id: int, *, after: int) -> list[Event]:
    """Where a room's life ended, unless the caller knows it: all that a stopped room tells."""
    row = db.session.execute(
        _told(session_id)
        .where(LiveEvent.type == EventType.ROOM_STATUS)
        .order_by(LiveEvent.seq.desc())
        .limit(1)
    ).one_or_none()
    if row is None or row.seq <= after:
        return []
    return [Event(seq=row.seq, type=row.type, data=row.data, at=row.at)]


def _told(session_id: int) -> Select[int, EventType, dict[str, Any], datetime]:
    """A room's events; the months before it was made are not looked at."""
    made = db.session.scalar(select(LiveSession.created_at).where(LiveSession.id == session_id))
    query = select(LiveEvent.seq, LiveEvent.type, LiveEvent.data, LiveEvent.at).where(
        LiveEvent.session_id == session_id
    )
    return query if made is None else query.where(LiveEvent.at > made - CLOCKS_APART)


def _hidden(comment_ids: Sequence[int]) -> frozenset[int]:
    return frozenset(
        db.session.scalars(
            select(LiveComment.id).where(
                LiveComment.id.in_(comment_ids), LiveComment.hidden_at.is_not(None)
            )
        )
    )


def _event(
    seq: int, type_: EventType, data: dict[str, Any], at: datetime, hidden: frozenset[int]
) -> Event:
    if type_ is EventType.COMMENT_NEW and data["id"] in hidden:
        return Event(seq=seq, type=EventType.COMMENT_HIDE, data={"id": data["id"]}, at=at)
    return Event(seq=seq, type=type_, data=data, at=at)


def comments(session_id: int, *, limit: int, with_hidden: bool = False) -> list[LiveComment]:
    """The newest comments, oldest first."""
    query = select(LiveComment).where(LiveComment.session_id == session_id)
    if not with_hidden:
        query = query.where(LiveComment.hidden_at.is_(None))
    newest = db.session.scalars(
        query.order_by(LiveComment.id.desc()).limit(limit).execution_options(populate_existing=True)
    ).all()
    return list(reversed(newest))


def rooms_with(skus: Collection[str], *, statuses: Collection[SessionStatus]) -> list[int]:
    """Ids of the rooms in these states on whose shelf one of the SKUs stands, in order."""
    return list(
        db.session.scalars(
            select(LiveSession.id)
            .join(LiveItem, LiveItem.session_id == LiveSession.id)
            .where(LiveItem.sku.in_(skus), LiveItem.seq_no <= MOST_ITEMS)
            .where(LiveSession.status.in_(statuses))
            .distinct()
            .order_by(LiveSession.id)
        )
    )


def pins(session_id: int) -> list[LivePin]:
    """The pin log, oldest first."""
    return list(
        db.session.scalars(
            select(LivePin).where(LivePin.session_id == session_id).order_by(LivePin.id)
        )
    )


def history(session_id: int) -> list[LiveHistory]:
    """Moves and moderation of a session, oldest first."""
    return list(
        db.session.scalars(
            select(LiveHistory).where(LiveHistory.session_id == session_id).order_by(LiveHistory.id)
        )
    )


def on_air() -> list[int]:
    """Ids of the rooms that are live or paused."""
    return list(
        db.session.scalars(
            select(LiveSession.id).where(LiveSession.status.in_(ON_AIR)).order_by(LiveSession.id)
        )
    )
