"""Nouns of money."""

from datetime import datetime

from sqlalchemy import String, and_, cast, exists, func, literal, or_, select
from sqlalchemy.orm import aliased

from shop.db import db
from shop.domain.payments.models import Payment, PaymentHistory, Refund
from shop.domain.payments.states import LIVE_PAYMENTS, PaymentStatus, RefundStatus

AGAIN = "again:"
"""How the key of a refund begins that is sent once more after it failed."""

OPEN_REFUNDS = (RefundStatus.DUE, RefundStatus.PENDING)
PAID_WITH = (PaymentStatus.CAPTURED, PaymentStatus.REFUND_DUE, PaymentStatus.REFUNDED)


def by_request_key(order_id: int, request_key: str) -> Payment | None:
    """The payment an earlier request of the same key began."""
    return db.session.scalar(
        select(Payment).where(Payment.order_id == order_id, Payment.request_key == request_key)
    )


def by_provider_id(gateway: str, provider_id: str) -> Payment | None:
    """The payment a provider knows under this id."""
    return db.session.scalar(
        select(Payment).where(Payment.gateway == gateway, Payment.provider_id == provider_id)
    )


def of_order(order_id: int) -> list[Payment]:
    """Every attempt to pay an order, the oldest first."""
    return list(
        db.session.scalars(select(Payment).where(Payment.order_id == order_id).order_by(Payment.id))
    )


def live_of(order_id: int) -> list[Payment]:
    """Attempts that may still bring money."""
    return [payment for payment in of_order(order_id) if payment.status in LIVE_PAYMENTS]


def that_paid(order_id: int) -> Payment | None:
    """The payment that paid an order: captured, and not a surplus."""
    return db.session.scalar(
        select(Payment)
        .where(Payment.order_id == order_id, Payment.status.in_(PAID_WITH))
        .where(
            ~select(PaymentHistory.id)
            .where(
                PaymentHistory.payment_id == Payment.id,
                PaymentHistory.refund_id.is_(None),
                PaymentHistory.to_status == PaymentStatus.SURPLUS,
            )
            .exists()
        )
    )


def refunds_of(order_id: int) -> list[Refund]:
    """Every refund of an order, the oldest first."""
    return list(
        db.session.scalars(select(Refund).where(Refund.order_id == order_id).order_by(Refund.id))
    )


def refund_by_key(dedupe_key: str) -> Refund | None:
    """The refund written for this cause."""
    return db.session.scalar(select(Refund).where(Refund.dedupe_key == dedupe_key))


def refund_by_provider_id(provider_id: str) -> Refund | None:
    """The refund a provider knows under this id."""
    return db.session.scalar(select(Refund).where(Refund.provider_id == provider_id))


def only_refund_of(payment_id: int, amount_fen: int) -> Refund | None:
    """The one refund of a payment with this amount: the open one, else the one that has ended.

    ``None`` where there is none, or where it could be more than one.
    """
    found = db.session.scalars(
        select(Refund).where(Refund.payment_id == payment_id, Refund.amount_fen == amount_fen)
    ).all()
    open_ones = [refund for refund in found if refund.status in OPEN_REFUNDS]
    likely = open_ones or found
    return likely[0] if len(likely) == 1 else None


def succeeded_fen(payment_id: int) -> int:
    """Fen of a payment that have really gone back."""
    return int(
        db.session.scalar(
            select(func.coalesce(func.sum(Refund.amount_fen), 0)).where(
                Refund.payment_id == payment_id, Refund.status == RefundStatus.SUCCEEDED
            )
        )
        or 0
    )


def unsettled(older_than: datetime, *, limit: int = 100) -> list[int]:
    """Payments of which no end was heard since they were asked for."""
    return list(
        db.session.scalars(
            select(Payment.id)
            .where(
                Payment.status.in_(LIVE_PAYMENTS),
                Payment.created_at <= older_than,
                Payment.provider_id.is_not(None),
            )
            .order_by(Payment.id.desc())
            .limit(limit)
        )
    )


def unanswered(older_than: datetime, *, limit: int = 100) -> list[int]:
    """Payments whose provider was asked and never answered."""
    return list(
        db.session.scalars(
            select(Payment.id)
            .where(
                Payment.status.in_(LIVE_PAYMENTS),
                Payment.created_at <= older_than,
                Payment.provider_id.is_(None),
            )
            .order_by(Payment.id)
            .limit(limit)
        )
    )


def unsettled_refunds(older_than: datetime, *, limit: int = 100) -> list[int]:
    """Refunds of which no end was heard."""
    return list(
        db.session.scalars(
            select(Refund.id)
            .where(
                Refund.status.in_(OPEN_REFUNDS),
                Refund.created_at <= older_than,
            )
            .order_by(Refund.id)
            .limit(limit)
        )
    )


def owes(payment_id: int) -> bool:
    """Whether money of a payment is still on its way back, or failed to go and was not resent."""
    resent = aliased(Refund)
    again = exists().where(
        resent.payment_id == payment_id,
        resent.dedupe_key == literal(AGAIN) + cast(Refund.id, String),
    )
    return bool(
        db.session.scalar(
            select(
                exists().where(
                    Refund.payment_id == payment_id,
                    or_(
                        Refund.status.in_(OPEN_REFUNDS),
                        and_(Refund.status == RefundStatus.FAILED, ~again),
                    ),
                )
            )
        )
    )
