"""The host's console: what the show has brought so far, and its last orders."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import and_, case, distinct, func, select

from shop.db import db
from shop.domain.accounts.models import User
from shop.domain.live.models import LiveSession
from shop.domain.live.shapes import masked
from shop.domain.orders.models import Order, OrderLine
from shop.domain.orders.states import OrderStatus

RECENT = timedelta(minutes=10)
MOST = 30


@dataclass(frozen=True, kw_only=True)
class Figures:
    """Of one show, from its own order lines (DOMAIN section 3); money in fen."""

    viewers: int
    peak_viewers: int
    orders: int
    unpaid: int
    buyers: int
    units: int
    paid_fen: int
    net_fen: int


@dataclass(frozen=True, kw_only=True)
class LastOrder:
    """One line a buyer ordered in the show, the buyer's name masked."""

    id: int
    at: datetime
    name: str
    title: str
    quantity: int
    total_fen: int
    paid: bool


def figures(session: LiveSession) -> Figures:
    """Submitted and paid, before and after refunds."""
    paid = Order.paid_at.is_not(None)
    waiting = Order.status == OrderStatus.PENDING_PAYMENT
    row = db.session.execute(
        select(
            func.count(distinct(case((paid, Order.id)))).label("orders"),
            func.count(distinct(case((waiting, Order.id)))).label("unpaid"),
            func.count(distinct(case((paid, Order.buyer_id)))).label("buyers"),
            func.coalesce(func.sum(case((paid, OrderLine.quantity), else_=0)), 0).label("units"),
            func.coalesce(func.sum(case((paid, OrderLine.total_fen), else_=0)), 0).label("gross"),
            func.coalesce(func.sum(case((paid, OrderLine.refunded_fen), else_=0)), 0).label("back"),
        )
        .select_from(OrderLine)
        .join(Order, Order.id == OrderLine.order_id)
        .where(OrderLine.live_session_id == session.id)
    ).one()
    return Figures(
        viewers=session.viewers,
        peak_viewers=session.peak_viewers,
        orders=row.orders,
        unpaid=row.unpaid,
        buyers=row.buyers,
        units=int(row.units),
        paid_fen=int(row.gross),
        net_fen=int(row.gross - row.back),
    )


def last_orders(session_id: int, *, now: datetime) -> list[LastOrder]:
    """Lines of the last ten minutes that are paid or may still be, the newest first."""
    rows = db.session.execute(
        select(
            OrderLine.id,
            OrderLine.title,
            OrderLine.quantity,
            OrderLine.total_fen,
            Order.created_at,
            Order.paid_at,
            User.name,
        )
        .join(Order, Order.id == OrderLine.order_id)
        .join(User, User.id == Order.buyer_id)
        .where(
            OrderLine.live_session_id == session_id,
            Order.created_at > now - RECENT,
            ~and_(Order.status == OrderStatus.CANCELLED, Order.paid_at.is_(None)),
        )
        .order_by(OrderLine.id.desc())
        .limit(MOST)
    )
    return [
        LastOrder(
            id=row.id,
            at=row.created_at,
            name=masked(row.name),
            title=row.title,
            quantity=row.quantity,
            total_fen=row.total_fen,
            paid=row.paid_at is not None,
        )
        for row in rows
    ]
