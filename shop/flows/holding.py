"""Steps that several flows share: promises on shelf and live counters. All run inside a transaction."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, select

from shop.db import db
from shop.domain.inventory import holds
from shop.domain.inventory.errors import OutOfStock
from shop.domain.inventory.queries import available
from shop.domain.inventory.states import HoldState
from shop.domain.live import sales
from shop.domain.orders.models import Order, OrderLine
from shop.kernel.clock import local_date
from shop.reads.pricing import PricedLine


def counter_order(line: PricedLine | OrderLine) -> tuple[bool, int, str]:
    """Live items by id, then shelf SKUs: one order for all, so that carts never deadlock."""
    return (line.live_item_id is None, line.live_item_id or 0, line.sku)


def promise(lines: Iterable[PricedLine], *, buyer_id: int, now: datetime) -> None:
    """Take quota and counter for every line, or raise and leave nothing taken.

    Raises ``PurchaseLimit`` and ``OutOfStock``. When a counter has too few, its expired holds are
    released in this transaction and it is asked once more, so no sweeper is needed to be right.
    """
    for line in sorted(lines, key=counter_order):
        if line.live_item_id is not None:
            sales.take_quota(
                line.live_item_id,
                sku=line.sku,
                buyer_id=buyer_id,
                quantity=line.quantity,
                limit=line.per_buyer_max or sales.NO_LIMIT,
            )
        if _take(line):
            continue
        counter = line.live_item_id if line.allotted else None
        release(holds.expired_on(line.sku, counter, now=now), now=now)
        if not _take(line):
            raise holds.refuse(
                line.sku, line.quantity, left=_left(line), live_item_id=counter
            )


def _take(line: PricedLine) -> bool:
    if line.allotted and line.live_item_id is not None:
        return sales.hold(line.live_item_id, line.quantity)
    return holds.take_from_shelf(line.sku, line.quantity)


def _left(line: PricedLine) -> int:
    if line.allotted and line.live_item_id is not None:
        return sales.remaining(line.live_item_id) or 0
    return available([line.sku])[line.sku]


def release(which: ColumnElement[bool], *, now: datetime) -> int:
    """End open holds without payment: counters and quotas get their units back, each once."""
    ended = holds.end(which, HoldState.RELEASED, now=now)
    for hold in ended:
        closed = hold.live_item_id is not None and sales.release(hold.live_item_id, hold.quantity)
        line = _line_of(hold)
        holds.give_back_to_shelf(
            hold, cooperative_id=line.cooperative_id, from_live=closed, now=now
        )
        if line.live_item_id is not None:
            sales.return_quota(
                line.live_item_id, buyer_id=line.order.buyer_id, quantity=hold.quantity
            )
    return len(ended)


def _line_of(hold: holds.Ended) -> OrderLine:
    return db.session.scalars(
        select(OrderLine).where(OrderLine.order_id == hold.order_id, OrderLine.sku == hold.sku)
    ).one()


def consume(order: Order, *, now: datetime) -> None:
    """Take what an order bought off the shelf, from fresh lots; raises ``OutOfStock``.

    Promised units are consumed; units whose promise has ended are taken again if they are there,
    within the buyer's quota (else ``PurchaseLimit``).
    """
    ended = holds.end(holds.of_order(order.id), HoldState.CONSUMED, now=now)
    promised = {hold.sku: hold for hold in ended}
    late = [line for line in order.lines if line.sku not in promised]
    _take_quota_again(late, buyer_id=order.buyer_id)
    from_room = {
        line.sku
        for line in sorted(order.lines, key=counter_order)
        if _sell_live(line, promised.get(line.sku))
    }
    for line in sorted(order.lines, key=lambda line: line.sku):
        hold = promised.get(line.sku)
        if hold is not None:
            holds.consume(hold, cooperative_id=line.cooperative_id, now=now)
        else:
            _take_late(line, from_room=line.sku in from_room, now=now)
        holds.take_lots(
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


def put_back(order: Order, units: Sequence[tuple[OrderLine, int]], *, actor_id: int | None,
             now: datetime) -> None:
    """Return paid units that never left to their lots, and to the buyer's quota."""
    for line, quantity in units:
        holds.put_back(
            line.id, quantity, cooperative_id=line.cooperative_id, actor_id=actor_id, now=now
        )
        if line.live_item_id is not None:
            sales.return_quota(line.live_item_id, buyer_id=order.buyer_id, quantity=quantity)
