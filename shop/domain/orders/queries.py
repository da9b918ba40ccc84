"""Nouns of orders."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import lazyload

from shop.db import db
from shop.domain.orders.models import CartItem, Order, OrderHistory
from shop.domain.orders.states import OrderStatus
from shop.kernel.errors import NotFound


def by_number(number: str) -> Order:
    """The order of this number; raises ``NotFound``."""
    order = db.session.scalar(select(Order).where(Order.number == number))
    if order is None:
        raise NotFound
    return order


def of_buyer(number: str, buyer_id: int | None) -> Order:
    """A buyer's own order; another's is not found."""
    order = db.session.scalar(
        select(Order)
        .where(Order.number == number, Order.buyer_id == buyer_id)
        .options(lazyload(Order.lines), lazyload(Order.parts))
    )
    if order is None:
        raise NotFound
    return order


def unpaid_past(now: datetime, *, limit: int = 200) -> list[int]:
    """Orders whose time to pay is over."""
    return list(
        db.session.scalars(
            select(Order.id)
            .where(Order.status == OrderStatus.PENDING_PAYMENT, Order.expires_at <= now)
            .order_by(Order.expires_at)
            .limit(limit)
        )
    )


def delivered_before(moment: datetime, *, limit: int = 200) -> list[int]:
    """Delivered orders that nobody has confirmed since."""
    return list(
        db.session.scalars(
            select(Order.id)
            .where(Order.status == OrderStatus.DELIVERED, Order.delivered_at <= moment)
            .order_by(Order.delivered_at)
            .limit(limit)
        )
    )


def history(order_id: int) -> list[OrderHistory]:
    """Every move of an order."""
    return list(
        db.session.scalars(
            select(OrderHistory).where(OrderHistory.order_id == order_id).order_by(OrderHistory.id)
        )
    )


def before_refunded(order_id: int) -> OrderStatus | None:
    """The state that an order left when its refunds had reached what was captured."""
    left = db.session.scalars(
        select(OrderHistory.from_status)
        .where(OrderHistory.order_id == order_id, OrderHistory.to_status == OrderStatus.REFUNDED)
        .order_by(OrderHistory.id.desc())
    ).first()
    return OrderStatus(left) if left else None


def cart(user_id: int) -> list[CartItem]:
    """What a buyer has put aside, the oldest first."""
    return list(
        db.session.scalars(
            select(CartItem)
            .where(CartItem.user_id == user_id)
            .order_by(CartItem.added_at, CartItem.sku)
        )
    )
