"""A room as JSON: for the API, the stream's clients, and the scripts of our own pages."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from shop.domain.live.shapes import Item, for_host, for_viewers
from shop.kernel.clock import rfc3339
from shop.reads.live import Room, Said
from shop.reads.room_lists import RoomCard


def card(found: RoomCard) -> dict[str, Any]:
    """A show in a list."""
    return {
        "id": found.id,
        "title": found.title,
        "intro": found.intro,
        "status": str(found.status),
        "status_reason": found.status_reason,
        "host": {"name": found.host_name},
        "starts_at": rfc3339(found.starts_at),
        "started_at": _at(found.started_at),
        "ended_at": _at(found.ended_at),
        "cover_url": found.cover_url,
        "viewers": found.viewers,
        "item_count": found.items,
    }


def snapshot(room: Room, *, now: datetime) -> dict[str, Any]:
    """The whole room; exact counts only where its host or the operator looks."""
    exact = room.view != "viewer"
    return card(room.card) | {
        "play_url": room.play_url,
        "ingest": None,
        "items": items(room.items, exact=exact),
        "pinned_item_id": room.pinned_item_id,
        "likes": room.likes,
        "seq": room.seq,
        "comments": [comment(said) for said in room.comments if not said.hidden],
        "server_time": rfc3339(now),
    }


def items(found: Sequence[Item], *, exact: bool) -> list[dict[str, Any]]:
    """A shelf, exact or in states."""
    return [for_host(item) if exact else for_viewers(item) for item in found]


def comment(said: Said) -> dict[str, Any]:
    """A comment as everybody sees it."""
    return {"id": said.id, "name": said.name, "text": said.text, "at": rfc3339(said.at)}


def _at(at: datetime | None) -> str | None:
    return None if at is None else rfc3339(at)
