"""The shape of an order, as buyers, cooperatives and the operator read it."""

from typing import Any

import marshmallow as ma

from shop.domain.accounts import phones
from shop.domain.logistics import carriers
from shop.domain.logistics.models import Shipment
from shop.domain.orders.models import OrderHistory
from shop.domain.orders.states import OrderStatus
from shop.domain.payments.models import Payment
from shop.flows.drafting import Placed
from shop.kernel.clock import rfc3339
from shop.reads.order_refunds import RefundView
from shop.reads.orders import OrderView
from shop.reads.pricing import PricedLine
from shop.web.api.schemas import Fen, Grams, Phone, Utc, Whole


class LineOut(ma.Schema):
    """One line, at the price it was bought for."""

    sku = ma.fields.String(required=True)
    title = ma.fields.String(required=True)
    variant = ma.fields.String(required=True)
    unit = ma.fields.String(required=True)
    quantity = Whole(required=True)
    unit_price_fen = Fen(required=True)
    total_fen = Fen(required=True)
    weight_grams = Grams(required=True)
    cooperative = ma.fields.String(required=True)
    live_session_id = Whole(required=True, allow_none=True)
    shipped = Whole(required=True)
    cancelled = Whole(required=True)
    refunded = Whole(required=True)
    refunded_fen = Fen(required=True)
    snapshot = ma.fields.Dict(required=True)


class ShipToOut(ma.Schema):
    """Where the parcel goes."""

    name = ma.fields.String(required=True)
    phone = Phone(required=True)
    region_code = ma.fields.String(required=True)
    region = ma.fields.String(required=True)
    street = ma.fields.String(required=True)


class ShipmentEventOut(ma.Schema):
    """What a carrier or a hand reported."""

    status = ma.fields.String(required=True, allow_none=True)
    text = ma.fields.String(required=True)
    occurred_at = Utc(required=True)
    code = ma.fields.String(required=True, allow_none=True)


class ShipmentLineOut(ma.Schema):
    """Units in a parcel."""

    sku = ma.fields.String(required=True)
    quantity = Whole(required=True)


class ShipmentOut(ma.Schema):
    """One parcel of one cooperative."""

    id = Whole(required=True)
    cooperative = ma.fields.String(required=True)
    carrier = ma.fields.String(required=True)
    carrier_name = ma.fields.String(required=True)
    waybill_no = ma.fields.String(required=True)
    status = ma.fields.String(required=True)
    lines = ma.fields.List(ma.fields.Nested(ShipmentLineOut), required=True)
    events = ma.fields.List(ma.fields.Nested(ShipmentEventOut), required=True)


class PaymentOut(ma.Schema):
    """One attempt to pay."""

    id = Whole(required=True)
    gateway = ma.fields.String(required=True)
    method = ma.fields.String(required=True)
    status = ma.fields.String(required=True)
    amount_fen = Fen(required=True)
    created_at = Utc(required=True)


class RefundLineOut(ma.Schema):
    """What of which line is given back."""

    sku = ma.fields.String(required=True)
    quantity = Whole(required=True)
    amount_fen = Fen(required=True)


class RefundOut(ma.Schema):
    """Money owed back, and how far it has got."""

    id = Whole(required=True)
    status = ma.fields.String(required=True)
    amount_fen = Fen(required=True)
    freight_fen = Fen(required=True)
    reason = ma.fields.String(required=True)
    lines = ma.fields.List(ma.fields.Nested(RefundLineOut), required=True)
    created_at = Utc(required=True)


class HistoryOut(ma.Schema):
    """One step of the order's life."""

    from_ = ma.fields.String(required=True, allow_none=True, data_key="from")
    to = ma.fields.String(required=True)
    actor_role = ma.fields.String(required=True)
    at = Utc(required=True)
    reason = ma.fields.String(required=True, allow_none=True)


class OrderOut(ma.Schema):
    """An order, or the part of it that the caller may see; sums are of what is shown."""

    number = ma.fields.String(required=True)
    status = ma.fields.String(
        required=True, validate=ma.validate.OneOf([str(status) for status in OrderStatus])
    )
    cancel_reason = ma.fields.String(required=True, allow_none=True)
    lines = ma.fields.List(ma.fields.Nested(LineOut), required=True)
    goods_fen = Fen(required=True)
    discount_fen = Fen(required=True)
    freight_fen = Fen(required=True)
    total_fen = Fen(required=True)
    ship_to = ma.fields.Nested(ShipToOut, required=True, allow_none=True)
    note = ma.fields.String(required=True, allow_none=True)
    seller_of_record = ma.fields.String(required=True)
    ship_by = Utc(required=True)
    expires_at = Utc(required=True)
    created_at = Utc(required=True)
    shipments = ma.fields.List(ma.fields.Nested(ShipmentOut), required=True)
    payments = ma.fields.List(ma.fields.Nested(PaymentOut), required=True)
    refunds = ma.fields.List(ma.fields.Nested(RefundOut), required=True)
    history = ma.fields.List(ma.fields.Nested(HistoryOut), required=True)


def show(view: OrderView) -> dict[str, Any]:
    """A view as ``OrderOut`` dumps it."""
    slugs = {line.cooperative_id: line.cooperative for line in view.lines}
    skus = {line.id: line.sku for line in view.lines}
    return {
        **vars(view),
        "shipments": [show_shipment(s, slugs.get(s.cooperative_id, "")) for s in view.shipments],
        "payments": [show_payment(payment) for payment in view.payments],
        "refunds": [show_refund(refund, skus) for refund in view.refunds],
        "history": [_show_step(step) for step in view.history],
    }


def show_placed(placed: Placed) -> dict[str, Any]:
    """An order just placed as ``OrderOut`` writes it, ready to be sent.

    A crowd waits for this answer, so it goes past the schema; it says what ``show`` says of the
    order once it is read.
    """
    quote, ship_to = placed.quote, placed.request.ship_to
    return {
        "number": placed.number,
        "status": str(OrderStatus.PENDING_PAYMENT),
        "cancel_reason": None,
        "lines": [_show_new_line(line) for line in quote.lines],
        "goods_fen": quote.goods_fen,
        "discount_fen": quote.discount_fen,
        "freight_fen": quote.freight_fen,
        "total_fen": quote.total_fen,
        "ship_to": {
            "name": ship_to.name,
            "phone": phones.national(ship_to.phone),
            "region_code": ship_to.region_code,
            "region": placed.region,
            "street": ship_to.street,
        },
        "note": placed.request.note,
        "seller_of_record": placed.seller_of_record,
        "ship_by": rfc3339(quote.ship_by),
        "expires_at": rfc3339(placed.expires_at),
        "created_at": rfc3339(placed.created_at),
        "shipments": [],
        "payments": [],
        "refunds": [],
        "history": [
            {
                "from": None,
                "to": str(OrderStatus.PENDING_PAYMENT),
                "actor_role": "buyer",
                "at": rfc3339(placed.created_at),
                "reason": None,
            }
        ],
    }


def _show_new_line(line: PricedLine) -> dict[str, Any]:
    return {
        "sku": line.sku,
        "title": line.title,
        "variant": line.variant_name,
        "unit": line.unit,
        "quantity": line.quantity,
        "unit_price_fen": line.unit_price_fen,
        "total_fen": line.total_fen,
        "weight_grams": line.weight_grams,
        "cooperative": line.cooperative_slug,
        "live_session_id": line.live_session_id,
        "shipped": 0,
        "cancelled": 0,
        "refunded": 0,
        "refunded_fen": 0,
        "snapshot": line.snapshot,
    }


def show_shipment(shipment: Shipment, cooperative: str) -> dict[str, Any]:
    """A parcel as ``ShipmentOut`` dumps it."""
    return {
        "id": shipment.id,
        "cooperative": cooperative,
        "carrier": shipment.carrier,
        "carrier_name": carriers.find(shipment.carrier).name,
        "waybill_no": shipment.label,
        "status": str(shipment.status),
        "lines": shipment.lines,
        "events": [
            {
                "status": str(event.status) if event.status else None,
                "text": event.text,
                "occurred_at": event.occurred_at,
                "code": event.code,
            }
            for event in shipment.events
        ],
    }


def show_payment(payment: Payment) -> dict[str, Any]:
    """A payment as ``PaymentOut`` dumps it."""
    return {
        "id": payment.id,
        "gateway": payment.gateway,
        "method": payment.method,
        "status": str(payment.status),
        "amount_fen": payment.amount_fen,
        "created_at": payment.created_at,
    }


def show_refund(refund: RefundView, skus: dict[int, str]) -> dict[str, Any]:
    """A refund as ``RefundOut`` dumps it."""
    return {
        "id": refund.id,
        "status": refund.status,
        "amount_fen": refund.amount_fen,
        "freight_fen": refund.freight_fen,
        "reason": refund.reason,
        "lines": [
            {
                "sku": skus[line.order_line_id],
                "quantity": line.quantity,
                "amount_fen": line.amount_fen,
            }
            for line in refund.lines
        ],
        "created_at": refund.created_at,
    }


def _show_step(step: OrderHistory) -> dict[str, Any]:
    return {
        "from_": step.from_status,
        "to": step.to_status,
        "actor_role": step.actor_role,
        "at": step.at,
        "reason": step.reason,
    }
