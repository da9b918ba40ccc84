"""Verbs of a parcel: registered once a waybill, moved only forward by what is reported."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from shop.db import db, insert_into
from shop.domain.logistics.couriers.base import CourierEvent, digest
from shop.domain.logistics.models import FREED, UNDONE, Shipment, ShipmentEvent, ShipmentLine
from shop.domain.logistics.states import (
    Concern,
    ShipmentStatus,
    advance,
    concern,
    starts_clock,
)
from shop.kernel.errors import DomainError, IllegalMove

MAX_LABEL = 40


class WaybillTaken(DomainError):
    """This waybill number is on another parcel already; says nothing about whose."""

    code = "conflict"


@dataclass(frozen=True, kw_only=True)
class Packed:
    """Units of one order line that go into a parcel."""

    order_line_id: int
    sku: str
    quantity: int


@dataclass(frozen=True, kw_only=True)
class Heard:
    """What some reports led to; ``concerns`` with their codes."""

    status: ShipmentStatus
    concerns: tuple[tuple[Concern, str], ...]


def register(
    *,
    order_id: int,
    cooperative_id: int,
    carrier: str,
    waybill_no: str,
    lines: Sequence[Packed],
    actor_id: int | None,
    now: datetime,
) -> Shipment:
    """Write a parcel and what is in it; raises ``WaybillTaken``.

    Until something is reported ``status_at`` equals ``created_at``.
    """
    fresh = (
        insert_into(Shipment)
        .values(
            order_id=order_id,
            cooperative_id=cooperative_id,
            carrier=carrier,
            waybill_no=waybill_no,
            status=ShipmentStatus.LABEL_CREATED,
            status_at=now,
            handed_over_by=actor_id,
            created_at=now,
        )
        .on_conflict_do_nothing(index_elements=[Shipment.carrier, Shipment.waybill_no])
        .returning(Shipment.id)
    )
    shipment_id: int | None = db.session.scalar(fresh)
    if shipment_id is None:
        raise WaybillTaken("this waybill is on another parcel", waybill_no=waybill_no)
    db.session.add_all(
        ShipmentLine(
            shipment_id=shipment_id,
            order_line_id=line.order_line_id,
            sku=line.sku,
            quantity=line.quantity,
        )
        for line in lines
    )
    db.session.flush()
    return locked(shipment_id)


def locked(shipment_id: int) -> Shipment:
    """The parcel as it is now, ours until the transaction ends."""
    return db.session.scalars(
        select(Shipment)
        .where(Shipment.id == shipment_id)
        .with_for_update(of=Shipment)
        .execution_options(populate_existing=True)
    ).one()


def hear(
    shipment: Shipment, events: Iterable[CourierEvent], *, source: str, now: datetime
) -> Heard:
    """Add reports to a locked parcel, the same whatever their order and however often they come.

    A line told before adds no row and still moves the status, since a carrier may tell the code of
    a line only when it repeats it. A hand-over that was undone hears nothing.
    """
    if shipment.undone:
        return Heard(status=shipment.status, concerns=())
    concerns: list[tuple[Concern, str]] = []
    was, since = _reported(shipment)
    status, status_at, delivered_at = was, since, shipment.delivered_at
    for event in events:
        _keep(shipment.id, event, source=source, now=now)
        status, status_at = advance(status, status_at, event.status, event.occurred_at)
        if starts_clock(event.status, event.code):
            delivered_at = min(delivered_at or event.occurred_at, event.occurred_at)
        worry = concern(event.code)
        if worry is not None and event.code is not None:
            concerns.append((worry, event.code))
    moved = (status, status_at, delivered_at) != (was, since, shipment.delivered_at)
    if moved and status is not None and status_at is not None:
        _set(shipment, status=status, status_at=status_at, delivered_at=delivered_at)
    db.session.refresh(shipment)
    return Heard(status=shipment.status, concerns=tuple(concerns))


def collected(shipment: Shipment, *, at: datetime) -> None:
    """Start the after-sale clock of a parcel signed for by a station and never seen again."""
    if shipment.delivered_at is None:
        _set(shipment, status=shipment.status, status_at=shipment.status_at, delivered_at=at)
        db.session.refresh(shipment)


def correct(shipment: Shipment, *, carrier: str, waybill_no: str) -> None:
    """Change a mistyped number of a locked parcel that nobody has reported on.

    Raises ``WaybillTaken`` and, once there are reports, ``IllegalMove``.
    """
    if shipment.events:
        raise IllegalMove("this parcel has reports already")
    try:
        with db.session.begin_nested():
            shipment.carrier, shipment.waybill_no = carrier, waybill_no
    except IntegrityError as error:
        raise WaybillTaken("this waybill is on another parcel", waybill_no=waybill_no) from error


def undo(shipment: Shipment, *, now: datetime) -> None:
    """End a locked parcel that never left; its number may be used again.

    Raises ``IllegalMove`` once there are reports.
    """
    if shipment.events:
        raise IllegalMove("this parcel has reports already")
    ended = CourierEvent(
        occurred_at=now,
        text="",
        code=None,
        status=ShipmentStatus.VOID,
        fingerprint=digest(UNDONE),
    )
    _keep(shipment.id, ended, source=UNDONE, now=now)
    shipment.status, shipment.status_at = ShipmentStatus.VOID, now
    shipment.waybill_no = f"{shipment.waybill_no}{FREED}{shipment.id}"[-MAX_LABEL:]
    db.session.flush()
    db.session.refresh(shipment)


def _reported(shipment: Shipment) -> tuple[ShipmentStatus | None, datetime | None]:
    """Status and time as reported; before the first report there is neither.

    Otherwise a parcel whose pick-up the carrier saw before we wrote it down would not move.
    """
    untouched = (
        shipment.status is ShipmentStatus.LABEL_CREATED
        and shipment.status_at == shipment.created_at
    )
    return (None, None) if untouched else (shipment.status, shipment.status_at)


def _keep(shipment_id: int, event: CourierEvent, *, source: str, now: datetime) -> None:
    db.session.execute(
        insert_into(ShipmentEvent)
        .values(
            shipment_id=shipment_id,
            status=event.status,
            code=event.code,
            text=event.text,
            source=source,
            fingerprint=event.fingerprint,
            occurred_at=event.occurred_at,
            received_at=now,
        )
        .on_conflict_do_nothing(
            index_elements=[ShipmentEvent.shipment_id, ShipmentEvent.fingerprint]
        )
    )


def _set(
    shipment: Shipment,
    *,
    status: ShipmentStatus,
    status_at: datetime,
    delivered_at: datetime | None,
) -> None:
    db.session.execute(
        update(Shipment)
        .where(Shipment.id == shipment.id)
        .values(status=status, status_at=status_at, delivered_at=delivered_at)
        .execution_options(synchronize_session=False)
    )
