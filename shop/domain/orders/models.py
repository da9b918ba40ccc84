"""Tables of carts and orders; a placed line keeps the page it was bought from."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from shop.columns import Word, one_of
from shop.db import APPEND_ONLY, Base, some_of
from shop.domain.orders.states import CancelReason, OrderStatus


class CartItem(Base):
    """One SKU in a signed-in buyer's cart; prices are read when quoting, never here."""

    __tablename__ = "cart_item"
    __table_args__ = (CheckConstraint("quantity BETWEEN 1 AND 999", name="quantity"),)

    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), primary_key=True)
    sku: Mapped[str] = mapped_column(ForeignKey("variant.sku"), primary_key=True)
    quantity: Mapped[int]
    live_item_id: Mapped[int | None] = mapped_column(ForeignKey("live_item.id"))
    added_at: Mapped[datetime]


class Order(Base):
    """What one buyer bought at one moment, from one or several cooperatives."""

    __tablename__ = "orders"
    __table_args__ = (
        one_of("status", OrderStatus),
        CheckConstraint("currency = 'CNY'", name="cny"),
        CheckConstraint(
            "total_fen = goods_fen - discount_fen + freight_fen AND total_fen > 0", name="total"
        ),
        CheckConstraint(
            "goods_fen > 0 AND discount_fen >= 0 AND freight_fen >= 0", name="not_negative"
        ),
        Index("ix_orders_buyer_id_id", "buyer_id", "id"),
        Index("ix_orders_status_id", "status", "id"),
        some_of("ix_orders_unpaid", "expires_at", where="status = 'pending_payment'"),
        some_of("ix_orders_delivered", "delivered_at", where="status = 'delivered'"),
        some_of("ix_orders_paid_at", "paid_at", where="paid_at IS NOT NULL"),
        some_of("ix_orders_street_held", "id", where="ship_phone = '' AND ship_street <> ''"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(String(20), unique=True)
    buyer_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    status: Mapped[OrderStatus] = mapped_column(
        Word(OrderStatus), default=OrderStatus.PENDING_PAYMENT
    )
    cancel_reason: Mapped[CancelReason | None] = mapped_column(Word(CancelReason))
    goods_fen: Mapped[int]
    discount_fen: Mapped[int] = mapped_column(default=0)
    freight_fen: Mapped[int]
    total_fen: Mapped[int]
    currency: Mapped[str] = mapped_column(String(3), default="CNY")
    ship_name: Mapped[str] = mapped_column(String(40))
    ship_phone: Mapped[str] = mapped_column(String(20))
    ship_region_code: Mapped[str] = mapped_column(String(6))
    ship_region: Mapped[str] = mapped_column(String(80))
    ship_street: Mapped[str] = mapped_column(String(200))
    note: Mapped[str | None] = mapped_column(String(200))
    source: Mapped[str | None] = mapped_column(String(40))
    consents: Mapped[list[Any]]
    seller_of_record: Mapped[str] = mapped_column(String(16))
    ship_by: Mapped[datetime]
    expires_at: Mapped[datetime]
    hold_extended: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime]
    paid_at: Mapped[datetime | None]
    shipped_at: Mapped[datetime | None]
    delivered_at: Mapped[datetime | None]
    completed_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(default=1)

    lines: Mapped[list["OrderLine"]] = relationship(
        order_by="OrderLine.line_no", lazy="selectin", back_populates="order"
    )
    parts: Mapped[list["OrderPart"]] = relationship(
        order_by="OrderPart.cooperative_id", lazy="selectin"
    )


class OrderPart(Base):
    """One cooperative's share of an order: its freight, and the split rule frozen for it."""

    __tablename__ = "order_part"
    __table_args__ = (
        CheckConstraint("freight_fen >= 0 AND goods_fen > 0", name="not_negative"),
        Index("ix_order_part_cooperative_id_order_id", "cooperative_id", "order_id"),
        Index("ix_order_part_cooperative_id_ship_by", "cooperative_id", "ship_by", "order_id"),
    )

    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id"), primary_key=True)
    cooperative_id: Mapped[int] = mapped_column(ForeignKey("cooperative.id"), primary_key=True)
    goods_fen: Mapped[int]
    freight_fen: Mapped[int]
    freight_refunded_fen: Mapped[int] = mapped_column(default=0)
    split_rule_id: Mapped[int] = mapped_column(ForeignKey("split_rule.id"))
    ship_by: Mapped[datetime]


class OrderLine(Base):
    """One SKU of an order at the price read inside the transaction.

    ``snapshot`` keeps the product page as the buyer saw it (Order 117 art. 16): title, variant,
    unit, summary, seller, after-sale rule, pictures, product version.
    """

    __tablename__ = "order_line"
    __table_args__ = (
        UniqueConstraint("order_id", "line_no"),
        CheckConstraint("quantity > 0 AND unit_price_fen > 0", name="positive"),
        CheckConstraint("total_fen = quantity * unit_price_fen", name="total"),
        CheckConstraint(
            "shipped >= 0 AND cancelled >= 0 AND shipped + cancelled <= quantity", name="shipped"
        ),
        CheckConstraint("refunded_fen BETWEEN 0 AND total_fen", name="refunded_fen"),
        CheckConstraint("refunded BETWEEN 0 AND quantity", name="refunded"),
        Index("ix_order_line_sku_order_id", "sku", "order_id"),
        Index("ix_order_line_live_session_id_order_id", "live_session_id", "order_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id"))
    line_no: Mapped[int]
    sku: Mapped[str] = mapped_column(ForeignKey("variant.sku"))
    product_id: Mapped[int] = mapped_column(ForeignKey("product.id"), index=True)
    cooperative_id: Mapped[int] = mapped_column(ForeignKey("cooperative.id"), index=True)
    village_id: Mapped[int] = mapped_column(ForeignKey("village.id"))
    live_session_id: Mapped[int | None] = mapped_column(ForeignKey("live_session.id"))
    live_item_id: Mapped[int | None] = mapped_column(ForeignKey("live_item.id"), index=True)
    host_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    commission_bp: Mapped[int]
    title: Mapped[str] = mapped_column(String(80))
    quantity: Mapped[int]
    unit_price_fen: Mapped[int]
    total_fen: Mapped[int]
    weight_grams: Mapped[int]
    shipped: Mapped[int] = mapped_column(default=0)
    cancelled: Mapped[int] = mapped_column(default=0)
    refunded: Mapped[int] = mapped_column(default=0)
    refunded_fen: Mapped[int] = mapped_column(default=0)
    snapshot: Mapped[dict[str, Any]]

    order: Mapped[Order] = relationship(back_populates="lines")


class OrderHistory(Base):
    """One row a move of an order."""

    __tablename__ = "order_history"
    __table_args__ = (APPEND_ONLY,)

    id: Mapped[int] = mapped_column(primary_key=True)
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id"), index=True)
    from_status: Mapped[str | None] = mapped_column(String(32))
    to_status: Mapped[str] = mapped_column(String(32))
    actor_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    actor_role: Mapped[str] = mapped_column(String(16))
    reason: Mapped[str | None] = mapped_column(String(200))
    at: Mapped[datetime]
