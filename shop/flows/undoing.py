"""Undoing a hand-over within minutes: the parcel is void, its units are to be sent again."""

from datetime import datetime

from shop.db import db, transactional
from shop.domain.compliance import service as tasks
from shop.domain.logistics import queries
from shop.domain.logistics import service as logistics
from shop.domain.logistics.models import Shipment
from shop.domain.orders import queries as order_queries
from shop.domain.orders import service as orders
from shop.domain.orders.errors import OrderStateConflict
from shop.domain.orders.models import Order
from shop.domain.orders.states import OrderStatus
from shop.flows import withdrawing
from shop.flows.shipping import CORRECT_WITHIN, SEAT, late_key
from shop.flows.telling import tell
from shop.kernel.actor import Actor
from shop.kernel.errors import IllegalMove, NotFound

UNDOABLE = frozenset({OrderStatus.PARTIALLY_SHIPPED, OrderStatus.SHIPPED})
REASON = "hand-over undone"


@transactional
def undo_hand_over(*, actor: Actor, number: str, shipment_id: int, now: datetime) -> None:
    """Take a hand-over back within ten minutes, while no carrier has spoken of the parcel.

    Its number is free again; the buyer, who was told, is told. Raises ``NotFound``,
    ``IllegalMove``, and ``OrderStateConflict`` where the order has moved on or its goods were paid
    back meanwhile.
    """
    order = orders.locked(order_queries.by_number(number).id)
    found = queries.shipment(
        shipment_id, order_id=order.id, cooperative_ids=actor.cooperatives(SEAT)
    )
    if found is None:
        raise NotFound
    parcel = logistics.locked(found.id)
    if now > parcel.created_at + CORRECT_WITHIN:
        raise IllegalMove("a hand-over may be undone within ten minutes")
    if order.status not in UNDOABLE:
        raise OrderStateConflict(f"the order is {order.status}", status=str(order.status))
    logistics.undo(parcel, now=now)
    _to_be_sent_again(order, parcel)
    sent = any(line.shipped for line in order.lines)
    target = OrderStatus.PARTIALLY_SHIPPED if sent else OrderStatus.PAID
    orders.move_back(order, target, actor=actor, now=now, reason=REASON)
    tasks.reopen_task(late_key(order.id, parcel.cooperative_id), actor=actor, now=now)
    withdrawing.units_given_back(order, actor=actor, now=now)
    _tell(order, parcel, now=now)


def _to_be_sent_again(order: Order, parcel: Shipment) -> None:
    lines = {line.id: line for line in order.lines}
    for packed in parcel.lines:
        if not orders.count_unshipped(lines[packed.order_line_id], packed.quantity):
            raise OrderStateConflict("these goods were paid back already", sku=packed.sku)
    for line in order.lines:
        db.session.refresh(line)


def _tell(order: Order, parcel: Shipment, *, now: datetime) -> None:
    tell(
        user_id=order.buyer_id,
        phone=None,
        template="hand-over-undone",
        variables={"number": order.number, "waybill_no": parcel.label},
        dedupe_key=f"hand-over-undone:{parcel.id}",
        now=now,
    )
