"""Rows as the tables have them, whatever this session read before."""

from typing import Any

from sqlalchemy import select

from shop.db import db
from shop.domain.inventory.models import Stock
from shop.domain.live.models import LiveItem
from shop.domain.orders import queries as order_queries
from shop.domain.orders.models import Order
from shop.domain.outbox.models import OutboxMessage
from shop.domain.payments import queries as payment_queries
from shop.domain.payments.models import Payment, Refund


def order_now(order: Order) -> Order:
    """The order as the tables have it."""
    db.session.rollback()
    db.session.expire_all()
    return order_queries.by_number(order.number)


def numbered(number: str) -> Order:
    """The order of a number, whole."""
    order = order_queries.by_number(number)
    assert order.lines
    assert order.parts
    return order


def payment_now(payment_id: int) -> Payment:
    """The payment as the tables have it."""
    db.session.rollback()
    return db.session.get_one(Payment, payment_id, populate_existing=True)


def refund_now(refund_id: int) -> Refund:
    """The refund as the tables have it."""
    db.session.rollback()
    return db.session.get_one(Refund, refund_id, populate_existing=True)


def stock(sku: str) -> tuple[int, int, int]:
    """(on hand, held, allotted) of a SKU."""
    db.session.rollback()
    row = db.session.execute(
        select(Stock.on_hand, Stock.held, Stock.allotted).where(Stock.sku == sku)
    ).one()
    db.session.rollback()
    return row[0], row[1], row[2]


def item(item_id: int | None) -> tuple[int, int]:
    """(held, sold) of a live item."""
    db.session.rollback()
    row = db.session.execute(
        select(LiveItem.held, LiveItem.sold).where(LiveItem.id == item_id)
    ).one()
    db.session.rollback()
    return row[0], row[1]


def waiting(kind: str) -> list[dict[str, Any]]:
    """Payloads of the outbox messages of a kind, in order."""
    db.session.rollback()
    found = db.session.scalars(
        select(OutboxMessage).where(OutboxMessage.kind == kind).order_by(OutboxMessage.id)
    )
    payloads = [message.payload for message in found]
    db.session.rollback()
    return payloads


def refunds_of(order: Order) -> list[Refund]:
    """Every refund of an order as the tables have it."""
    db.session.rollback()
    db.session.expire_all()
    return payment_queries.refunds_of(order.id)
