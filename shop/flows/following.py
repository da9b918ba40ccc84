"""How orders and the work queue follow parcels; every function runs inside a transaction."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from shop.domain.compliance import queries as task_queries
from shop.domain.compliance import service as tasks
from shop.domain.compliance.states import TaskKind, TaskStatus
from shop.domain.logistics import carriers, queries
from shop.domain.logistics import service as logistics
from shop.domain.logistics.carriers import UnknownCarrier
from shop.domain.logistics.couriers.base import CourierEvent, CourierPush
from shop.domain.logistics.models import Shipment
from shop.domain.logistics.states import Concern, ShipmentStatus
from shop.domain.orders import service as orders
from shop.domain.orders.models import Order
from shop.domain.orders.states import OrderStatus
from shop.domain.outbox.states import InboxStatus
from shop.kernel.actor import CARRIER, Actor

LOOK_WITHIN = timedelta(hours=24)
NUMBER_USED_AGAIN_AFTER = timedelta(days=60)
"""Carriers give a number to another parcel later; its story is not the first parcel's."""
RETURN = "coming_back"
COMING_BACK = frozenset({ShipmentStatus.REFUSED, ShipmentStatus.RETURNING, ShipmentStatus.RETURNED})
SETTLED = frozenset({ShipmentStatus.DELIVERED, ShipmentStatus.RETURNED})


@dataclass(frozen=True, kw_only=True)
class Told:
    """What became of a carrier's report."""

    status: InboxStatus
    reason: str | None = None


def tell_story(push: CourierPush, *, source: str, now: datetime) -> Told:
    """Apply a carrier's report to the one parcel with its number, or say why it must wait."""
    if not push.waybill_no:
        return Told(status=InboxStatus.IGNORED, reason="about no parcel")
    try:
        carrier = carriers.find(push.carrier_code).code
    except UnknownCarrier:
        return Told(status=InboxStatus.PARKED, reason="unknown carrier")
    found = queries.by_waybill(carrier, push.waybill_no)
    if found is None:
        return Told(status=InboxStatus.PARKED, reason="no parcel has this number")
    order = orders.locked(found.order_id)
    parcel = logistics.locked(found.id)
    if _is_later_parcel(parcel, push.events):
        return Told(status=InboxStatus.PARKED, reason="the number was used again")
    hear(order, parcel, push.events, source=source, actor=CARRIER, now=now)
    return Told(status=InboxStatus.APPLIED)


def _is_later_parcel(parcel: Shipment, events: tuple[CourierEvent, ...]) -> bool:
    """Whether a story begins long after this parcel's ended."""
    ended = parcel.status in SETTLED and parcel.status_at > parcel.created_at
    return (
        ended
        and bool(events)
        and (events[-1].occurred_at > parcel.status_at + NUMBER_USED_AGAIN_AFTER)
    )


def hear(
    order: Order,
    parcel: Shipment,
    events: tuple[CourierEvent, ...],
    *,
    source: str,
    actor: Actor,
    now: datetime,
) -> None:
    """Add events to a locked parcel of a locked order; the order and the work queue follow."""
    heard = logistics.hear(parcel, events, source=source, now=now)
    for worry, code in heard.concerns:
        if worry is not Concern.STALLED or is_fresh(order, parcel):
            told = [event.text for event in events if event.code == code]
            _ask(order, parcel, str(worry), told, now=now)
    if heard.status in COMING_BACK:
        told = [event.text for event in events if event.status is heard.status]
        _ask(order, parcel, RETURN, told, now=now)
    elif heard.status is ShipmentStatus.DELIVERED:
        tasks.close_task(_task_key(parcel, RETURN), actor=actor, note=None, now=now)
    parcels_moved(order, actor=actor, now=now)


def parcels_moved(order: Order, *, actor: Actor, now: datetime) -> None:
    """Move a shipped order to delivered once every parcel has arrived, and set its clock."""
    if order.status not in {OrderStatus.SHIPPED, OrderStatus.DELIVERED}:
        return
    parcels = queries.of_order(order.id)
    if order.status is OrderStatus.SHIPPED:
        if not queries.all_delivered(parcels):
            return
        orders.move(order, OrderStatus.DELIVERED, actor=actor, now=now)
    orders.start_clock(order, _clock(parcels))


def _clock(parcels: Sequence[Shipment]) -> datetime | None:
    """Since when a delivered order waits to be confirmed.

    ``None`` while a parcel waits in a locker or station (Kuaidi100 304), and while one is on its
    way back and nobody has decided what becomes of it; from that decision the time runs anew.
    """
    returns = task_queries.by_keys([_task_key(parcel, RETURN) for parcel in parcels])
    if any(task.status is TaskStatus.OPEN for task in returns.values()):
        return None
    kept = [
        p for p in parcels if p.status not in COMING_BACK or _task_key(p, RETURN) not in returns
    ]
    arrived = queries.clock_starts(kept)
    if arrived is None and queries.alive(kept):
        return None
    since = [arrived, *(task.done_at for task in returns.values())]
    return max((at for at in since if at is not None), default=None)


def returns_given_back(order: Order, *, actor: Actor, now: datetime) -> None:
    """What comes back is decided once every unit of it has been paid back."""
    parcels = [p for p in queries.of_order(order.id) if p.status in COMING_BACK]
    coming: dict[int, int] = defaultdict(int)
    for parcel in parcels:
        for line in parcel.lines:
            coming[line.order_line_id] += line.quantity
    paid_back = {line.id: line.refunded - line.cancelled for line in order.lines}
    for parcel in parcels:
        if all(paid_back[x.order_line_id] >= coming[x.order_line_id] for x in parcel.lines):
            tasks.close_task(_task_key(parcel, RETURN), actor=actor, note="refund", now=now)


def is_fresh(order: Order, parcel: Shipment) -> bool:
    """Whether something in the parcel was sold as perishable."""
    inside = {line.order_line_id for line in parcel.lines}
    return any(
        line.snapshot.get("after_sale") == "perishable" for line in order.lines if line.id in inside
    )


def _ask(order: Order, parcel: Shipment, what: str, told: Sequence[str], *, now: datetime) -> None:
    """One task for a parcel and a trouble, however often it is reported (FAULTS 65)."""
    stalled = what in {Concern.STALLED, Concern.LEFT_AT_PICKUP}
    tasks.open_task(
        TaskKind.LATE_PARCEL if stalled else TaskKind.CLAIM,
        dedupe_key=_task_key(parcel, what),
        ref=f"order:{order.number}",
        summary=" · ".join([order.number, f"{parcel.carrier} {parcel.waybill_no}", *told[-1:]]),
        cooperative_id=parcel.cooperative_id,
        due_at=now + LOOK_WITHIN,
        now=now,
    )


def _task_key(parcel: Shipment, what: str) -> str:
    return f"parcel:{parcel.id}:{what}"
