"""The life of an order: one transition table."""

from enum import StrEnum

from shop.kernel.lifecycle import Lifecycle


class OrderStatus(StrEnum):
    PENDING_PAYMENT = "pending_payment"
    PAID = "paid"
    PARTIALLY_SHIPPED = "partially_shipped"
    SHIPPED = "shipped"
    DELIVERED = "delivered"
    COMPLETED = "completed"
    CANCELLED = "cancelled"
    REFUNDED = "refunded"


ORDER_LIFE = Lifecycle(
    "order",
    {
        OrderStatus.PENDING_PAYMENT: frozenset({OrderStatus.PAID, OrderStatus.CANCELLED}),
        OrderStatus.PAID: frozenset(
            {
                OrderStatus.PARTIALLY_SHIPPED,
                OrderStatus.SHIPPED,
                OrderStatus.CANCELLED,
                OrderStatus.REFUNDED,
            }
        ),
        OrderStatus.PARTIALLY_SHIPPED: frozenset({OrderStatus.SHIPPED, OrderStatus.REFUNDED}),
        OrderStatus.SHIPPED: frozenset(
            {OrderStatus.DELIVERED, OrderStatus.COMPLETED, OrderStatus.REFUNDED}
        ),
        OrderStatus.DELIVERED: frozenset({OrderStatus.COMPLETED, OrderStatus.REFUNDED}),
        OrderStatus.COMPLETED: frozenset({OrderStatus.REFUNDED}),
        OrderStatus.CANCELLED: frozenset(),
        OrderStatus.REFUNDED: frozenset(),
    },
)

PAID_STATES = frozenset(
    {
        OrderStatus.PAID,
        OrderStatus.PARTIALLY_SHIPPED,
        OrderStatus.SHIPPED,
        OrderStatus.DELIVERED,
        OrderStatus.COMPLETED,
    }
)


class CancelReason(StrEnum):
    BUYER = "buyer"
    EXPIRED = "expired"
    OPERATOR = "operator"
    NO_STOCK = "no_stock"
