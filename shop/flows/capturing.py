"""The one path of a payment's report, whoever brings it: hook, return page or reconciler."""

from datetime import datetime

from shop.db import db
from shop.domain.inventory import holds
from shop.domain.inventory.errors import OutOfStock
from shop.domain.live.sales import PurchaseLimit
from shop.domain.orders import service as orders
from shop.domain.orders.models import Order
from shop.domain.orders.states import CancelReason, OrderStatus
from shop.domain.payments import service as payments
from shop.domain.payments.gateways.base import Outcome
from shop.domain.payments.models import Payment
from shop.domain.payments.states import PaymentStatus, RefundCause
from shop.flows import holding, owing
from shop.flows.telling import tell
from shop.kernel.actor import GATEWAY
from shop.kernel.clock import local_date
from shop.kernel.money import yuan

STATUSES = {
    Outcome.PENDING: PaymentStatus.PROCESSING,
    Outcome.REQUIRES_ACTION: PaymentStatus.REQUIRES_ACTION,
    Outcome.FAILED: PaymentStatus.FAILED,
    Outcome.CANCELLED: PaymentStatus.CANCELLED,
}


def apply_payment(
    order: Order,
    payment: Payment,
    *,
    outcome: Outcome,
    failure_code: str | None,
    source: str,
    now: datetime,
) -> None:
    """The one path of a payment's report; inside a transaction that has locked both rows.

    Money pays its order once. Money that is late, second or finds no goods is ``surplus`` and is
    owed back in the same transaction (FAULTS 6, 7, 37, 38). What is older than what is known
    changes nothing.
    """
    if outcome is not Outcome.CAPTURED:
        payments.move(payment, STATUSES[outcome], source=source, now=now, failure_code=failure_code)
        return
    if payment.captured_at is not None:
        return
    if order.status is OrderStatus.PENDING_PAYMENT and _goods_taken(order, now=now):
        payments.move(payment, PaymentStatus.CAPTURED, source=source, captured_at=now, now=now)
        orders.move(order, OrderStatus.PAID, actor=GATEWAY, now=now)
        orders.promise_from(order, now)
        _tell(order, "order-paid", order.total_fen, key=order.number, now=now)
        return
    cause = _why_surplus(order)
    payments.move(payment, PaymentStatus.SURPLUS, source=source, captured_at=now, now=now)
    owing.owe_surplus(payment, cause=cause, now=now)
    if order.status is OrderStatus.PENDING_PAYMENT:
        holding.release(holds.of_order(order.id), now=now)
        order.cancel_reason = CancelReason.NO_STOCK
        orders.move(order, OrderStatus.CANCELLED, actor=GATEWAY, now=now, reason="no_stock")
    _tell(order, "refund-due", payment.amount_fen, key=str(payment.id), now=now)


def _goods_taken(order: Order, *, now: datetime) -> bool:
    """Consume the order's goods, or leave everything as it was."""
    try:
        with db.session.begin_nested():
            holding.consume(order, now=now)
    except (OutOfStock, PurchaseLimit):
        return False
    return True


def _why_surplus(order: Order) -> RefundCause:
    if order.status is OrderStatus.PENDING_PAYMENT:
        return RefundCause.NO_STOCK
    if order.status is OrderStatus.CANCELLED and order.paid_at is None:
        return RefundCause.LATE_PAYMENT
    return RefundCause.DOUBLE_PAYMENT


def _tell(order: Order, template: str, amount_fen: int, *, key: str, now: datetime) -> None:
    tell(
        user_id=order.buyer_id,
        phone=None,
        template=template,
        variables={
            "number": order.number,
            "amount": yuan(amount_fen),
            "ship_by": local_date(order.ship_by).isoformat(),
        },
        dedupe_key=f"{template}:{key}",
        now=now,
    )
