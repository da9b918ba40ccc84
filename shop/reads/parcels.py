"""What a cooperative has to pack and send, and the parcels it sent."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, cast

from sqlalchemy import ColumnElement, Select, select

from shop.db import db
from shop.domain.inventory.models import Lot, LotSale
from shop.domain.logistics.models import Shipment
from shop.domain.orders.models import Order, OrderLine, OrderPart
from shop.domain.orders.states import PAID_STATES, OrderStatus
from shop.domain.villages.models import Cooperative
from shop.kernel.errors import NotFound
from shop.keyset import Keyset, keyset

TO_SHIP = (OrderStatus.PAID, OrderStatus.PARTIALLY_SHIPPED)
FILTERS = ("to_ship", "late", "sent", "all")
MOST_AT_ONCE = 200


@dataclass(frozen=True, kw_only=True)
class LotUnits:
    """Units of a line that come from one lot."""

    code: str
    label: str | None
    units: int
    harvested_on: date
    best_before: date | None


@dataclass(frozen=True, kw_only=True)
class LineToShip:
    """A line with its units still to send and the lots they were taken from."""

    id: int
    sku: str
    title: str
    variant: str
    unit: str
    quantity: int
    shipped: int
    left: int
    weight_grams: int
    lots: tuple[LotUnits, ...]


@dataclass(frozen=True, kw_only=True)
class PartToShip:
    """One cooperative's part of an order; no personal data."""

    number: str
    order_id: int
    status: str
    cooperative_id: int
    cooperative_name: str
    ship_by: datetime
    late: bool
    note: str | None
    lines: tuple[LineToShip, ...]

    @property
    def left(self) -> int:
        return sum(line.left for line in self.lines)


@dataclass(frozen=True, kw_only=True)
class Slip:
    """What is laid into a parcel: a part with its receiver."""

    part: PartToShip
    name: str
    phone: str
    region: str
    street: str


@dataclass(frozen=True, kw_only=True)
class Pick:
    """Units of a SKU to take from one lot, for all orders together."""

    lot: LotUnits
    sku: str
    title: str
    variant: str
    units: int
    orders: int


def remaining(line: OrderLine) -> int:
    """Units still to be sent; what was given back before it left is cancelled."""
    return line.quantity - line.shipped - line.cancelled


def parcel(shipment_id: int) -> tuple[Shipment, str]:
    """A parcel and the slug of its cooperative; the caller has checked who asks."""
    found = db.session.execute(
        select(Shipment, Cooperative.slug)
        .join(Cooperative, Cooperative.id == Shipment.cooperative_id)
        .where(Shipment.id == shipment_id)
        .execution_options(populate_existing=True)
    ).first()
    if found is None:
        raise NotFound
    return found[0], found[1]


def parts(
    cooperative_ids: Sequence[int] | None,
    *,
    show: str,
    now: datetime,
    after: Sequence[Any] | None = None,
    limit: int = 24,
) -> Keyset:
    """Parts of paid orders, the first promised at the top; ``show`` is one of ``FILTERS``."""
    query = _paid(cooperative_ids)
    if show in {"to_ship", "late"}:
        query = query.where(Order.status.in_(TO_SHIP), unsent())
    if show == "late":
        query = query.where(OrderPart.ship_by < now)
    if show == "sent":
        query = query.where(~unsent())
    way: Any = "asc" if show in {"to_ship", "late"} else "desc"
    found = keyset(
        cast("Select[Any]", query),
        keys=[(OrderPart.ship_by, way), (OrderPart.order_id, way), (OrderPart.cooperative_id, way)],
        after=after,
        limit=limit,
    )
    return Keyset(rows=_views(found.rows, now=now), next=found.next)


def part(number: str, cooperative_ids: Sequence[int] | None, *, now: datetime) -> list[PartToShip]:
    """The parts of one paid order within reach; raises ``NotFound``."""
    rows = db.session.execute(_paid(cooperative_ids).where(Order.number == number)).all()
    if not rows:
        raise NotFound
    return _views(rows, now=now)


def slips(
    cooperative_ids: Sequence[int], *, numbers: Sequence[str] | None, now: datetime
) -> list[Slip]:
    """Slips of everything to send, or of the named orders; personal data of the receivers."""
    query = _paid(cooperative_ids).where(Order.status.in_(TO_SHIP), unsent())
    if numbers:
        query = query.where(Order.number.in_(numbers))
    rows = db.session.execute(query.order_by(OrderPart.ship_by).limit(MOST_AT_ONCE)).all()
    orders = {row[1].id: row[1] for row in rows}
    return [
        Slip(
            part=view,
            name=orders[view.order_id].ship_name,
            phone=orders[view.order_id].ship_phone,
            region=orders[view.order_id].ship_region,
            street=orders[view.order_id].ship_street,
        )
        for view in _views(rows, now=now)
    ]


def pick_list(cooperative_ids: Sequence[int], *, now: datetime) -> list[Pick]:
    """What to fetch from each lot for all orders to send, in the order of the lots' codes."""
    query = _paid(cooperative_ids).where(Order.status.in_(TO_SHIP), unsent())
    rows = db.session.execute(query.order_by(OrderPart.ship_by).limit(MOST_AT_ONCE)).all()
    found: dict[tuple[str, str], list[tuple[LineToShip, LotUnits]]] = {}
    for view in _views(rows, now=now):
        for line in view.lines:
            for lot in line.lots:
                found.setdefault((line.sku, lot.code), []).append((line, lot))
    return [
        Pick(
            lot=pairs[0][1],
            sku=sku,
            title=pairs[0][0].title,
            variant=pairs[0][0].variant,
            units=sum(lot.units for _, lot in pairs),
            orders=len(pairs),
        )
        for (sku, _), pairs in sorted(found.items())
    ]


def _paid(cooperative_ids: Sequence[int] | None) -> Select[OrderPart, Order, str]:
    query = (
        select(OrderPart, Order, Cooperative.name)
        .join(Order, Order.id == OrderPart.order_id)
        .join(Cooperative, Cooperative.id == OrderPart.cooperative_id)
        .where(Order.status.in_([*PAID_STATES, OrderStatus.REFUNDED]))
    )
    if cooperative_ids is not None:
        query = query.where(OrderPart.cooperative_id.in_(cooperative_ids))
    return query


def unsent() -> ColumnElement[bool]:
    """Whether a part (of ``OrderPart``) has units still to be sent."""
    return (
        select(OrderLine.id)
        .where(
            OrderLine.order_id == OrderPart.order_id,
            OrderLine.cooperative_id == OrderPart.cooperative_id,
            OrderLine.shipped + OrderLine.cancelled < OrderLine.quantity,
        )
        .exists()
    )


def _views(rows: Sequence[Any], *, now: datetime) -> list[PartToShip]:
    lots = _lots([row[1].id for row in rows])
    return [
        PartToShip(
            number=order.number,
            order_id=order.id,
            status=str(order.status),
            cooperative_id=piece.cooperative_id,
            cooperative_name=seller,
            ship_by=piece.ship_by,
            late=order.status in TO_SHIP and piece.ship_by < now,
            note=order.note,
            lines=tuple(
                _line(line, lots.get(line.id, []))
                for line in order.lines
                if line.cooperative_id == piece.cooperative_id
            ),
        )
        for piece, order, seller in rows
    ]


def _line(line: OrderLine, lots: list[LotUnits]) -> LineToShip:
    left = remaining(line)
    return LineToShip(
        id=line.id,
        sku=line.sku,
        title=line.title,
        variant=line.snapshot["variant"],
        unit=line.snapshot["unit"],
        quantity=line.quantity,
        shipped=line.shipped,
        left=left,
        weight_grams=line.weight_grams,
        lots=_still_in(lots, left),
    )


def _still_in(lots: list[LotUnits], left: int) -> tuple[LotUnits, ...]:
    """The lots of the units not sent yet: the first lots are sent first."""
    found: list[LotUnits] = []
    for lot in reversed(lots):
        units = min(lot.units, left)
        left -= units
        if units > 0:
            found.append(
                LotUnits(
                    code=lot.code,
                    label=lot.label,
                    units=units,
                    harvested_on=lot.harvested_on,
                    best_before=lot.best_before,
                )
            )
    return tuple(reversed(found))


def _lots(order_ids: Sequence[int]) -> dict[int, list[LotUnits]]:
    rows = db.session.execute(
        select(LotSale, Lot)
        .join(Lot, Lot.id == LotSale.lot_id)
        .where(LotSale.order_id.in_(order_ids))
        .order_by(LotSale.id)
    )
    found: dict[int, list[LotUnits]] = {}
    for sale, lot in rows:
        found.setdefault(sale.order_line_id, []).append(
            LotUnits(
                code=lot.code,
                label=lot.label,
                units=sale.quantity - sale.returned,
                harvested_on=lot.harvested_on,
                best_before=lot.best_before,
            )
        )
    return found
