"""What an order keeps of a buyer who left: the facts, never the person."""

from datetime import datetime

from sqlalchemy import delete, exists, or_, select, text, update

from shop.db import changed, db
from shop.domain.orders.models import CartItem, Order
from shop.domain.orders.states import OrderStatus

OPEN = (
    OrderStatus.PENDING_PAYMENT,
    OrderStatus.PAID,
    OrderStatus.PARTIALLY_SHIPPED,
    OrderStatus.SHIPPED,
    OrderStatus.DELIVERED,
)
NOBODY = "已注销用户"


def has_open_orders(buyer_id: int) -> bool:
    """Whether something is still to be paid, sent, received or confirmed."""
    return bool(
        db.session.scalar(
            select(exists().where(Order.buyer_id == buyer_id, Order.status.in_(OPEN)))
        )
    )


def forget_buyer(buyer_id: int) -> None:
    """Take name, phone and note off a buyer's orders, and empty the cart.

    The street stays for the retention term of Order 117 art. 16; see ``forget_streets``.
    """
    db.session.execute(
        update(Order)
        .where(Order.buyer_id == buyer_id)
        .values(ship_name=NOBODY, ship_phone="", note=None)
        .execution_options(synchronize_session=False)
    )
    db.session.execute(delete(CartItem).where(CartItem.user_id == buyer_id))


def forget_streets(*, held_since: datetime) -> int:
    """Drop the streets of buyers who left, where the transaction ended before ``held_since``."""
    return changed(
        update(Order)
        .where(
            text("ship_phone = '' AND ship_street <> ''"),
            or_(
                Order.completed_at < held_since,
                Order.completed_at.is_(None) & (Order.created_at < held_since),
            ),
        )
        .values(ship_street="")
        .execution_options(synchronize_session=False)
    )
