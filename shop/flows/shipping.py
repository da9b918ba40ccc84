"""Handing parcels over: whose units, which waybill, and what the order becomes by it."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from shop.db import db, transactional
from shop.domain.compliance import service as tasks
from shop.domain.logistics import carriers, queries
from shop.domain.logistics import service as logistics
from shop.domain.logistics.carriers import BadWaybill, Carrier, UnknownCarrier
from shop.domain.logistics.models import Shipment
from shop.domain.logistics.service import Packed, WaybillTaken
from shop.domain.orders import queries as order_queries
from shop.domain.orders import service as orders
from shop.domain.orders.errors import OrderStateConflict
from shop.domain.orders.models import Order, OrderLine
from shop.domain.orders.states import OrderStatus
from shop.domain.outbox import service as outbox
from shop.flows import following, parked
from shop.flows.telling import tell
from shop.kernel.actor import Actor
from shop.kernel.errors import IllegalMove, Invalid, NotFound
from shop.reads.parcels import remaining

SEAT = "keeper"
SHIPPABLE = frozenset({OrderStatus.PAID, OrderStatus.PARTIALLY_SHIPPED})
NOT_NOW = "the order is not in a state to be sent"
CORRECT_WITHIN = timedelta(minutes=10)


@transactional
def hand_over(
    *,
    actor: Actor,
    number: str,
    carrier: str,
    waybill_no: str,
    lines: Sequence[tuple[str, int]] | None,
    now: datetime,
    subscribe: bool = False,
) -> int:
    """Give units of one cooperative of the actor to a carrier; gives the parcel's id.

    ``lines`` are (SKU, units), by default all that is left. The same waybill with the same goods
    again gives the same parcel. ``subscribe``: somebody reports on parcels, and is asked to once
    the number can no longer be corrected. Raises ``NotFound``, ``Invalid``, ``WaybillTaken`` and
    ``OrderStateConflict``.
    """
    sent_by, waybill = _label(carrier, waybill_no)
    order = orders.locked(order_queries.by_number(number).id)
    own = [line for line in order.lines if line.cooperative_id in actor.cooperatives(SEAT)]
    if not own:
        raise NotFound
    wanted = _wanted(own, lines)
    twin = queries.by_waybill(sent_by.code, waybill)
    if twin is not None:
        return _same_again(twin, order, own, wanted)
    if order.status not in SHIPPABLE:
        raise OrderStateConflict(NOT_NOW, status=str(order.status))
    chosen = _chosen(own, wanted)
    parcel = logistics.register(
        order_id=order.id,
        cooperative_id=chosen[0].cooperative_id,
        carrier=sent_by.code,
        waybill_no=waybill,
        lines=[
            _pack(line, units) for line, units in zip(chosen, _units(chosen, wanted), strict=True)
        ],
        actor_id=actor.user_id,
        now=now,
    )
    _after(order, parcel, sent_by, actor=actor, now=now)
    if subscribe:
        _follow(parcel, now=now)
    return parcel.id


def _label(carrier: str, waybill_no: str) -> tuple[Carrier, str]:
    """The carrier and the number as it is printed; raises ``Invalid`` with the reason."""
    try:
        found = carriers.find(carrier)
    except UnknownCarrier as error:
        raise Invalid.at("/carrier", error.detail, code="unknown-carrier") from error
    try:
        return found, carriers.clean_waybill(waybill_no)
    except BadWaybill as error:
        raise Invalid.at("/waybill_no", error.detail, code="bad-waybill") from error


def _wanted(
    own: list[OrderLine], lines: Sequence[tuple[str, int]] | None
) -> Mapping[str, int] | None:
    """SKU to units; names the place of a SKU that is not theirs, twice there or too many."""
    if lines is None:
        return None
    bought = {line.sku: line.quantity for line in own}
    wanted: dict[str, int] = {}
    for place, (sku, units) in enumerate(lines):
        if sku not in bought:
            raise Invalid.at(f"/lines/{place}/sku", "not in this order", code="not-in-order")
        if sku in wanted:
            raise Invalid.at(f"/lines/{place}/sku", "named twice", code="duplicate")
        if units > bought[sku]:
            raise Invalid.at(
                f"/lines/{place}/quantity", "more units than were bought", code="too-many"
            )
        wanted[sku] = units
    sellers = {line.cooperative_id for line in own if line.sku in wanted}
    if len(sellers) != 1:
        raise Invalid.at("/lines", "a parcel holds goods of one cooperative")
    return wanted


def _same_again(
    twin: Shipment, order: Order, own: list[OrderLine], wanted: Mapping[str, int] | None
) -> int:
    """The same hand-over told twice is one; anything else about this number is a conflict."""
    inside = {line.sku: line.quantity for line in twin.lines}
    same = (
        twin.order_id == order.id
        and twin.cooperative_id in {line.cooperative_id for line in own}
        and wanted in (None, inside)
    )
    if not same:
        raise WaybillTaken("this waybill is on another parcel", waybill_no=twin.waybill_no)
    return twin.id


def _chosen(own: list[OrderLine], wanted: Mapping[str, int] | None) -> list[OrderLine]:
    """The lines that go into the parcel, all of one cooperative."""
    if wanted is not None:
        return [line for line in own if line.sku in wanted]
    left = [line for line in own if remaining(line) > 0]
    if not left:
        raise OrderStateConflict("nothing is left to hand over")
    if len({line.cooperative_id for line in left}) > 1:
        raise Invalid.at("/lines", "a parcel holds goods of one cooperative: name its lines")
    return left


def _units(chosen: list[OrderLine], wanted: Mapping[str, int] | None) -> list[int]:
    return [remaining(line) if wanted is None else wanted[line.sku] for line in chosen]


def _pack(line: OrderLine, units: int) -> Packed:
    """Count units as sent; raises ``OrderStateConflict`` where they are sent or cancelled."""
    if not orders.count_shipped(line, units):
        raise OrderStateConflict("these units are sent or cancelled already", sku=line.sku)
    return Packed(order_line_id=line.id, sku=line.sku, quantity=units)


def _after(
    order: Order, parcel: Shipment, sent_by: Carrier, *, actor: Actor, now: datetime
) -> None:
    """The order follows, the buyer is told, and what the carrier said before is heard now."""
    for line in order.lines:
        db.session.refresh(line)
    whole = all(remaining(line) <= 0 for line in order.lines)
    target = OrderStatus.SHIPPED if whole else OrderStatus.PARTIALLY_SHIPPED
    if order.status is not target:
        orders.move(order, target, actor=actor, now=now)
    if all(
        remaining(line) <= 0 for line in order.lines if line.cooperative_id == parcel.cooperative_id
    ):
        tasks.close_task(late_key(order.id, parcel.cooperative_id), actor=actor, note=None, now=now)
    tell(
        user_id=order.buyer_id,
        phone=None,
        template="order-shipped",
        variables={
            "number": order.number,
            "carrier": sent_by.name,
            "waybill_no": parcel.waybill_no,
        },
        dedupe_key=f"order-shipped:{parcel.id}",
        now=now,
    )
    parked.apply_to(order, parcel, now=now)
    following.parcels_moved(order, actor=actor, now=now)


def _follow(parcel: Shipment, *, now: datetime) -> None:
    outbox.put(
        "courier.subscribe",
        dedupe_key=f"courier.subscribe:{parcel.id}",
        payload={"shipment_id": parcel.id},
        due_at=now + CORRECT_WITHIN,
        now=now,
    )


def late_key(order_id: int, cooperative_id: int) -> str:
    """What keeps the task of a late cooperative single."""
    return f"late:{order_id}:{cooperative_id}"


@transactional
def correct_label(
    *, actor: Actor, number: str, shipment_id: int, carrier: str, waybill_no: str, now: datetime
) -> None:
    """Change a mistyped waybill within ten minutes, while no carrier has spoken of it.

    Raises ``NotFound``, ``Invalid``, ``WaybillTaken`` and ``IllegalMove``.
    """
    sent_by, waybill = _label(carrier, waybill_no)
    order = orders.locked(order_queries.by_number(number).id)
    found = queries.shipment(
        shipment_id, order_id=order.id, cooperative_ids=actor.cooperatives(SEAT)
    )
    if found is None:
        raise NotFound
    parcel = logistics.locked(found.id)
    if now > parcel.created_at + CORRECT_WITHIN:
        raise IllegalMove("a number may be corrected within ten minutes")
    logistics.correct(parcel, carrier=sent_by.code, waybill_no=waybill)
    parked.apply_to(order, parcel, now=now)
    following.parcels_moved(order, actor=actor, now=now)
