"""Subscribing to a parcel's story at its reporter, once its label can no longer change."""

import logging
from dataclasses import dataclass
from typing import Protocol

from shop.db import db
from shop.domain.accounts import phones
from shop.domain.logistics import carriers
from shop.domain.logistics.carriers import Carrier, UnknownCarrier
from shop.domain.logistics.models import Shipment
from shop.domain.logistics.queries import OVER
from shop.domain.orders.models import Order

log = logging.getLogger(__name__)


class Subscription(Protocol):
    """Who reports what happens to a parcel."""

    def subscribe(self, carrier: Carrier, *, waybill_no: str, phone: str) -> bool:
        """Whether the parcel will be reported."""
        ...


@dataclass(frozen=True, kw_only=True)
class _Label:
    """One parcel in plain values; ``phone`` is the receiver's."""

    carrier: Carrier
    waybill_no: str
    phone: str


def subscribe(shipment_id: int, *, reporter: Subscription | None) -> bool:
    """Ask for reports of a parcel under way; called again, it asks again, which is no harm.

    ``False``: nobody reports, the parcel's story is over, or this number is not followed. Raises
    what the reporter raises.
    """
    label = None if reporter is None else _label(shipment_id)
    db.session.rollback()
    if reporter is None or label is None:
        return False
    taken = reporter.subscribe(label.carrier, waybill_no=label.waybill_no, phone=label.phone)
    if not taken:
        log.info("parcel %s is not followed by its reporter", shipment_id)
    return taken


def _label(shipment_id: int) -> _Label | None:
    parcel = db.session.get(Shipment, shipment_id, populate_existing=True)
    if parcel is None or parcel.delivered_at is not None or parcel.status in OVER:
        return None
    order = db.session.get_one(Order, parcel.order_id)
    try:
        carrier = carriers.find(parcel.carrier)
    except UnknownCarrier:
        return None
    return _Label(
        carrier=carrier,
        waybill_no=parcel.waybill_no,
        phone=phones.national(order.ship_phone),
    )
