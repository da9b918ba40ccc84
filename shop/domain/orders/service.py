"""Verbs of an order; every move is guarded by the state it leaves and keeps one history row."""

from datetime import datetime
from typing import Any

from sqlalchemy import case, delete, select, update

from shop.db import changed, db, insert_into
from shop.domain.orders.errors import OrderStateConflict
from shop.domain.orders.models import CartItem, Order, OrderHistory, OrderLine, OrderPart
from shop.domain.orders.states import ORDER_LIFE, OrderStatus
from shop.kernel.actor import Actor
from shop.kernel.errors import NotFound

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
    came_from = order.status
    if not ORDER_LIFE.allows(came_from, status):
        raise OrderStateConflict(f"the order is {came_from}", status=str(came_from))
    values: dict[str, Any] = {"status": status, "version": Order.version + 1}
    if stamp := STAMPS.get(status):
        values[stamp] = now
    moved = changed(
        update(Order)
        .where(Order.id == order.id, Order.status == came_from)
        .values(values)
        .execution_options(synchronize_session=False)
    )
    if not moved:
        raise OrderStateConflict("the order has just changed", status=str(came_from))
    db.session.refresh(order, ["status", "version", *([stamp] if stamp else [])])
    record(order, came_from, actor=actor, now=now, reason=reason)


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
    rest = line.quantity - line.shipped - line.cancelled
    if rest <= 0:
        return 0
    done = changed(
        update(OrderLine)
        .where(
            OrderLine.id == line.id,
            OrderLine.shipped == line.shipped,
            OrderLine.cancelled == line.cancelled,
        )
        .values(cancelled=OrderLine.cancelled + rest)
        .execution_options(synchronize_session=False)
    )
    if not done:
        raise OrderStateConflict("a parcel has just been handed over")
    return rest


def count_shipped(line: OrderLine, quantity: int) -> bool:
    """Count units as handed over; units given back before they left count as cancelled first."""
    gone_before = OrderLine.refunded - OrderLine.shipped
    changed(
        update(OrderLine)
        .where(OrderLine.id == line.id, gone_before > OrderLine.cancelled)
        .values(cancelled=gone_before)
        .execution_options(synchronize_session=False)
    )
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


def take_from_cart(user_id: int, skus: list[str]) -> None:
    """Remove SKUs from a cart."""
    db.session.execute(delete(CartItem).where(CartItem.user_id == user_id, CartItem.sku.in_(skus)))
