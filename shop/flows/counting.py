"""How many units of each product stayed sold, by which lists sort."""

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, func, select, update

from shop.db import changed, db, transactional
from shop.domain.catalog.models import Product
from shop.domain.orders.models import Order, OrderLine
from shop.domain.payments.models import Refund, RefundLine

LATELY = timedelta(hours=1)
AT_ONCE = 500
"""Products of one transaction, so that none comes near its time limit."""


def recount_all(*, now: datetime) -> int:
    """Set every product's count of units sold, less those refunded; gives how many changed."""
    done, last = 0, 0
    while ids := _next(last):
        last = ids[-1]
        done += _recount(Product.id.between(ids[0], last), now=now)
    return done


def recount_lately(*, now: datetime) -> int:
    """The same of what was paid for or given back in the last hour; gives how many changed."""
    since = now - LATELY
    paid = (
        select(OrderLine.product_id)
        .join(Order, Order.id == OrderLine.order_id)
        .where(Order.paid_at > since)
    )
    given_back = (
        select(OrderLine.product_id)
        .join(RefundLine, RefundLine.order_line_id == OrderLine.id)
        .join(Refund, Refund.id == RefundLine.refund_id)
        .where(Refund.created_at > since)
    )
    return _recount(Product.id.in_(paid.union(given_back)), now=now)


def _next(last: int) -> list[int]:
    ids = select(Product.id).where(Product.id > last).order_by(Product.id).limit(AT_ONCE)
    return list(db.session.scalars(ids))


@transactional
def _recount(which: ColumnElement[bool], *, now: datetime) -> int:
    sold = (
        select(func.coalesce(func.sum(OrderLine.quantity - OrderLine.refunded), 0))
        .join(Order, Order.id == OrderLine.order_id)
        .where(OrderLine.product_id == Product.id, Order.paid_at <= now)
        .scalar_subquery()
    )
    return changed(
        update(Product)
        .where(which, Product.sales != sold)
        .values(sales=sold)
        .execution_options(synchronize_session=False)
    )
