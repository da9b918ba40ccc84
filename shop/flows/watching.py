"""The room's pulse, at most once a second: viewers, orders paid, and what is running out."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import case, update

from shop.db import changed, transactional
from shop.domain.live import queries, service, shelf
from shop.domain.live.models import LiveSession
from shop.domain.live.shapes import Item, for_viewers, masked
from shop.domain.live.states import ON_AIR, EventType, ItemStatus, StockState
from shop.reads import live as rooms
from shop.reads.live import Paid

SETTLED_AFTER = timedelta(seconds=1)
"""A payment is told a second after it, when every earlier one has been committed."""
NAMES = 5
FAR_BEHIND = 500


def tick(session_id: int, *, viewers: int | None, now: datetime) -> bool:
    """Tell a room on air what changed since the last tick; says whether anything did.

    ``viewers`` is the presence count, ``None`` where it is not known. Any number of processes may
    tick the same room: each change is told once.
    """
    session = queries.session(session_id)
    if session is None or session.status not in ON_AIR:
        return False
    seen = session.ticked_paid_id
    known = None if viewers == session.viewers else viewers
    paid = rooms.paid_since(session_id, after=seen, until=now - SETTLED_AFTER)
    turned = [item for item in rooms.items(session_id) if item.has_turned]
    newest = rooms.last_paid_id(now - SETTLED_AFTER)
    if not paid and newest - seen > FAR_BEHIND:
        _skip(session_id, seen=seen, newest=newest)
    if known is None and not paid and not turned:
        return False
    return _tell(session_id, viewers=known, paid=paid, seen=seen, turned=turned, now=now)


@transactional
def _skip(session_id: int, *, seen: int, newest: int) -> None:
    """Other rooms' payments need not be read again every second."""
    _move_on(session_id, seen=seen, newest=newest)


def _move_on(session_id: int, *, seen: int, newest: int) -> bool:
    return bool(
        changed(
            update(LiveSession)
            .where(LiveSession.id == session_id, LiveSession.ticked_paid_id == seen)
            .values(ticked_paid_id=newest)
            .execution_options(synchronize_session=False)
        )
    )


@transactional
def _tell(
    session_id: int,
    *,
    viewers: int | None,
    paid: Sequence[Paid],
    seen: int,
    turned: Sequence[Item],
    now: datetime,
) -> bool:
    told = [viewers is not None and _count(session_id, viewers, now=now)]
    told.append(bool(paid) and _orders(session_id, paid, seen=seen, now=now))
    told.extend(_stock(session_id, item, now=now) for item in turned)
    return any(told)


def _count(session_id: int, viewers: int, *, now: datetime) -> bool:
    peak = case((LiveSession.peak_viewers < viewers, viewers), else_=LiveSession.peak_viewers)
    if not changed(
        update(LiveSession)
        .where(
            LiveSession.id == session_id,
            LiveSession.viewers != viewers,
            LiveSession.status.in_(ON_AIR),
        )
        .values(viewers=viewers, peak_viewers=peak)
        .execution_options(synchronize_session=False)
    ):
        return False
    service.announce(session_id, EventType.VIEWERS, {"count": viewers}, now=now)
    return True


def _orders(session_id: int, paid: Sequence[Paid], *, seen: int, now: datetime) -> bool:
    """Only from paid orders, names masked (E-commerce Law art. 17)."""
    if not _move_on(session_id, seen=seen, newest=paid[-1].id):
        return False
    names = [masked(one.name) for one in paid[-NAMES:]]
    service.announce(
        session_id, EventType.ORDER_TICK, {"orders": len(paid), "buyers_masked": names}, now=now
    )
    return True


def _stock(session_id: int, item: Item, *, now: datetime) -> bool:
    """A turned stock state; an item whose product left the shop goes off the shelf."""
    if not shelf.show_stock(item.id, str(item.stock)):
        return False
    if item.status is ItemStatus.ON:
        if item.shown_stock is StockState.SOLD_OUT:
            service.announce(session_id, EventType.ITEM_UPDATE, for_viewers(item), now=now)
        shown = {"item_id": item.id, "stock": str(item.stock)}
        service.announce(session_id, EventType.STOCK_STATE, shown, now=now)
        return True
    service.announce(session_id, EventType.ITEM_UPDATE, for_viewers(item), now=now)
    pinned = shelf.open_pin(session_id)
    if pinned is not None and pinned.item_id == item.id and shelf.unpin(session_id, now=now):
        service.announce(session_id, EventType.PIN_CLEAR, {}, now=now)
    return True
