"""Carriers' reports that came before their parcel; every function runs inside a transaction."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select

from shop.db import db
from shop.domain.compliance import service as tasks
from shop.domain.compliance.states import TaskKind
from shop.domain.logistics import carriers
from shop.domain.logistics.carriers import UnknownCarrier
from shop.domain.logistics.couriers.base import CourierPush
from shop.domain.logistics.couriers.kuaidi100 import read_result
from shop.domain.logistics.couriers.strict_json import read_object
from shop.domain.logistics.models import Shipment
from shop.domain.orders.models import Order
from shop.domain.outbox import inbox
from shop.domain.outbox.models import InboxEvent
from shop.domain.outbox.states import InboxStatus
from shop.flows.following import Told, tell_story
from shop.kernel.actor import CARRIER

SOURCE = "kuaidi100"
LOOK_WITHIN = timedelta(hours=24)


def label_of(push: CourierPush) -> str:
    """What a stored report is found by: carrier and number, the carrier by its own code."""
    try:
        carrier = carriers.find(push.carrier_code).code
    except UnknownCarrier:
        carrier = push.carrier_code
    return label(carrier, push.waybill_no)


def label(carrier: str, waybill_no: str) -> str:
    """``shunfeng:SF123``, at most 80 characters."""
    return f"{carrier}:{waybill_no}"[:80]


def read(payload: Mapping[str, Any]) -> CourierPush:
    """A stored report as it was understood when it came."""
    param = str(payload["param"])
    return read_result(read_object(param).get("lastResult"), raw=param)


def settle(event: InboxEvent, told: Told, *, now: datetime) -> None:
    """Write what became of a report; one that waits for its parcel is shown to a person."""
    inbox.close(event, told.status, reason=told.reason, now=now)
    if told.status is InboxStatus.PARKED:
        tasks.open_task(
            TaskKind.PARKED_EVENT,
            dedupe_key=_key(event.type),
            ref=f"inbox:{event.id}",
            summary=f"{event.type} · {told.reason}",
            due_at=now + LOOK_WITHIN,
            now=now,
        )
    elif told.status is InboxStatus.APPLIED:
        tasks.close_task(_key(event.type), actor=CARRIER, note=None, now=now)


def apply_to(order: Order, parcel: Shipment, *, now: datetime) -> None:
    """Hear what was reported of a parcel before it was registered (FAULTS 64)."""
    name = label(parcel.carrier, parcel.waybill_no)
    waiting = db.session.scalars(
        select(InboxEvent)
        .where(
            InboxEvent.source == SOURCE,
            InboxEvent.type == name,
            InboxEvent.status == InboxStatus.PARKED,
        )
        .order_by(InboxEvent.id)
        .with_for_update()
    ).all()
    for event in waiting:
        told = tell_story(read(event.payload), source=SOURCE, now=now)
        inbox.close(event, told.status, reason=told.reason, now=now)
    if waiting:
        db.session.refresh(order)
        db.session.refresh(parcel)
        tasks.close_task(_key(name), actor=CARRIER, note=order.number, now=now)


def _key(name: str) -> str:
    return f"parked:{SOURCE}:{name}"
