"""Promises on shelf and live counters: steps that several flows share, inside a transaction.

Rows are touched in one order by all, so that carts do not deadlock: holds, then quotas and live
items by id, then the shelf by SKU, then lots.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, select

from shop.db import db
from shop.domain.inventory import holds, lots
from shop.domain.inventory import service as inventory
from shop.domain.inventory.errors import OutOfStock
from shop.domain.inventory.queries import available, expired_units
from shop.domain.inventory.states import HoldState
from shop.domain.live import sales
from shop.domain.orders.models import Order, OrderLine
from shop.kernel.clock import local_date


@dataclass(frozen=True, kw_only=True)
class _Owner:
    cooperative_id: int
    live_item_id: int | None
    buyer_id: int

    @property
    def quota(self) -> tuple[int, int]:
        """The key of the quota row."""
        return (self.live_item_id or 0, self.buyer_id)


def _by_item(line: OrderLine) -> tuple[int, str]:
    return (line.live_item_id or 0, line.sku)


def release(which: ColumnElement[bool], *, now: datetime) -> int:
    """End open holds without payment: counters and quotas get their units back, each once."""
    ended = holds.end(which, HoldState.RELEASED, now=now)
    owners = _owners(ended)
    for hold in sorted(ended, key=lambda hold: owners[hold.order_line_id].quota):
        owner = owners[hold.order_line_id]
        if owner.live_item_id is not None:
            sales.return_quota(owner.live_item_id, buyer_id=owner.buyer_id, quantity=hold.quantity)
    closed = {
        hold.hold_id
        for hold in ended
        if hold.live_item_id is not None and sales.release(hold.live_item_id, hold.quantity)
    }
    for hold in sorted(ended, key=lambda hold: hold.sku):
        holds.give_back_to_shelf(
            hold,
            cooperative_id=owners[hold.order_line_id].cooperative_id,
            from_live=hold.hold_id in closed,
            now=now,
        )
        if hold.live_item_id is not None and hold.hold_id not in closed:
            withdraw_expired(hold.live_item_id, hold.quantity, sku=hold.sku, now=now)
    return len(ended)


def withdraw_expired(item_id: int, unpromised: int, *, sku: str, now: datetime) -> None:
    """Write off units of an open allotment as far as no fresh lot is left to serve them."""
    expired = expired_units(sku, local_date(now))
    units = min(expired - available([sku])[sku], unpromised) if expired else 0
    if units > 0 and sales.shrink(item_id, units):
        inventory.return_allotment(sku, units, live_item_id=item_id, actor_id=None, now=now)


def _owners(ended: Sequence[holds.Ended]) -> dict[int, _Owner]:
    """Whose promises these were, by order line."""
    rows = db.session.execute(
        select(OrderLine.id, OrderLine.cooperative_id, OrderLine.live_item_id, Order.buyer_id)
        .join(Order, Order.id == OrderLine.order_id)
        .where(OrderLine.id.in_([hold.order_line_id for hold in ended]))
    )
    return {
        line_id: _Owner(cooperative_id=seller, live_item_id=item_id, buyer_id=buyer_id)
        for line_id, seller, item_id, buyer_id in rows
    }


def consume(order: Order, *, now: datetime) -> None:
    """Take what an order bought off the shelf, from fresh lots; raises ``OutOfStock``.

    Promised units are consumed; units whose promise has ended are taken again if they are there,
    within the buyer's quota (else ``PurchaseLimit``).
    """
    ended = holds.end(holds.of_order(order.id), HoldState.CONSUMED, now=now)
    promised = {hold.sku: hold for hold in ended}
    late = [line for line in order.lines if line.sku not in promised]
    _take_quota_again(sorted(late, key=_by_item), buyer_id=order.buyer_id)
    from_room = {
        line.sku
        for line in sorted(order.lines, key=_by_item)
        if _sell_live(line, promised.get(line.sku))
    }
    for line in sorted(order.lines, key=lambda line: line.sku):
        hold = promised.get(line.sku)
        if hold is not None:
            holds.consume(hold, cooperative_id=line.cooperative_id, now=now)
        else:
            _take_late(line, from_room=line.sku in from_room, now=now)
        lots.take(
            sku=line.sku,
            cooperative_id=line.cooperative_id,
            order_id=order.id,
            order_line_id=line.id,
            quantity=line.quantity,
            today=local_date(now),
            now=now,
        )


def _take_quota_again(lines: Sequence[OrderLine], *, buyer_id: int) -> None:
    limits = sales.limits([line.live_item_id for line in lines if line.live_item_id is not None])
    for line in lines:
        if line.live_item_id is not None:
            sales.take_quota(
                line.live_item_id,
                sku=line.sku,
                buyer_id=buyer_id,
                quantity=line.quantity,
                limit=limits[line.live_item_id],
            )


def _sell_live(line: OrderLine, hold: holds.Ended | None) -> bool:
    """Count a room's sale; ``True`` when late units came out of its open allotment."""
    if line.live_item_id is None:
        return False
    if hold is not None and hold.live_item_id is not None:
        sales.sell_held(line.live_item_id, line.quantity)
        return False
    sales.count_sold(line.live_item_id, line.quantity)
    return hold is None and sales.sell_unheld(line.live_item_id, line.quantity)


def _take_late(line: OrderLine, *, from_room: bool, now: datetime) -> None:
    if from_room and line.live_item_id is not None:
        holds.take_allotted(
            line.sku,
            line.quantity,
            cooperative_id=line.cooperative_id,
            order_id=line.order_id,
            live_item_id=line.live_item_id,
            now=now,
        )
    elif not holds.take_unheld(line.sku, line.quantity):
        raise OutOfStock("sold to someone else meanwhile", sku=line.sku)


def put_back(
    order: Order, units: Sequence[tuple[OrderLine, int]], *, actor_id: int | None, now: datetime
) -> None:
    """Return paid units that never left to their lots, and to the buyer's quota."""
    for line, quantity in sorted(units, key=lambda unit: _by_item(unit[0])):
        if line.live_item_id is not None:
            sales.return_quota(line.live_item_id, buyer_id=order.buyer_id, quantity=quantity)
    for line, quantity in sorted(units, key=lambda unit: unit[0].sku):
        lots.put_back(
            line.id, quantity, cooperative_id=line.cooperative_id, actor_id=actor_id, now=now
        )
