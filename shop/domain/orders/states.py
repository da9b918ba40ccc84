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

UNDONE = Lifecycle(
    "order",
    {
        **ORDER_LIFE.table,
        OrderStatus.PARTIALLY_SHIPPED: ORDER_LIFE.table[OrderStatus.PARTIALLY_SHIPPED]
        | {OrderStatus.PAID},
        OrderStatus.SHIPPED: ORDER_LIFE.table[OrderStatus.SHIPPED]
        | {OrderStatus.PAID, OrderStatus.PARTIALLY_SHIPPED},
    },
)
"""The table with the ways back of a hand-over that is undone within minutes."""

PAID_STATES = frozenset(
    {
        OrderStatus.PAID,
        OrderStatus.PARTIALLY_SHIPPED,
        OrderStatus.SHIPPED,
        OrderStatus.DELIVERED,
        OrderStatus.COMPLETED,
    }
)

TAKEN_BACK = Lifecycle("order", {**ORDER_LIFE.table, OrderStatus.REFUNDED: PAID_STATES})
"""The table with the one way back: out of ``refunded`` when its money did not arrive after all."""

EVERY_STEP = Lifecycle("order", {**UNDONE.table, OrderStatus.REFUNDED: PAID_STATES})
"""All that may stand in an order's history: the table and its ways back."""


class CancelReason(StrEnum):
    BUYER = "buyer"
    EXPIRED = "expired"
    OPERATOR = "operator"
    NO_STOCK = "no_stock"
