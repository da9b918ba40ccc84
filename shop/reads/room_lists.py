"""Lists of shows: on air, coming up, over; of one host, of one cooperative's goods."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import func, select
from sqlalchemy.orm import lazyload

from shop.db import db
from shop.domain.accounts.models import User
from shop.domain.catalog.cards import cards
from shop.domain.catalog.models import Picture
from shop.domain.live import shelf
from shop.domain.live.models import LiveItem, LiveSession
from shop.domain.live.states import PUBLIC, SessionStatus
from shop.keyset import DEFAULT_LIMIT, Keyset, keyset

SHOWN = {
    "live": (SessionStatus.LIVE, SessionStatus.PAUSED),
    "scheduled": (SessionStatus.SCHEDULED,),
    "ended": (SessionStatus.ENDED, SessionStatus.ARCHIVED),
}
"""What ``?status=`` means; a room whose host is away for a moment is still on air."""


@dataclass(frozen=True, kw_only=True)
class RoomCard:
    """A show in a list."""

    id: int
    title: str
    intro: str
    status: SessionStatus
    status_reason: str | None
    host_id: int
    host_name: str
    starts_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    cover: str | None
    viewers: int
    items: int
    version: int

    @property
    def cover_url(self) -> str | None:
        return f"/pictures/{self.cover}/m.webp" if self.cover else None


def rooms(
    *,
    statuses: Collection[SessionStatus],
    limit: int = DEFAULT_LIMIT,
    after: Sequence[Any] | None = None,
    soonest_first: bool = False,
    host_id: int | None = None,
) -> Keyset:
    """Pages of ``RoomCard`` by starting time; ``after`` is a former page's ``next``."""
    query = (
        select(LiveSession)
        .where(LiveSession.status.in_(statuses))
        .options(lazyload(LiveSession.items))
        .execution_options(populate_existing=True)
    )
    if host_id is not None:
        query = query.where(LiveSession.host_id == host_id)
    way: Literal["asc", "desc"] = "asc" if soonest_first else "desc"
    found = keyset(
        query,
        keys=((LiveSession.starts_at, way), (LiveSession.id, way)),
        limit=limit,
        after=after,
    )
    return Keyset(rows=room_cards(found.rows), next=found.next)


def rooms_with(cooperative_id: int, *, limit: int = 12) -> list[RoomCard]:
    """Shows to come, on air or over in which a cooperative's goods stand, the newest first."""
    found = db.session.scalars(
        select(LiveSession)
        .where(LiveSession.status.in_(PUBLIC))
        .where(
            LiveSession.id.in_(
                select(LiveItem.session_id).where(LiveItem.cooperative_id == cooperative_id)
            )
        )
        .order_by(LiveSession.starts_at.desc(), LiveSession.id.desc())
        .limit(limit)
        .options(lazyload(LiveSession.items))
    ).all()
    return room_cards(found)


def room_cards(sessions: Sequence[LiveSession]) -> list[RoomCard]:
    """Sessions with host, cover and the number of things on their shelf."""
    ids = [session.id for session in sessions]
    hosts = _named([session.host_id for session in sessions])
    covers, counts = _covers(sessions), _counts(ids)
    return [
        RoomCard(
            id=session.id,
            title=session.title,
            intro=session.intro,
            status=session.status,
            status_reason=session.status_reason,
            host_id=session.host_id,
            host_name=hosts[session.host_id],
            starts_at=session.starts_at,
            started_at=session.started_at,
            ended_at=session.ended_at,
            cover=covers.get(session.id),
            viewers=session.viewers,
            items=counts.get(session.id, 0),
            version=session.version,
        )
        for session in sessions
    ]


def _named(user_ids: Sequence[int]) -> dict[int, str]:
    rows = db.session.execute(select(User.id, User.name).where(User.id.in_(user_ids)))
    return {row.id: row.name for row in rows}


def _counts(session_ids: Sequence[int]) -> dict[int, int]:
    rows = db.session.execute(
        select(LiveItem.session_id, func.count().label("number"))
        .where(LiveItem.session_id.in_(session_ids), LiveItem.seq_no <= shelf.MOST_ITEMS)
        .group_by(LiveItem.session_id)
    )
    return {row.session_id: row.number for row in rows}


def _covers(sessions: Sequence[LiveSession]) -> dict[int, str]:
    """A show's own picture, else that of the first thing on its shelf."""
    own = {session.id: session.cover_id for session in sessions if session.cover_id}
    names = {
        row.id: row.name
        for row in db.session.execute(
            select(Picture.id, Picture.name).where(Picture.id.in_(own.values()))
        )
    }
    found = {session_id: names[picture_id] for session_id, picture_id in own.items()}
    bare = [session.id for session in sessions if session.id not in found]
    first = {
        row.session_id: row.sku
        for row in db.session.execute(
            select(LiveItem.session_id, LiveItem.sku).where(
                LiveItem.session_id.in_(bare), LiveItem.seq_no == 1
            )
        )
    }
    words = cards(list(first.values()))
    for session_id, sku in first.items():
        if cover := words[sku].cover:
            found[session_id] = cover
    return found
