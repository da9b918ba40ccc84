"""Orders that are paid for, without a gateway between: what parcels and claims begin with."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from shop.db import transactional
from shop.domain.orders import service as orders
from shop.domain.orders.models import Order
from shop.domain.payments import service as payments
from shop.domain.payments.gateways.base import Outcome
from shop.flows import checkout
from shop.flows.capturing import apply_payment
from shop.flows.drafting import OrderRequest, Placed, ShipTo, Terms
from shop.kernel.actor import Actor
from shop.reads.pricing import PERISHABLE_CONSENT, Wish
from tests.builders import COUNTY, an_actor
from tests.conftest import NOON
from tests.seen import numbered

TERMS = Terms(
    hold=timedelta(minutes=15), live_hold=timedelta(minutes=5), seller_of_record="operator"
)
SHIP_TO = ShipTo(
    name="演示收件人", phone="+8613800000099", region_code=COUNTY, street="演示街 9 号 3 单元"
)


def an_order(
    units: Mapping[str, int],
    *,
    buyer: Actor | None = None,
    now: datetime = NOON,
    ship_to: ShipTo = SHIP_TO,
    note: str | None = None,
) -> Order:
    """An order of SKUs and units that waits for its money."""
    request = OrderRequest(
        wishes=[Wish(sku=sku, quantity=quantity) for sku, quantity in units.items()],
        ship_to=ship_to,
        note=note,
        consents=[PERISHABLE_CONSENT],
    )
    placed = checkout.place_order(request, actor=buyer or an_actor(), terms=TERMS, now=now)
    assert isinstance(placed, Placed)
    return numbered(placed.number)


@transactional
def pay(order_id: int, *, now: datetime = NOON) -> None:
    """The money of an order has arrived."""
    order = orders.locked(order_id)
    payment = payments.intend(
        order_id=order.id,
        gateway="sandbox",
        method="card",
        amount_fen=order.total_fen,
        request_key=None,
        on_phone=False,
        hold_expires_at=order.expires_at,
        now=now,
    )
    payments.note_provider(payment, f"sb_{order.number}", next_action=None)
    apply_payment(
        order,
        payments.locked(payment.id),
        outcome=Outcome.CAPTURED,
        failure_code=None,
        source="sandbox",
        now=now,
    )


def a_paid_order(
    units: Mapping[str, int], *, buyer: Actor | None = None, now: datetime = NOON, **more: Any
) -> Order:
    """An order whose goods are taken from their lots and wait to be sent."""
    placed = an_order(units, buyer=buyer, now=now, **more)
    pay(placed.id, now=now)
    return placed
