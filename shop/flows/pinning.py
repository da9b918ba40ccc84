"""The card on the screen: at most one, only of what can be bought, and a log of all."""

from datetime import datetime

from shop.db import transactional
from shop.domain.live import service, shelf
from shop.domain.live.errors import SoldOut
from shop.domain.live.models import LiveSession
from shop.domain.live.shapes import for_card
from shop.domain.live.states import EventType, ItemStatus, SessionStatus
from shop.kernel.actor import Actor
from shop.kernel.errors import IllegalMove, NotFound
from shop.reads import live as rooms


@transactional
def pin(
    session_id: int,
    item_id: int,
    *,
    actor: Actor,
    now: datetime,
    expected_version: int | None = None,
) -> None:
    """Pin an item of the shelf while live; pinning it again changes nothing.

    Raises ``IllegalMove`` off air, ``NotFound`` for an item of elsewhere, ``SoldOut``.
    """
    session = _on_air(session_id, actor, expected_version)
    item = rooms.item(session_id, item_id)
    if item.status is not ItemStatus.ON:
        raise IllegalMove("this item is off the shelf", current=str(item.status))
    if item.remaining <= 0:
        raise SoldOut("nothing is left of this item", sku=item.sku, remaining=0)
    standing = shelf.open_pin(session_id)
    if standing is not None and standing.item_id == item_id:
        return
    shelf.pin(session_id, item_id, by=actor.user_id, now=now)
    service.announce(
        session_id,
        EventType.PIN_SET,
        for_card(item, started_at=session.started_at, now=now),
        now=now,
    )


@transactional
def unpin(
    session_id: int, *, actor: Actor, now: datetime, expected_version: int | None = None
) -> None:
    """Take the card off; with none there nothing happens."""
    session = _mine(session_id, actor, expected_version)
    if shelf.unpin(session.id, now=now):
        service.announce(session.id, EventType.PIN_CLEAR, {}, now=now)


def _mine(session_id: int, actor: Actor, expected_version: int | None) -> LiveSession:
    """Inside a transaction: the row lock lets one pin follow the other."""
    if actor.user_id is None:
        raise NotFound
    return service.lock(session_id, host_id=actor.user_id, expected_version=expected_version)


def _on_air(session_id: int, actor: Actor, expected_version: int | None) -> LiveSession:
    session = _mine(session_id, actor, expected_version)
    if session.status is not SessionStatus.LIVE:
        raise IllegalMove("a card is pinned while live", current=str(session.status))
    return session
