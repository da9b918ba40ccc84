"""What the shop holds about one buyer's orders, as plain JSON values; fen and UTC."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import select

from shop.db import db
from shop.domain.accounts.phones import national
from shop.domain.logistics.models import Shipment
from shop.domain.orders.models import Order
from shop.domain.payments.models import Payment, Refund
from shop.kernel.clock import rfc3339


def orders_of(user_id: int) -> list[dict[str, Any]]:
    """Every order with what was agreed, paid, given back and sent."""
    orders = list(
        db.session.scalars(select(Order).where(Order.buyer_id == user_id).order_by(Order.id))
    )
    payments, refunds, parcels = (
        _of_orders(table, orders) for table in (Payment, Refund, Shipment)
    )
    return [
        _order(order)
        | {
            "payments": [_payment(row) for row in payments[order.id]],
            "refunds": [_refund(row) for row in refunds[order.id]],
            "parcels": [_parcel(row) for row in parcels[order.id]],
        }
        for order in orders
    ]


def _of_orders(table: Any, orders: Iterable[Order]) -> dict[int, list[Any]]:
    found = defaultdict(list)
    ids = [order.id for order in orders]
    for row in db.session.scalars(select(table).where(table.order_id.in_(ids)).order_by(table.id)):
        found[row.order_id].append(row)
    return found


def _time(at: datetime | None) -> str | None:
    return rfc3339(at) if at else None


def _order(row: Order) -> dict[str, Any]:
    return {
        "number": row.number,
        "status": str(row.status),
        "created_at": rfc3339(row.created_at),
        "ship_to": {
            "name": row.ship_name,
            "phone": national(row.ship_phone),
            "region_code": row.ship_region_code,
            "region": row.ship_region,
            "street": row.ship_street,
        },
        "note": row.note,
        "source": row.source,
        "consents": row.consents,
        "seller_of_record": row.seller_of_record,
        "goods_fen": row.goods_fen,
        "discount_fen": row.discount_fen,
        "freight_fen": row.freight_fen,
        "total_fen": row.total_fen,
        "lines": [
            {
                "sku": line.sku,
                "title": line.title,
                "quantity": line.quantity,
                "unit_price_fen": line.unit_price_fen,
                "total_fen": line.total_fen,
            }
            for line in row.lines
        ],
    }


def _payment(row: Payment) -> dict[str, Any]:
    return {
        "gateway": row.gateway,
        "method": row.method,
        "status": str(row.status),
        "amount_fen": row.amount_fen,
        "provider_id": row.provider_id,
        "created_at": rfc3339(row.created_at),
        "captured_at": _time(row.captured_at),
    }


def _refund(row: Refund) -> dict[str, Any]:
    return {
        "status": str(row.status),
        "amount_fen": row.amount_fen,
        "freight_fen": row.freight_fen,
        "reason": row.reason,
        "created_at": rfc3339(row.created_at),
        "settled_at": _time(row.settled_at),
    }


def _parcel(row: Shipment) -> dict[str, Any]:
    return {
        "carrier": row.carrier,
        "waybill_no": row.waybill_no,
        "status": str(row.status),
        "created_at": rfc3339(row.created_at),
        "delivered_at": _time(row.delivered_at),
        "lines": [{"sku": line.sku, "quantity": line.quantity} for line in row.lines],
        "events": [{"text": one.text, "at": rfc3339(one.occurred_at)} for one in row.events],
    }
