"""Handing parcels over, and writing down what no carrier reports."""

from typing import Any

import marshmallow as ma

from shop.domain.logistics.states import ShipmentStatus
from shop.flows import shipping, tracking
from shop.reads import parcels as reads
from shop.tools import tools
from shop.web.api.order_schemas import ShipmentOut, show_shipment
from shop.web.api.resource import ApiBlueprint
from shop.web.api.schemas import Sku, StrictSchema, Text, Utc, Whole
from shop.web.who import cooperative, me

bp = ApiBlueprint("shipments", __name__, description="Parcels of cooperatives.")


class ShipmentLineIn(StrictSchema):
    """Units of a line that go into the parcel."""

    sku = Sku(required=True)
    quantity = Whole(1, 999, required=True)


class ShipmentIn(StrictSchema):
    """``carrier`` by code, name or alias; without ``lines`` all that is left to send."""

    carrier = Text(1, 64, required=True)
    waybill_no = Text(1, 64, required=True)
    lines = ma.fields.List(
        ma.fields.Nested(ShipmentLineIn),
        load_default=None,
        allow_none=True,
        validate=ma.validate.Length(min=1, max=50),
    )


class EventIn(StrictSchema):
    """What happened to the parcel, now unless said otherwise."""

    status = ma.fields.String(
        required=True, validate=ma.validate.OneOf([str(status) for status in ShipmentStatus])
    )
    note = Text(0, 200, load_default=None, allow_none=True)
    occurred_at = Utc(load_default=None, allow_none=True)


@bp.post("/orders/<number:number>/shipments")
@cooperative("keeper")
@bp.arguments(ShipmentIn)
@bp.response(201, ShipmentOut)
def hand_over(body: dict[str, Any], number: str) -> dict[str, Any]:
    """Hand goods of one's own cooperative to a carrier; the same again gives the same parcel."""
    lines = body["lines"]
    shipment_id = shipping.hand_over(
        actor=me(),
        number=number,
        carrier=body["carrier"],
        waybill_no=body["waybill_no"],
        lines=None if lines is None else [(line["sku"], line["quantity"]) for line in lines],
        now=tools().clock(),
        subscribe=tools().couriers.subscription is not None,
    )
    return show_shipment(*reads.parcel(shipment_id))


@bp.post("/orders/<number:number>/shipments/<id:shipment_id>/events")
@cooperative("keeper")
@bp.arguments(EventIn)
@bp.response(201, ShipmentOut)
def record_event(body: dict[str, Any], number: str, shipment_id: int) -> dict[str, Any]:
    """Write down an event by hand; the parcel and its order follow."""
    tracking.record_event(
        actor=me(),
        number=number,
        shipment_id=shipment_id,
        status=ShipmentStatus(body["status"]),
        note=body["note"],
        occurred_at=body["occurred_at"],
        now=tools().clock(),
    )
    return show_shipment(*reads.parcel(shipment_id))
