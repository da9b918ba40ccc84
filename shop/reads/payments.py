"""A payment as a friend who pays for it may see it."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from shop.db import db
from shop.domain.orders.models import Order
from shop.domain.orders.states import OrderStatus
from shop.domain.payments.models import Payment
from shop.domain.payments.states import LIVE_PAYMENTS
from shop.kernel.errors import NotFound


@dataclass(frozen=True, kw_only=True)
class ForAFriend:
    """Goods and total, and nothing of the buyer."""

    goods: tuple[tuple[str, int], ...]
    total_fen: int
    data: str | None
    open: bool
    paid: bool


def for_a_friend(payment_id: int, *, now: datetime) -> ForAFriend:
    """What a pay-for-me link shows, its code while the goods are held; raises ``NotFound``."""
    row = db.session.execute(
        select(Payment, Order)
        .join(Order, Order.id == Payment.order_id)
        .where(Payment.id == payment_id)
    ).first()
    if row is None:
        raise NotFound
    payment, order = row
    return ForAFriend(
        goods=tuple((line.title, line.quantity) for line in order.lines),
        total_fen=payment.amount_fen,
        data=(payment.next_action or {}).get("data"),
        open=payment.status in LIVE_PAYMENTS
        and order.status is OrderStatus.PENDING_PAYMENT
        and order.expires_at > now,
        paid=payment.captured_at is not None,
    )
