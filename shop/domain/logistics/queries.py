"""Nouns of parcels."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select

from shop.db import db
from shop.domain.logistics.models import Shipment
from shop.domain.logistics.states import ShipmentStatus

OVER = (ShipmentStatus.RETURNED, ShipmentStatus.VOID)


def of_order(order_id: int, *, cooperative_ids: Sequence[int] | None = None) -> list[Shipment]:
    """The parcels of an order, the oldest first; narrowed to some cooperatives' own."""
    query = (
        select(Shipment)
        .where(Shipment.order_id == order_id)
        .order_by(Shipment.id)
        .execution_options(populate_existing=True)
    )
    if cooperative_ids is not None:
        query = query.where(Shipment.cooperative_id.in_(cooperative_ids))
    return list(db.session.scalars(query))


def of_orders(
    order_ids: Sequence[int], *, cooperative_ids: Sequence[int] | None = None
) -> dict[int, list[Shipment]]:
    """Order id to its parcels."""
    query = select(Shipment).where(Shipment.order_id.in_(order_ids)).order_by(Shipment.id)
    if cooperative_ids is not None:
        query = query.where(Shipment.cooperative_id.in_(cooperative_ids))
    found: dict[int, list[Shipment]] = {order_id: [] for order_id in order_ids}
    for shipment in db.session.scalars(query):
        found[shipment.order_id].append(shipment)
    return found


def shipment(shipment_id: int, *, order_id: int, cooperative_ids: Sequence[int]) -> Shipment | None:
    """One parcel of this order and these cooperatives; another's is not found."""
    return db.session.scalar(
        select(Shipment).where(
            Shipment.id == shipment_id,
            Shipment.order_id == order_id,
            Shipment.cooperative_id.in_(cooperative_ids),
        )
    )


def by_waybill(carrier: str, waybill_no: str) -> Shipment | None:
    """The only parcel with this number of this carrier."""
    return db.session.scalar(
        select(Shipment).where(Shipment.carrier == carrier, Shipment.waybill_no == waybill_no)
    )


def under_way(*, created_after: datetime, limit: int = 200) -> list[Shipment]:
    """Parcels whose story is not over, those heard of longest ago first."""
    return list(
        db.session.scalars(
            select(Shipment)
            .where(
                Shipment.created_at > created_after,
                Shipment.delivered_at.is_(None),
                Shipment.status.not_in(OVER),
            )
            .order_by(Shipment.status_at, Shipment.id)
            .limit(limit)
        )
    )


def left_at_station(before: datetime, *, limit: int = 200) -> list[Shipment]:
    """Parcels a station signed for (304) before a moment, with no word since."""
    return list(
        db.session.scalars(
            select(Shipment)
            .where(
                Shipment.status == ShipmentStatus.DELIVERED,
                Shipment.status_at <= before,
                Shipment.delivered_at.is_(None),
            )
            .order_by(Shipment.status_at)
            .limit(limit)
        )
    )


def alive(parcels: Sequence[Shipment]) -> list[Shipment]:
    """Parcels that are not sent back or void."""
    return [parcel for parcel in parcels if parcel.status not in OVER]


def all_delivered(parcels: Sequence[Shipment]) -> bool:
    """Whether every parcel that is not sent back or void has arrived, and one has."""
    left = alive(parcels)
    return bool(left) and all(parcel.status is ShipmentStatus.DELIVERED for parcel in left)


def clock_starts(parcels: Sequence[Shipment]) -> datetime | None:
    """When after-sale time begins for a whole order; ``None`` while one waits at a station."""
    times = [parcel.delivered_at for parcel in alive(parcels)]
    known = [at for at in times if at is not None]
    return max(known) if known and len(known) == len(times) else None
