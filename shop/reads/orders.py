"""Orders as each of those concerned may see them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, exists, select
from sqlalchemy.orm import lazyload

from shop.db import db
from shop.domain.logistics.models import Shipment
from shop.domain.orders import queries as order_queries
from shop.domain.orders.models import Order, OrderHistory, OrderLine, OrderPart
from shop.domain.payments.models import Payment, Refund
from shop.domain.villages.models import Cooperative
from shop.kernel.actor import Actor
from shop.kernel.errors import NotFound
from shop.reads import order_refunds
from shop.reads.order_refunds import RefundView


@dataclass(frozen=True, kw_only=True)
class ShipTo:
    """Where the parcel goes: personal data of the buyer."""

    name: str
    phone: str
    region_code: str
    region: str
    street: str


@dataclass(frozen=True, kw_only=True)
class LineView:
    """One line with its seller's names; amounts in fen, weight in grams a unit."""

    id: int
    sku: str
    title: str
    variant: str
    unit: str
    quantity: int
    unit_price_fen: int
    total_fen: int
    weight_grams: int
    cooperative_id: int
    cooperative: str
    cooperative_name: str
    live_session_id: int | None
    shipped: int
    cancelled: int
    refunded: int
    refunded_fen: int
    slug: str
    picture: str | None
    after_sale: str
    snapshot: dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class OrderView:
    """An order, or the part of it that the viewer may see; sums are of what is shown."""

    id: int
    number: str
    buyer_id: int
    status: str
    cancel_reason: str | None
    lines: tuple[LineView, ...]
    goods_fen: int
    discount_fen: int
    freight_fen: int
    total_fen: int
    ship_to: ShipTo | None
    note: str | None
    source: str | None
    seller_of_record: str
    ship_by: datetime
    expires_at: datetime
    created_at: datetime
    paid_at: datetime | None
    completed_at: datetime | None
    version: int
    shipments: tuple[Shipment, ...]
    payments: tuple[Payment, ...]
    refunds: tuple[RefundView, ...]
    history: tuple[OrderHistory, ...]
    whole: bool
    consents: tuple[dict[str, Any], ...]


def for_buyer(number: str, buyer_id: int | None) -> OrderView:
    """A buyer's own order, whole; raises ``NotFound``."""
    return _view(order_queries.of_buyer(number, buyer_id), sellers=None)


def for_actor(number: str, actor: Actor) -> OrderView:
    """The order by the widest right the caller has: buyer, operator, a cooperative's people, host.

    Cooperatives see their own lines, parcels and sums, and where a paid order goes; a host sees
    the lines of own rooms and nobody's address. Raises ``NotFound``.
    """
    order = db.session.scalar(select(Order).where(Order.number == number, _in_reach(actor)))
    if order is None:
        raise NotFound
    if order.buyer_id == actor.user_id or actor.is_operator:
        return _view(order, sellers=None)
    own = set(actor.cooperatives())
    if any(part.cooperative_id in own for part in order.parts):
        return _view(order, sellers=own)
    return _view(order, sellers=None, host_id=actor.user_id)


def _in_reach(actor: Actor) -> ColumnElement[bool]:
    if actor.is_operator:
        return Order.id.is_not(None)
    reach = Order.buyer_id == actor.user_id
    if own := actor.cooperatives():
        reach |= exists().where(OrderPart.order_id == Order.id, OrderPart.cooperative_id.in_(own))
    if actor.is_host:
        reach |= exists().where(OrderLine.order_id == Order.id, OrderLine.host_id == actor.user_id)
    return reach


def of_buyer(buyer_id: int | None) -> Select[Order]:
    """A buyer's orders, to be paged by (created_at, id) or by id."""
    return select(Order).where(Order.buyer_id == buyer_id)


def of_cooperatives(cooperative_ids: Sequence[int]) -> Select[Order]:
    """Orders with lines of these cooperatives that have been paid or are about to be.

    Those of one cooperative are joined, so that its own index gives them in the order of pages.
    """
    if len(cooperative_ids) == 1:
        own = OrderPart.cooperative_id == cooperative_ids[0]
        return select(Order).join(OrderPart, OrderPart.order_id == Order.id).where(own)
    parts = select(OrderPart.order_id).where(OrderPart.cooperative_id.in_(cooperative_ids))
    return select(Order).where(Order.id.in_(parts))


def everyone() -> Select[Order]:
    """Every order, for the operator."""
    return select(Order)


def views(orders: Sequence[Order], *, sellers: set[int] | None = None) -> list[OrderView]:
    """Views of a page of orders in a constant number of queries."""
    known = _Known.of([order.id for order in orders])
    return [_build(order, known, sellers=sellers, host_id=None) for order in orders]


def view_of(order: Order) -> OrderView:
    """The whole of an order at hand."""
    return _view(order, sellers=None)


def _view(order: Order, *, sellers: set[int] | None, host_id: int | None = None) -> OrderView:
    return _build(order, _Known.of([order.id]), sellers=sellers, host_id=host_id)


@dataclass(frozen=True, kw_only=True)
class _Known:
    """What hangs on a page of orders, read at once."""

    sellers: dict[int, Cooperative]
    shipments: dict[int, list[Shipment]]
    payments: dict[int, list[Payment]]
    refunds: dict[int, list[Refund]]
    history: dict[int, list[OrderHistory]]

    @classmethod
    def of(cls, ids: Sequence[int]) -> "_Known":
        sellers = select(OrderPart.cooperative_id).where(OrderPart.order_id.in_(ids))
        return cls(
            sellers={
                seller.id: seller
                for seller in db.session.scalars(
                    select(Cooperative).where(Cooperative.id.in_(sellers))
                )
            },
            shipments=_grouped(select(Shipment).where(Shipment.order_id.in_(ids))),
            payments=_grouped(select(Payment).where(Payment.order_id.in_(ids))),
            refunds=_grouped(select(Refund).where(Refund.order_id.in_(ids))),
            history=_grouped(select(OrderHistory).where(OrderHistory.order_id.in_(ids))),
        )


def _grouped(query: Select[Any]) -> dict[int, list[Any]]:
    found: dict[int, list[Any]] = {}
    rows = db.session.scalars(query.execution_options(populate_existing=True))
    for row in sorted(rows, key=lambda row: row.id):
        found.setdefault(row.order_id, []).append(row)
    return found


def _build(
    order: Order, known: _Known, *, sellers: set[int] | None, host_id: int | None
) -> OrderView:
    lines = [line for line in order.lines if sellers is None or line.cooperative_id in sellers]
    if host_id is not None:
        lines = [line for line in lines if line.host_id == host_id]
    whole = sellers is None and host_id is None
    parts = [part for part in order.parts if sellers is None or part.cooperative_id in sellers]
    goods = sum(line.total_fen for line in lines)
    freight = order.freight_fen if whole else sum(part.freight_fen for part in parts)
    if host_id is not None:
        freight = 0
    discount = order.discount_fen if whole else 0
    return OrderView(
        id=order.id,
        number=order.number,
        buyer_id=order.buyer_id,
        status=str(order.status),
        cancel_reason=str(order.cancel_reason) if order.cancel_reason else None,
        lines=tuple(_line(line, known.sellers[line.cooperative_id]) for line in lines),
        goods_fen=goods,
        discount_fen=discount,
        freight_fen=freight,
        total_fen=goods - discount + freight,
        ship_to=_ship_to(order) if whole or (sellers and order.paid_at) else None,
        note=order.note if host_id is None else None,
        source=order.source,
        seller_of_record=order.seller_of_record,
        ship_by=max((part.ship_by for part in parts), default=order.ship_by),
        expires_at=order.expires_at,
        created_at=order.created_at,
        paid_at=order.paid_at,
        completed_at=order.completed_at,
        version=order.version,
        shipments=_shown(known.shipments.get(order.id, []), sellers, host_id),
        payments=tuple(known.payments.get(order.id, [])) if whole else (),
        refunds=()
        if host_id is not None
        else order_refunds.shown(order, known.refunds.get(order.id, []), sellers=sellers),
        history=tuple(known.history.get(order.id, [])),
        whole=whole,
        consents=tuple(order.consents),
    )


def _shown(
    shipments: Sequence[Shipment], sellers: set[int] | None, host_id: int | None
) -> tuple[Shipment, ...]:
    if host_id is not None:
        return ()
    return tuple(s for s in shipments if sellers is None or s.cooperative_id in sellers)


def _line(line: OrderLine, seller: Cooperative) -> LineView:
    page = line.snapshot
    return LineView(
        id=line.id,
        sku=line.sku,
        title=line.title,
        variant=page["variant"],
        unit=page["unit"],
        quantity=line.quantity,
        unit_price_fen=line.unit_price_fen,
        total_fen=line.total_fen,
        weight_grams=line.weight_grams,
        cooperative_id=seller.id,
        cooperative=seller.slug,
        cooperative_name=seller.name,
        live_session_id=line.live_session_id,
        shipped=line.shipped,
        cancelled=line.cancelled,
        refunded=line.refunded,
        refunded_fen=line.refunded_fen,
        slug=page["slug"],
        picture=next(iter(page["pictures"]), None),
        after_sale=page["after_sale"],
        snapshot=page,
    )


def _ship_to(order: Order) -> ShipTo:
    return ShipTo(
        name=order.ship_name,
        phone=order.ship_phone,
        region_code=order.ship_region_code,
        region=order.ship_region,
        street=order.ship_street,
    )


def payment_of(payment_id: int, actor: Actor) -> tuple[Payment, Order]:
    """A payment of the caller's own order; raises ``NotFound``."""
    row = db.session.execute(
        select(Payment, Order)
        .join(Order, Order.id == Payment.order_id)
        .where(Payment.id == payment_id, Order.buyer_id == actor.user_id)
        .options(lazyload(Order.lines), lazyload(Order.parts))
        .execution_options(populate_existing=True)
    ).first()
    if row is None:
        raise NotFound
    return row[0], row[1]
