"""What every verb of a show keeps to; plain functions inside a transaction."""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select

from shop.db import db
from shop.domain.accounts import queries as accounts
from shop.domain.catalog.models import Picture
from shop.domain.inventory import service as inventory
from shop.domain.live import checklist, sales, service, shelf
from shop.domain.live.models import LiveSession
from shop.domain.live.play_url import checked
from shop.domain.live.shapes import Item
from shop.domain.live.states import ON_AIR, EventType, SessionStatus
from shop.kernel.actor import Actor
from shop.kernel.errors import Forbidden, IllegalMove, Invalid, NotFound
from shop.reads import live as rooms

S = SessionStatus
CHANGEABLE = frozenset({S.DRAFT, S.REJECTED, S.SUBMITTED, S.SCHEDULED, S.LIVE, S.PAUSED})
GRACE = timedelta(hours=1)
"""How long ago a show may say that it starts: a host who plans it for now takes a while."""


def check_may_tick(session: LiveSession, actor: Actor) -> None:
    """The checklist is for another person than the host (Order 117 art. 28, 30)."""
    if actor.user_id == session.host_id:
        raise Forbidden("the checklist is for another person than the host")
    if not actor.is_operator and actor.user_id != session.checker_id:
        raise NotFound


def own(actor: Actor) -> int:
    if actor.user_id is None:
        raise NotFound
    return actor.user_id


def of_another(session_id: int, actor: Actor, expected_version: int | None) -> LiveSession:
    """A session to decide about: its own host may not, whatever other hat they hold."""
    session = service.lock(session_id, expected_version=expected_version)
    if session.host_id == actor.user_id:
        raise Forbidden("another person decides about your show")
    return session


def reason_of(text: str) -> str:
    if not text.strip():
        raise Invalid.at("/reason", "say why", code="required")
    return text.strip()


def is_past(starts_at: datetime, *, now: datetime) -> bool:
    """Whether nobody can start a show at this time any more."""
    return starts_at < now - GRACE


def check_start(starts_at: datetime, *, now: datetime) -> None:
    if is_past(starts_at, now=now):
        raise Invalid.at("/starts_at", "this time has passed", code="past")


def check_new_start(session: LiveSession, starts_at: datetime, *, now: datetime) -> None:
    """A show that is planned may be put off; one on air has begun when it began."""
    if starts_at == session.starts_at:
        return
    if session.status in ON_AIR:
        raise IllegalMove("the show has begun", current=str(session.status))
    check_start(starts_at, now=now)


def check(
    session: LiveSession, target: SessionStatus, *, only_from: Collection[SessionStatus]
) -> None:
    """Refuse before anything is undone on the way."""
    if session.status not in only_from:
        raise IllegalMove(
            f"live session: {session.status} cannot become {target}",
            current=str(session.status),
            target=str(target),
        )


def step(
    session: LiveSession,
    target: SessionStatus,
    *,
    only_from: Collection[SessionStatus],
    actor: Actor,
    now: datetime,
    reason: str | None = None,
    **stamps: datetime | int,
) -> None:
    service.move(
        session,
        target,
        only_from=frozenset(only_from),
        actor=actor if actor.role == "operator" else actor.wearing("host"),
        now=now,
        reason=reason,
        **stamps,
    )


def clear(session: LiveSession, *, actor: Actor, now: datetime) -> None:
    """Inside a transaction: nothing stays pinned and nothing unsold stays in the room."""
    if shelf.unpin(session.id, now=now):
        service.announce(session.id, EventType.PIN_CLEAR, {}, now=now)
    for item_id, sku, unsold in sales.close_items(session.id, now=now):
        inventory.return_allotment(
            sku, unsold, live_item_id=item_id, actor_id=actor.user_id, now=now
        )


def words_of(
    given: Mapping[str, Any], *, actor: Actor, media_origins: Collection[str]
) -> dict[str, Any]:
    words = dict(given)
    if "title" in words:
        words["title"] = words["title"].strip()
        if not words["title"]:
            raise Invalid.at("/title", "a show has a title", code="required")
    if "play_url" in words:
        words["play_url"] = checked(words["play_url"], origins=media_origins)
    if words.get("cover_id") is not None:
        mine = select(Picture.id).where(
            Picture.id == words["cover_id"], Picture.owner_id == actor.user_id
        )
        if db.session.scalar(mine) is None:
            raise Invalid.at("/cover", "no such picture of yours", code="unknown")
    return words


def missing(session: LiveSession, *, now: datetime) -> list[dict[str, str]]:
    """What keeps a scheduled show from starting, one entry a thing."""
    points = checklist.standing(session, now=now)
    found = [
        {"pointer": f"/checklist/{point.code}", "code": "not-confirmed", "detail": point.code}
        for point in points
        if not point.ticked
    ]
    host = accounts.person(session.host_id)
    if host is None or not host.actor.is_host:
        found.append({"pointer": "/host", "code": "not-a-host", "detail": "no active host role"})
    standing = rooms.items(session.id)
    if not standing:
        found.append({"pointer": "/items", "code": "no-items", "detail": "nothing on the shelf"})
    found.extend(_at(item, "not-on-sale") for item in standing if not item.is_on_sale)
    late = checklist.unchecked(session.id, points)
    found.extend(_at(item, "not-checked") for item in standing if item.id in late)
    return found


def _at(item: Item, code: str) -> dict[str, str]:
    return {"pointer": f"/items/{item.seq_no}", "code": code, "detail": item.sku}
