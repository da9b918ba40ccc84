"""Verbs of an order; every move is guarded by the state it leaves and keeps one history row."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from sqlalchemy import case, delete, select, update
from sqlalchemy.orm import lazyload

from shop.bulk import among_pairs
from shop.db import changed, db, insert_into
from shop.domain.orders.errors import OrderStateConflict
from shop.domain.orders.models import CartItem, Order, OrderHistory, OrderLine, OrderPart
from shop.domain.orders.queries import before_refunded
from shop.domain.orders.states import ORDER_LIFE, TAKEN_BACK, UNDONE, OrderStatus
from shop.kernel.actor import Actor
from shop.kernel.errors import NotFound, Stale

MOST_IN_CART = 999
STAMPS = {
    OrderStatus.PAID: "paid_at",
    OrderStatus.SHIPPED: "shipped_at",
    OrderStatus.DELIVERED: "delivered_at",
    OrderStatus.COMPLETED: "completed_at",
}


def locked(order_id: int) -> Order:
    """The order as it is now, ours until the transaction ends; raises ``NotFound``.

    The lock leaves the key alone, so that rows which name the order (the stock move of a buyer who
    takes over its expired units) do not wait for it.
    """
    order = db.session.scalar(
        select(Order)
        .where(Order.id == order_id)
        .options(lazyload(Order.lines), lazyload(Order.parts))
        .with_for_update(of=Order, key_share=True)
        .execution_options(populate_existing=True)
    )
    if order is None:
        raise NotFound
    return order


def record(
    order: Order, came_from: OrderStatus | None, *, actor: Actor, now: datetime, reason: str | None
) -> None:
    """Append one history row."""
    db.session.add(
        OrderHistory(
            order_id=order.id,
            from_status=came_from,
            to_status=order.status,
            actor_id=actor.user_id,
            actor_role=actor.role,
            reason=reason,
            at=now,
        )
    )


def move(
    order: Order, status: OrderStatus, *, actor: Actor, now: datetime, reason: str | None = None
) -> None:
    """Take one step of the table, or raise ``OrderStateConflict`` and change nothing."""
    if not ORDER_LIFE.allows(order.status, status):
        raise OrderStateConflict(f"the order is {order.status}", status=str(order.status))
    stamp = STAMPS.get(status)
    _step(order, status, {stamp: now} if stamp else {}, actor=actor, now=now, reason=reason)


def take_back_refund(order: Order, *, actor: Actor, now: datetime, reason: str) -> None:
    """Return a refunded order to the paid state it left; the times of its states stay."""
    left = before_refunded(order.id)
    if left is None or not TAKEN_BACK.allows(order.status, left):
        raise OrderStateConflict(f"the order is {order.status}", status=str(order.status))
    _step(order, left, {}, actor=actor, now=now, reason=reason)


def move_back(
    order: Order, status: OrderStatus, *, actor: Actor, now: datetime, reason: str
) -> None:
    """Return an order whose hand-over is undone; the same state again is one note."""
    if order.status is not status and not UNDONE.allows(order.status, status):
        raise OrderStateConflict(f"the order is {order.status}", status=str(order.status))
    _step(order, status, {"shipped_at": None}, actor=actor, now=now, reason=reason)


def _step(
    order: Order,
    status: OrderStatus,
    stamps: Mapping[str, datetime | None],
    *,
    actor: Actor,
    now: datetime,
    reason: str | None,
) -> None:
    came_from = order.status
    moved = changed(
        update(Order)
        .where(Order.id == order.id, Order.status == came_from)
        .values(status=status, version=Order.version + 1, **stamps)
        .execution_options(synchronize_session=False)
    )
    if not moved:
        raise OrderStateConflict("the order has just changed", status=str(came_from))
    db.session.refresh(order, ["status", "version", *stamps])
    record(order, came_from, actor=actor, now=now, reason=reason)


def check_version(order: Order, expected: int | None) -> None:
    """Raise ``Stale`` where the caller read another version."""
    if expected is not None and order.version != expected:
        raise Stale("it was changed since you looked")


def count_refund(line: OrderLine, *, quantity: int, amount_fen: int) -> bool:
    """Count units and money given back, never above what was bought and paid."""
    return bool(
        changed(
            update(OrderLine)
            .where(
                OrderLine.id == line.id,
                OrderLine.refunded + quantity <= OrderLine.quantity,
                OrderLine.refunded_fen + amount_fen <= OrderLine.total_fen,
            )
            .values(
                refunded=OrderLine.refunded + quantity,
                refunded_fen=OrderLine.refunded_fen + amount_fen,
            )
            .execution_options(synchronize_session=False)
        )
    )


def count_freight_refund(part: OrderPart, amount_fen: int) -> bool:
    """Count freight given back, never above what was charged."""
    return bool(
        changed(
            update(OrderPart)
            .where(
                OrderPart.order_id == part.order_id,
                OrderPart.cooperative_id == part.cooperative_id,
                OrderPart.freight_refunded_fen + amount_fen <= OrderPart.freight_fen,
            )
            .values(freight_refunded_fen=OrderPart.freight_refunded_fen + amount_fen)
            .execution_options(synchronize_session=False)
        )
    )


def cancel_rest(line: OrderLine) -> int:
    """Cancel the units of a line that have not been handed over; gives how many."""
    return _cancel(line, line.quantity - line.shipped - line.cancelled)


def cancel_refunded(line: OrderLine) -> int:
    """Cancel the units of a line that were given back before they left; gives how many.

    Of a line that is partly sent, money for units is money for the sent ones first.
    """
    return _cancel(line, line.refunded - line.shipped - line.cancelled)


def _cancel(line: OrderLine, units: int) -> int:
    if units <= 0:
        return 0
    done = changed(
        update(OrderLine)
        .where(
            OrderLine.id == line.id,
            OrderLine.shipped == line.shipped,
            OrderLine.cancelled == line.cancelled,
        )
        .values(cancelled=OrderLine.cancelled + units)
        .execution_options(synchronize_session=False)
    )
    if not done:
        raise OrderStateConflict("a parcel has just been handed over")
    return units


def count_shipped(line: OrderLine, quantity: int) -> bool:
    """Count units as handed over, never those that are sent or cancelled already."""
    return bool(
        changed(
            update(OrderLine)
            .where(
                OrderLine.id == line.id,
                OrderLine.shipped + OrderLine.cancelled + quantity <= OrderLine.quantity,
            )
            .values(shipped=OrderLine.shipped + quantity)
            .execution_options(synchronize_session=False)
        )
    )


def promise_from(order: Order, at: datetime) -> None:
    """Count the promised days from ``at``, when the money came, rather than from placing."""
    waited = at - order.created_at
    order.ship_by += waited
    for part in order.parts:
        part.ship_by += waited
    db.session.flush()


def count_unshipped(line: OrderLine, quantity: int) -> bool:
    """Count units of an undone hand-over as still to be sent, unless they were paid back."""
    return bool(
        changed(
            update(OrderLine)
            .where(
                OrderLine.id == line.id,
                OrderLine.shipped >= quantity,
                OrderLine.refunded <= OrderLine.cancelled,
            )
            .values(shipped=OrderLine.shipped - quantity)
            .execution_options(synchronize_session=False)
        )
    )


def start_clock(order: Order, at: datetime | None) -> None:
    """Set since when a delivered order waits to be confirmed; ``None`` while a station keeps it."""
    order.delivered_at = at
    db.session.flush()


def put_in_cart(
    user_id: int, sku: str, quantity: int, *, live_item_id: int | None, add: bool, now: datetime
) -> None:
    """Set, or add to, one SKU of a cart; at most ``MOST_IN_CART`` units."""
    fresh = insert_into(CartItem).values(
        user_id=user_id, sku=sku, quantity=quantity, live_item_id=live_item_id, added_at=now
    )
    together = CartItem.quantity + quantity
    units = case((together > MOST_IN_CART, MOST_IN_CART), else_=together) if add else quantity
    db.session.execute(
        fresh.on_conflict_do_update(
            index_elements=[CartItem.user_id, CartItem.sku],
            set_={"quantity": units, "live_item_id": live_item_id},
        )
    )


def take_from_carts(bought: Iterable[tuple[int, str]]) -> None:
    """Remove SKUs, each with its buyer, from the buyers' carts."""
    db.session.execute(
        delete(CartItem)
        .where(among_pairs(CartItem.user_id, CartItem.sku, sorted(bought)))
        .execution_options(synchronize_session=False)
    )
