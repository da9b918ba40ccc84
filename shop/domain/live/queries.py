"""Nouns of a room."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import lazyload

from shop.db import db
from shop.domain.live.models import LiveComment, LiveEvent, LiveHistory, LivePin, LiveSession
from shop.domain.live.states import ON_AIR, EventType


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
            select(LiveEvent.seq, LiveEvent.type, LiveEvent.data, LiveEvent.at)
            .where(LiveEvent.session_id == session_id, LiveEvent.seq > after)
            .order_by(LiveEvent.seq)
            .limit(limit)
        )
    )
    said = [data["id"] for _, type_, data, _ in rows if type_ is EventType.COMMENT_NEW]
    hidden = _hidden(said) if said else frozenset()
    return [_event(seq, type_, data, at, hidden) for seq, type_, data, at in rows]


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
