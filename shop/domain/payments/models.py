"""Tables of money in and money back."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from shop.columns import Word, one_of
from shop.db import APPEND_ONLY, Base, some_of
from shop.domain.payments.states import PaymentStatus, RefundCause, RefundStatus

COUNT_REFUNDS = {
    "sqlite": {
        "refund_counts": [
            "CREATE TRIGGER refund_counts AFTER INSERT ON refund "
            "WHEN NEW.status <> 'failed' BEGIN "
            "UPDATE payment SET refunded_fen = refunded_fen + NEW.amount_fen "
            "WHERE id = NEW.payment_id; END"
        ],
        "refund_fails": [
            "CREATE TRIGGER refund_fails AFTER UPDATE OF status ON refund "
            "WHEN NEW.status = 'failed' AND OLD.status <> 'failed' BEGIN "
            "UPDATE payment SET refunded_fen = refunded_fen - NEW.amount_fen "
            "WHERE id = NEW.payment_id; END"
        ],
        "refund_revives": [
            "CREATE TRIGGER refund_revives AFTER UPDATE OF status ON refund "
            "WHEN NEW.status <> 'failed' AND OLD.status = 'failed' BEGIN "
            "UPDATE payment SET refunded_fen = refunded_fen + NEW.amount_fen "
            "WHERE id = NEW.payment_id; END"
        ],
        "refund_amount_fixed": [
            "CREATE TRIGGER refund_amount_fixed BEFORE UPDATE OF amount_fen, payment_id ON refund "
            "BEGIN SELECT RAISE(ABORT, 'a refund keeps its amount'); END"
        ],
    },
    "postgresql": {
        "refund_counts": [
            "CREATE OR REPLACE FUNCTION count_refund() RETURNS trigger "
            "LANGUAGE plpgsql AS $$ BEGIN "
            "IF TG_OP = 'INSERT' THEN IF NEW.status <> 'failed' THEN "
            "UPDATE payment SET refunded_fen = refunded_fen + NEW.amount_fen "
            "WHERE id = NEW.payment_id; END IF; "
            "ELSIF NEW.amount_fen <> OLD.amount_fen OR NEW.payment_id <> OLD.payment_id THEN "
            "RAISE EXCEPTION 'a refund keeps its amount' USING ERRCODE = '23514'; "
            "ELSIF NEW.status = 'failed' AND OLD.status <> 'failed' THEN "
            "UPDATE payment SET refunded_fen = refunded_fen - NEW.amount_fen "
            "WHERE id = NEW.payment_id; "
            "ELSIF NEW.status <> 'failed' AND OLD.status = 'failed' THEN "
            "UPDATE payment SET refunded_fen = refunded_fen + NEW.amount_fen "
            "WHERE id = NEW.payment_id; END IF; RETURN NEW; END $$",
            "CREATE TRIGGER refund_counts AFTER INSERT OR UPDATE ON refund "
            "FOR EACH ROW EXECUTE FUNCTION count_refund()",
        ],
    },
}
"""Keeps ``payment.refunded_fen`` equal to the refunds not failed: its CHECK bounds them (I12)."""


class Payment(Base):
    """One attempt to pay one order; at most one a order is ``captured`` (I8)."""

    __tablename__ = "payment"
    __table_args__ = (
        one_of("status", PaymentStatus),
        CheckConstraint("amount_fen > 0 AND currency = 'CNY'", name="amount"),
        CheckConstraint("refunded_fen BETWEEN 0 AND amount_fen", name="refunds_within_captured"),
        UniqueConstraint("gateway", "provider_id"),
        UniqueConstraint("order_id", "request_key"),
        Index(
            "uq_payment_captured_once",
            "order_id",
            unique=True,
            postgresql_where=text("status = 'captured'"),
            sqlite_where=text("status = 'captured'"),
        ),
        some_of(
            "ix_payment_open",
            "id",
            where="status IN ('created', 'processing', 'requires_action')",
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id"))
    gateway: Mapped[str] = mapped_column(String(16))
    method: Mapped[str] = mapped_column(String(16))
    status: Mapped[PaymentStatus] = mapped_column(
        Word(PaymentStatus), default=PaymentStatus.CREATED
    )
    amount_fen: Mapped[int]
    currency: Mapped[str] = mapped_column(String(3), default="CNY")
    refunded_fen: Mapped[int] = mapped_column(default=0)
    provider_id: Mapped[str | None] = mapped_column(String(255))
    request_key: Mapped[str | None] = mapped_column(String(64))
    gateway_key: Mapped[str] = mapped_column(String(64), unique=True)
    on_phone: Mapped[bool] = mapped_column(default=False)
    hold_expires_at: Mapped[datetime]
    next_action: Mapped[dict[str, Any] | None]
    failure_code: Mapped[str | None] = mapped_column(String(64))
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime]
    captured_at: Mapped[datetime | None]
    asked_at: Mapped[datetime | None]


class Refund(Base):
    """Money owed back, written before the provider is called.

    ``after_completion``: the income had been posted, so the books mirror this refund; one owed
    earlier was never income.
    """

    __tablename__ = "refund"
    __table_args__ = (
        one_of("status", RefundStatus),
        one_of("cause", RefundCause),
        CheckConstraint(
            "amount_fen > 0 AND freight_fen >= 0 AND freight_fen <= amount_fen", name="amount"
        ),
        some_of("ix_refund_open", "id", where="status IN ('due', 'pending')"),
        Index("ix_refund_created_at", "created_at"),
        {"info": {"triggers": COUNT_REFUNDS}},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    payment_id: Mapped[int] = mapped_column(ForeignKey("payment.id"), index=True)
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id"), index=True)
    cooperative_id: Mapped[int | None] = mapped_column(ForeignKey("cooperative.id"))
    claim_id: Mapped[int | None] = mapped_column(ForeignKey("claim.id"))
    cause: Mapped[RefundCause] = mapped_column(Word(RefundCause))
    amount_fen: Mapped[int]
    freight_fen: Mapped[int] = mapped_column(default=0)
    status: Mapped[RefundStatus] = mapped_column(Word(RefundStatus), default=RefundStatus.DUE)
    after_completion: Mapped[bool] = mapped_column(default=False)
    reason: Mapped[str] = mapped_column(String(200))
    dedupe_key: Mapped[str] = mapped_column(String(120), unique=True)
    provider_id: Mapped[str | None] = mapped_column(String(255), unique=True)
    failure_code: Mapped[str | None] = mapped_column(String(64))
    asked_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[datetime]
    settled_at: Mapped[datetime | None]

    lines: Mapped[list["RefundLine"]] = relationship(lazy="selectin")


class RefundLine(Base):
    """What of which order line is given back; ``quantity`` 0 where only money is."""

    __tablename__ = "refund_line"
    __table_args__ = (
        CheckConstraint("quantity >= 0 AND amount_fen >= 0", name="not_negative"),
        APPEND_ONLY,
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    refund_id: Mapped[int] = mapped_column(ForeignKey("refund.id"), index=True)
    order_line_id: Mapped[int] = mapped_column(ForeignKey("order_line.id"), index=True)
    quantity: Mapped[int]
    amount_fen: Mapped[int]


class PaymentHistory(Base):
    """One row a move of a payment or of a refund."""

    __tablename__ = "payment_history"
    __table_args__ = (APPEND_ONLY,)

    id: Mapped[int] = mapped_column(primary_key=True)
    payment_id: Mapped[int] = mapped_column(ForeignKey("payment.id"), index=True)
    refund_id: Mapped[int | None] = mapped_column(ForeignKey("refund.id"), index=True)
    from_status: Mapped[str | None] = mapped_column(String(32))
    to_status: Mapped[str] = mapped_column(String(32))
    source: Mapped[str] = mapped_column(String(32))
    reason: Mapped[str | None] = mapped_column(String(200))
    at: Mapped[datetime]
