"""What happens to parcels on their way: told by carriers, written by hand, or noticed missing."""

import logging
from collections.abc import Set as AbstractSet
from datetime import datetime, timedelta

from sqlalchemy import Select, select

from shop.db import db, transactional
from shop.domain.compliance import service as tasks
from shop.domain.compliance.states import TaskKind
from shop.domain.logistics import queries
from shop.domain.logistics import service as logistics
from shop.domain.logistics.couriers import hand
from shop.domain.logistics.couriers.base import CourierPush
from shop.domain.logistics.models import Shipment
from shop.domain.logistics.states import ShipmentStatus
from shop.domain.orders import queries as order_queries
from shop.domain.orders import service as orders
from shop.domain.orders.models import Order, OrderPart
from shop.domain.orders.states import OrderStatus
from shop.domain.outbox import inbox
from shop.domain.outbox.models import InboxEvent
from shop.domain.outbox.states import InboxStatus
from shop.flows import following, parked
from shop.flows.shipping import SEAT, SHIPPABLE, late_key
from shop.kernel.actor import CARRIER, SYSTEM, Actor
from shop.kernel.clock import SHANGHAI
from shop.kernel.errors import IllegalMove, NotFound
from shop.reads.parcels import unsent

AT_STATION_FOR = timedelta(days=7)
LOOK_WITHIN = timedelta(hours=24)

log = logging.getLogger(__name__)


@transactional
def record_event(
    *,
    actor: Actor,
    number: str,
    shipment_id: int,
    status: ShipmentStatus,
    note: str | None,
    occurred_at: datetime | None,
    now: datetime,
) -> int:
    """Write down by hand what no carrier reports; the same again changes nothing.

    Raises ``NotFound`` for another cooperative's parcel, ``Invalid`` for a time to come and
    ``IllegalMove`` for a parcel whose hand-over was undone.
    """
    order = orders.locked(order_queries.by_number(number).id)
    found = queries.shipment(
        shipment_id, order_id=order.id, cooperative_ids=actor.cooperatives(SEAT)
    )
    if found is None:
        raise NotFound
    event = hand.record(status, note=note or "", occurred_at=occurred_at, now=now)
    parcel = logistics.locked(found.id)
    if parcel.undone:
        raise IllegalMove("this hand-over was undone")
    following.hear(order, parcel, (event,), source="hand", actor=actor, now=now)
    return parcel.id


def hear_push(push: CourierPush, *, param: str, now: datetime) -> None:
    """Store one verified report of Kuaidi100, then apply it; told again, it changes nothing.

    Stored first and alone: what cannot be applied now is kept and tried again by a job.
    """
    event_id = _store(push, param=param, now=now)
    if event_id is not None:
        _try(event_id, now=now)


@transactional
def _store(push: CourierPush, *, param: str, now: datetime) -> int | None:
    return inbox.store(
        parked.SOURCE,
        push.fingerprint,
        type_=parked.label_of(push),
        payload={"param": param},
        now=now,
    )


def _try(event_id: int, *, now: datetime) -> bool:
    try:
        return apply_report(event_id, now=now) is InboxStatus.APPLIED
    except Exception as error:
        log.warning("report %s could not be applied", event_id, exc_info=True)
        _count_failure(event_id, reason=f"{type(error).__name__}: {error}", now=now)
        return False


@transactional
def apply_report(event_id: int, *, now: datetime) -> InboxStatus | None:
    """Apply one stored report; ``None`` when it was applied before."""
    event = inbox.begin(event_id)
    if event is None:
        return None
    told = following.tell_story(parked.read(event.payload), source=parked.SOURCE, now=now)
    parked.settle(event, told, now=now)
    return told.status


@transactional
def _count_failure(event_id: int, *, reason: str, now: datetime) -> None:
    if inbox.count_failure(event_id, reason=reason, now=now):
        tasks.open_task(
            TaskKind.PARKED_EVENT,
            dedupe_key=f"inbox:{event_id}",
            ref=f"inbox:{event_id}",
            summary=reason,
            due_at=now + LOOK_WITHIN,
            now=now,
        )


def apply_waiting(now: datetime) -> int:
    """Apply what was stored and not applied, as after a crash; gives how many there were."""
    waiting = db.session.scalars(
        select(InboxEvent.id)
        .where(InboxEvent.source == parked.SOURCE, InboxEvent.status == InboxStatus.RECEIVED)
        .order_by(InboxEvent.received_at)
        .limit(500)
    ).all()
    return sum(_try(event_id, now=now) for event_id in waiting)


@transactional
def hear_answer(shipment_id: int, push: CourierPush, *, now: datetime) -> None:
    """Apply what a carrier answered when it was asked about a parcel."""
    found = db.session.get(Shipment, shipment_id)
    if found is None:
        return
    order = orders.locked(found.order_id)
    parcel = logistics.locked(shipment_id)
    following.hear(order, parcel, push.events, source="query", actor=CARRIER, now=now)


def start_station_clocks(now: datetime) -> int:
    """A parcel left at a station a week ago with no word since counts as collected."""
    due = [parcel.id for parcel in queries.left_at_station(now - AT_STATION_FOR)]
    for shipment_id in due:
        _collect(shipment_id, now=now)
    return len(due)


@transactional
def _collect(shipment_id: int, *, now: datetime) -> None:
    order = orders.locked(db.session.get_one(Shipment, shipment_id).order_id)
    parcel = logistics.locked(shipment_id)
    if parcel.status is ShipmentStatus.DELIVERED:
        logistics.collected(parcel, at=now)
        following.parcels_moved(order, actor=SYSTEM, now=now)


def follow_parcels(now: datetime) -> int:
    """Take orders along with their parcels, whatever stopped that before; gives how many moved.

    A delivered order whose clock stands for a parcel that comes back is looked at until somebody
    has decided about it.
    """
    arrived = _with_parcel(OrderStatus.SHIPPED, {ShipmentStatus.DELIVERED})
    stopped = _with_parcel(OrderStatus.DELIVERED, following.COMING_BACK).where(
        Order.delivered_at.is_(None)
    )
    waiting = db.session.scalars(arrived.union_all(stopped).limit(500)).all()
    return sum(_follow(order_id, now=now) for order_id in waiting)


def _with_parcel(status: OrderStatus, parcels: AbstractSet[ShipmentStatus]) -> Select[int]:
    """Ids of orders in ``status`` with a parcel in one of ``parcels``."""
    named = select(Shipment.order_id).where(Shipment.status.in_(parcels))
    return select(Order.id).where(Order.status == status, Order.id.in_(named))


@transactional
def _follow(order_id: int, *, now: datetime) -> bool:
    order = orders.locked(order_id)
    before = (order.status, order.delivered_at)
    following.parcels_moved(order, actor=SYSTEM, now=now)
    return (order.status, order.delivered_at) != before


def find_late(now: datetime) -> int:
    """Open a task for every cooperative whose promised day has passed; gives how many are new."""
    late = db.session.execute(
        select(OrderPart.order_id, OrderPart.cooperative_id, OrderPart.ship_by, Order.number)
        .join(Order, Order.id == OrderPart.order_id)
        .where(Order.status.in_(SHIPPABLE), OrderPart.ship_by < now, unsent())
        .order_by(OrderPart.ship_by)
        .limit(500)
    ).all()
    return sum(
        _ask_for(row.order_id, row.cooperative_id, number=row.number, ship_by=row.ship_by, now=now)
        for row in late
    )


@transactional
def _ask_for(
    order_id: int, cooperative_id: int, *, number: str, ship_by: datetime, now: datetime
) -> bool:
    return (
        tasks.open_task(
            TaskKind.LATE_PARCEL,
            dedupe_key=late_key(order_id, cooperative_id),
            ref=f"order:{number}",
            summary=f"{number} · {ship_by.astimezone(SHANGHAI):%Y-%m-%d %H:%M}",
            cooperative_id=cooperative_id,
            due_at=now + LOOK_WITHIN,
            now=now,
        )
        is not None
    )
