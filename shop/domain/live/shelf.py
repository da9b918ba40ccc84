"""Verbs of a room's shelf: items in a row without a gap, and the one that is pinned."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import and_, case, func, or_, select, update

from shop.db import changed, db
from shop.domain.live.models import LiveItem, LivePin, LiveSession
from shop.domain.live.states import UNANNOUNCED, ItemStatus, SessionStatus
from shop.kernel.errors import DomainError, IllegalMove, Invalid, NotFound

MOST_ITEMS = 100
ASIDE = 301
"""From here rows wait for a moment while others take their numbers."""
OFF_SHELF = 501
LAST = 1000
NEVER_CAME = timedelta(hours=24)
UNANNOUNCED_FOR = timedelta(days=7)


class AlreadyLinked(DomainError):
    """The SKU stands on this room's shelf; facts: ``item_id``."""

    code = "conflict"


def on_shelf(session_id: int) -> list[LiveItem]:
    """The room's items in order, without those taken off the shelf."""
    return list(
        db.session.scalars(
            select(LiveItem)
            .where(LiveItem.session_id == session_id, LiveItem.seq_no <= MOST_ITEMS)
            .order_by(LiveItem.seq_no)
            .execution_options(populate_existing=True)
        )
    )


def get(session_id: int, item_id: int) -> LiveItem:
    """One item of this room's shelf; any other is not found."""
    item = db.session.scalar(
        select(LiveItem)
        .where(
            LiveItem.id == item_id,
            LiveItem.session_id == session_id,
            LiveItem.seq_no <= MOST_ITEMS,
        )
        .execution_options(populate_existing=True)
    )
    if item is None:
        raise NotFound
    return item


def link(
    session_id: int,
    *,
    sku: str,
    cooperative_id: int,
    live_price_fen: int | None,
    allotment: int | None,
    per_buyer_max: int | None,
    now: datetime,
) -> LiveItem:
    """Put a SKU at the end of the shelf; one that was taken off comes back to its own row.

    The caller has locked the session. Raises ``AlreadyLinked``, ``Invalid`` when the shelf is full.
    """
    known = db.session.scalar(
        select(LiveItem)
        .where(LiveItem.session_id == session_id, LiveItem.sku == sku)
        .execution_options(populate_existing=True)
    )
    if known and known.seq_no <= MOST_ITEMS:
        raise AlreadyLinked("this room has the SKU already", item_id=known.id)
    seq_no = _next(session_id)
    if known is None:
        known = LiveItem(session_id=session_id, sku=sku, cooperative_id=cooperative_id)
        db.session.add(known)
    elif known.held and allotment is None:
        raise IllegalMove("buyers still hold units of this item; give it an allotment")
    elif allotment is not None:
        allotment += (known.held or 0) + (known.sold or 0)
    known.seq_no = seq_no
    known.created_at = now
    known.status = ItemStatus.ON
    known.live_price_fen = live_price_fen
    known.allotment = allotment
    known.per_buyer_max = per_buyer_max
    known.closed_at = None
    known.shown_stock = None
    db.session.flush()
    return known


def _next(session_id: int) -> int:
    last = db.session.scalar(
        select(func.max(LiveItem.seq_no)).where(
            LiveItem.session_id == session_id, LiveItem.seq_no <= MOST_ITEMS
        )
    )
    if (last or 0) >= MOST_ITEMS:
        raise Invalid.at("/sku", f"a room shows at most {MOST_ITEMS} items", code="too-many")
    return (last or 0) + 1


def resize(item: LiveItem, allotment: int | None) -> bool:
    """Set the allotment where what is sold and promised still fits; ``False`` where it does not."""
    fits = LiveItem.held == 0 if allotment is None else LiveItem.held + LiveItem.sold <= allotment
    done = changed(
        update(LiveItem)
        .where(LiveItem.id == item.id, fits)
        .values(allotment=allotment)
        .execution_options(synchronize_session=False)
    )
    db.session.refresh(item)
    return bool(done)


def stale_allotments(now: datetime) -> dict[int, list[LiveItem]]:
    """Items, by session, that keep units of the shop's for a show that does not come.

    A day after it should have started, or, while nobody has approved it, a week after the item was
    put on its shelf.
    """
    overdue = and_(
        LiveSession.status.in_({*UNANNOUNCED, SessionStatus.SCHEDULED}),
        LiveSession.starts_at < now - NEVER_CAME,
    )
    waiting = and_(LiveSession.status.in_(UNANNOUNCED), LiveItem.created_at < now - UNANNOUNCED_FOR)
    rows = db.session.scalars(
        select(LiveItem)
        .join(LiveSession, LiveSession.id == LiveItem.session_id)
        .where(LiveItem.allotment > 0, LiveItem.closed_at.is_(None), or_(overdue, waiting))
        .order_by(LiveItem.session_id, LiveItem.sku)
        .execution_options(populate_existing=True)
    )
    found: dict[int, list[LiveItem]] = {}
    for item in rows:
        found.setdefault(item.session_id, []).append(item)
    return found


def take_off(item: LiveItem, *, now: datetime) -> int:
    """Close an item, move it off the shelf and close the gap; gives the unsold units."""
    unsold = db.session.execute(
        update(LiveItem)
        .where(LiveItem.id == item.id)
        .values(status=ItemStatus.OFF, closed_at=now)
        .returning(func.coalesce(LiveItem.allotment - LiveItem.held - LiveItem.sold, 0))
        .execution_options(synchronize_session=False)
    ).scalar_one()
    last = db.session.scalar(
        select(func.max(LiveItem.seq_no)).where(
            LiveItem.session_id == item.session_id, LiveItem.seq_no >= OFF_SHELF
        )
    )
    seq_no = OFF_SHELF if last is None else last + 1
    if seq_no > LAST:
        raise Invalid("too many items were taken off this shelf")
    db.session.execute(
        update(LiveItem)
        .where(LiveItem.id == item.id)
        .values(seq_no=seq_no)
        .execution_options(synchronize_session=False)
    )
    put_in_order(item.session_id, [i.id for i in on_shelf(item.session_id)])
    return unsold or 0


def put_in_order(session_id: int, item_ids: Sequence[int]) -> None:
    """Number the shelf 1..n in the given order, which must name every item once."""
    if sorted(item_ids) != sorted(i.id for i in on_shelf(session_id)):
        raise Invalid.at("/items", "name every item of the shelf once", code="not-the-shelf")
    if not item_ids:
        return
    standing = (LiveItem.session_id == session_id, LiveItem.seq_no <= MOST_ITEMS)
    db.session.execute(
        update(LiveItem)
        .where(*standing)
        .values(seq_no=LiveItem.seq_no + ASIDE)
        .execution_options(synchronize_session=False)
    )
    db.session.execute(
        update(LiveItem)
        .where(LiveItem.id.in_(item_ids))
        .values(
            seq_no=case({item_id: i for i, item_id in enumerate(item_ids, 1)}, value=LiveItem.id)
        )
        .execution_options(synchronize_session=False)
    )
    db.session.expire_all()


def show_stock(item_id: int, state: str) -> bool:
    """Remember the stock state viewers are told; ``False`` when they were told it before."""
    return bool(
        changed(
            update(LiveItem)
            .where(LiveItem.id == item_id, LiveItem.shown_stock.is_distinct_from(state))
            .values(shown_stock=state)
            .execution_options(synchronize_session=False)
        )
    )


def open_pin(session_id: int) -> LivePin | None:
    """What is on the card now."""
    return db.session.scalar(
        select(LivePin)
        .where(LivePin.session_id == session_id, LivePin.unpinned_at.is_(None))
        .execution_options(populate_existing=True)
    )


def pin(session_id: int, item_id: int, *, by: int | None, now: datetime) -> None:
    """Put an item on the card; what was there comes off in the same breath."""
    unpin(session_id, now=now)
    db.session.add(LivePin(session_id=session_id, item_id=item_id, pinned_by=by, pinned_at=now))
    db.session.flush()


def unpin(session_id: int, *, now: datetime) -> bool:
    """Take the card off; ``False`` when there was none."""
    return bool(
        changed(
            update(LivePin)
            .where(LivePin.session_id == session_id, LivePin.unpinned_at.is_(None))
            .values(unpinned_at=now)
            .execution_options(synchronize_session=False)
        )
    )
