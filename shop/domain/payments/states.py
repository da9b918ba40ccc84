"""The lives of a payment and of a refund; never an order's."""

from enum import StrEnum

from shop.kernel.lifecycle import Lifecycle


class PaymentStatus(StrEnum):
    """``surplus``: money that arrived and does not pay its order (late, second); owed back."""

    CREATED = "created"
    PROCESSING = "processing"
    REQUIRES_ACTION = "requires_action"
    CAPTURED = "captured"
    SURPLUS = "surplus"
    REFUND_DUE = "refund_due"
    REFUNDED = "refunded"
    FAILED = "failed"
    CANCELLED = "cancelled"


_OPEN = frozenset(
    {
        PaymentStatus.CREATED,
        PaymentStatus.PROCESSING,
        PaymentStatus.REQUIRES_ACTION,
        PaymentStatus.CAPTURED,
        PaymentStatus.SURPLUS,
        PaymentStatus.FAILED,
        PaymentStatus.CANCELLED,
    }
)

PAYMENT_LIFE = Lifecycle(
    "payment",
    {
        PaymentStatus.CREATED: _OPEN - {PaymentStatus.CREATED},
        PaymentStatus.PROCESSING: _OPEN - {PaymentStatus.PROCESSING, PaymentStatus.CREATED},
        PaymentStatus.REQUIRES_ACTION: _OPEN
        - {PaymentStatus.REQUIRES_ACTION, PaymentStatus.CREATED},
        PaymentStatus.CAPTURED: frozenset({PaymentStatus.REFUND_DUE, PaymentStatus.REFUNDED}),
        PaymentStatus.SURPLUS: frozenset({PaymentStatus.REFUND_DUE, PaymentStatus.REFUNDED}),
        PaymentStatus.REFUND_DUE: frozenset({PaymentStatus.REFUNDED, PaymentStatus.CAPTURED}),
        PaymentStatus.REFUNDED: frozenset({PaymentStatus.REFUND_DUE}),
        PaymentStatus.FAILED: frozenset({PaymentStatus.CAPTURED, PaymentStatus.SURPLUS}),
        PaymentStatus.CANCELLED: frozenset({PaymentStatus.CAPTURED, PaymentStatus.SURPLUS}),
    },
)

LIVE_PAYMENTS = frozenset(
    {PaymentStatus.CREATED, PaymentStatus.PROCESSING, PaymentStatus.REQUIRES_ACTION}
)


class RefundStatus(StrEnum):
    DUE = "due"
    PENDING = "pending"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


REFUND_LIFE = Lifecycle(
    "refund",
    {
        RefundStatus.DUE: frozenset(
            {RefundStatus.PENDING, RefundStatus.SUCCEEDED, RefundStatus.FAILED}
        ),
        RefundStatus.PENDING: frozenset({RefundStatus.SUCCEEDED, RefundStatus.FAILED}),
        RefundStatus.SUCCEEDED: frozenset({RefundStatus.FAILED}),
        RefundStatus.FAILED: frozenset(),
    },
)


class RefundCause(StrEnum):
    CANCELLED = "cancelled"
    LATE_PAYMENT = "late_payment"
    DOUBLE_PAYMENT = "double_payment"
    NO_STOCK = "no_stock"
    CLAIM = "claim"
    GOODWILL = "goodwill"
