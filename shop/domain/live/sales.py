"""Selling from a live item: its counter, and the per-buyer maximum, exact under concurrency."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import case, func, select, update

from shop.db import changed, db, insert_into
from shop.domain.live.models import BuyerQuota, LiveItem
from shop.domain.live.states import ItemStatus
from shop.kernel.errors import DomainError

NO_LIMIT = 10**9


class PurchaseLimit(DomainError):
    """The buyer has taken as many as one buyer may; facts: ``sku``, ``per_buyer_max``."""

    code = "purchase-limit"


class DealNotActive(DomainError):
    """The room is not on air, or the item is off its shelf."""

    code = "deal-not-active"


def take_quota(item_id: int, *, sku: str, buyer_id: int, quantity: int, limit: int) -> None:
    """Count units against a buyer's maximum; raises ``PurchaseLimit``."""
    refusal = PurchaseLimit("one buyer may not take more", sku=sku, per_buyer_max=limit)
    if quantity > limit:
        raise refusal
    fresh = insert_into(BuyerQuota).values(live_item_id=item_id, buyer_id=buyer_id, taken=quantity)
    counted = changed(
        fresh.on_conflict_do_update(
            index_elements=[BuyerQuota.live_item_id, BuyerQuota.buyer_id],
            set_={"taken": BuyerQuota.taken + quantity},
            where=BuyerQuota.taken + quantity <= limit,
        )
    )
    if not counted:
        raise refusal


def take_quotas(item_id: int, wanted: Mapping[int, int], *, limit: int) -> set[int]:
    """Count units against the maxima of several buyers at once; gives the buyers who may."""
    rows = [
        {"live_item_id": item_id, "buyer_id": buyer_id, "taken": units}
        for buyer_id, units in sorted(wanted.items())
        if units <= limit
    ]
    if not rows:
        return set()
    fresh = insert_into(BuyerQuota)
    together = BuyerQuota.taken + fresh.excluded.taken
    return set(
        db.session.scalars(
            fresh.on_conflict_do_update(
                index_elements=[BuyerQuota.live_item_id, BuyerQuota.buyer_id],
                set_={"taken": together},
                where=together <= limit,
            ).returning(BuyerQuota.buyer_id),
            rows,
        )
    )


def return_quota(item_id: int, *, buyer_id: int, quantity: int) -> None:
    """Uncount units whose order came to nothing."""
    changed(
        update(BuyerQuota)
        .where(BuyerQuota.live_item_id == item_id, BuyerQuota.buyer_id == buyer_id)
        .values(taken=case((BuyerQuota.taken > quantity, BuyerQuota.taken - quantity), else_=0))
        .execution_options(synchronize_session=False)
    )


def hold(item_id: int, quantity: int) -> bool:
    """Promise units of an allotment; one that is off or too small gives ``False``."""
    return bool(
        changed(
            update(LiveItem)
            .where(
                LiveItem.id == item_id,
                LiveItem.status == ItemStatus.ON,
                LiveItem.closed_at.is_(None),
                LiveItem.allotment - LiveItem.held - LiveItem.sold >= quantity,
            )
            .values(held=LiveItem.held + quantity)
            .execution_options(synchronize_session=False)
        )
    )


def release(item_id: int, quantity: int) -> bool:
    """Take a promise off an item; ``True`` when it has closed, so its units go to the shelf."""
    closed_at = db.session.execute(
        update(LiveItem)
        .where(LiveItem.id == item_id)
        .values(held=LiveItem.held - quantity)
        .returning(LiveItem.closed_at)
        .execution_options(synchronize_session=False)
    ).scalar_one()
    return closed_at is not None


def unhold(item_id: int, quantity: int) -> None:
    """Give back what this transaction promised and will not write down."""
    changed(
        update(LiveItem)
        .where(LiveItem.id == item_id)
        .values(held=LiveItem.held - quantity)
        .execution_options(synchronize_session=False)
    )


def sell_held(item_id: int, quantity: int) -> None:
    """A promise on an allotment was paid."""
    changed(
        update(LiveItem)
        .where(LiveItem.id == item_id)
        .values(sold=LiveItem.sold + quantity, held=LiveItem.held - quantity)
        .execution_options(synchronize_session=False)
    )


def sell_unheld(item_id: int, quantity: int) -> bool:
    """Take units of an open allotment for money that came after its promise had ended."""
    return bool(
        changed(
            update(LiveItem)
            .where(
                LiveItem.id == item_id,
                LiveItem.closed_at.is_(None),
                LiveItem.allotment - LiveItem.held - LiveItem.sold >= quantity,
            )
            .values(sold=LiveItem.sold + quantity)
            .execution_options(synchronize_session=False)
        )
    )


def count_sold(item_id: int, quantity: int) -> None:
    """Count units a room sold from the shelf."""
    changed(
        update(LiveItem)
        .where(LiveItem.id == item_id, LiveItem.allotment.is_(None))
        .values(sold=LiveItem.sold + quantity)
        .execution_options(synchronize_session=False)
    )


def limits(item_ids: Sequence[int]) -> dict[int, int]:
    """The per-buyer maximum of each item, or ``NO_LIMIT``."""
    rows = db.session.execute(
        select(LiveItem.id, LiveItem.per_buyer_max).where(LiveItem.id.in_(item_ids))
    )
    return {item_id: limit or NO_LIMIT for item_id, limit in rows}


def remaining(item_id: int) -> int | None:
    """Units an allotment may still promise, or ``None`` for an item without one."""
    return db.session.scalar(
        select(LiveItem.allotment - LiveItem.held - LiveItem.sold).where(LiveItem.id == item_id)
    )


def close_items(session_id: int, *, now: datetime) -> list[tuple[int, str, int]]:
    """Close every item of a session; gives (item id, SKU, unsold units to return)."""
    rows = db.session.execute(
        update(LiveItem)
        .where(LiveItem.session_id == session_id, LiveItem.closed_at.is_(None))
        .values(status=ItemStatus.OFF, closed_at=now)
        .returning(
            LiveItem.id,
            LiveItem.sku,
            func.coalesce(LiveItem.allotment - LiveItem.held - LiveItem.sold, 0),
        )
        .execution_options(synchronize_session=False)
    )
    return sorted(((i, sku, unsold or 0) for i, sku, unsold in rows), key=lambda row: row[1])


def unpromised(sku: str) -> list[tuple[int, int]]:
    """(item id, units) of every open allotment of a SKU that is neither sold nor held, by id."""
    free = LiveItem.allotment - LiveItem.held - LiveItem.sold
    rows = db.session.execute(
        select(LiveItem.id, free)
        .where(LiveItem.sku == sku, LiveItem.closed_at.is_(None), free > 0)
        .order_by(LiveItem.id)
    )
    return [(item_id, units or 0) for item_id, units in rows]


def shrink(item_id: int, quantity: int) -> bool:
    """Take unpromised units out of an open allotment; ``False`` when buyers were faster."""
    return bool(
        changed(
            update(LiveItem)
            .where(
                LiveItem.id == item_id,
                LiveItem.closed_at.is_(None),
                LiveItem.allotment - LiveItem.held - LiveItem.sold >= quantity,
            )
            .values(allotment=LiveItem.allotment - quantity)
            .execution_options(synchronize_session=False)
        )
    )
