"""Buyers, deals, and orders in every state of money; providers speak through ``told``."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from itertools import count
from typing import Any

from sqlalchemy import update

from shop.db import db, transactional
from shop.domain.accounts.states import Role
from shop.domain.catalog import queries as catalog
from shop.domain.inventory.models import Lot, StockHold
from shop.domain.logistics import queries as parcels
from shop.domain.logistics.states import ShipmentStatus
from shop.domain.orders.models import Order
from shop.domain.payments import service as payments
from shop.domain.payments.gateways.base import GatewayEvent, Outcome, RefundOutcome
from shop.domain.payments.models import Payment, Refund
from shop.domain.villages.models import Farmer
from shop.flows import (
    checkout,
    completing,
    hearing,
    linking,
    refunding,
    shipping,
    stocking,
    tracking,
)
from shop.flows.drafting import OrderRequest, Placed
from shop.flows.hearing import Verdict
from shop.flows.stocking import NewLot
from shop.kernel.actor import Actor
from shop.kernel.clock import local_date
from shop.reads.pricing import PERISHABLE_CONSENT, Wish
from tests.builders import a_sku, an_actor, an_operator
from tests.conftest import NOON
from tests.live_builders import a_live_show
from tests.paid_orders import SHIP_TO, TERMS
from tests.seen import numbered, order_now, payment_now, refund_now

_numbers = count(1)
Wanted = Mapping[str, int] | Sequence[Wish]


def ask(wanted: Wanted, **changes: Any) -> OrderRequest:
    """What a buyer sends: SKUs with units, or wishes from a room."""
    wishes = (
        [Wish(sku=sku, quantity=units) for sku, units in wanted.items()]
        if isinstance(wanted, Mapping)
        else wanted
    )
    request = OrderRequest(wishes=wishes, ship_to=SHIP_TO, consents=[PERISHABLE_CONSENT])
    return replace(request, **changes)


def place(
    wanted: Wanted, *, buyer: Actor | None = None, now: datetime = NOON, **changes: Any
) -> Order:
    """An order that waits for its money."""
    placed = checkout.place_order(
        ask(wanted, **changes), actor=buyer or an_actor(), terms=TERMS, now=now
    )
    assert isinstance(placed, Placed)
    return numbered(placed.number)


def a_deal(
    *, on_hand: int = 20, host: Actor | None = None, sku: str | None = None, **terms: Any
) -> Wish:
    """One unit of an item in a room on air; ``terms`` as of ``linking.add_item``."""
    host = host or an_actor(roles=(Role.HOST,))
    sku = sku or a_sku(on_hand=on_hand, live_floor_fen=1, commission_bp=1000)
    session_id, _ = a_live_show(host=host, items=0)
    item_id = linking.add_item(session_id, actor=host, now=NOON, sku=sku, **terms)
    return Wish(sku=sku, quantity=1, live_item_id=item_id)


@transactional
def a_payment(
    order: Order, *, provider_id: str | None = "", gateway: str = "stripe", now: datetime = NOON
) -> Payment:
    """A begun payment; ``provider_id=None``: its provider has not answered yet."""
    payment = payments.intend(
        order_id=order.id,
        gateway=gateway,
        method="alipay",
        amount_fen=order.total_fen,
        request_key=f"key-{next(_numbers)}",
        on_phone=False,
        hold_expires_at=order.expires_at,
        now=now,
    )
    if provider_id is not None:
        provider_id = provider_id or f"pi_{payment.id}"
        payments.note_provider(payment, provider_id, next_action=None)
    return payment


def an_event(
    payment: Payment, order: Order, outcome: Outcome = Outcome.CAPTURED, **changes: Any
) -> GatewayEvent:
    """A verified message about a payment."""
    event = GatewayEvent(
        event_id=f"evt_{next(_numbers)}",
        type=f"payment.{outcome}",
        kind="payment",
        payment_id=payment.id,
        provider_id=payment.provider_id,
        outcome=outcome,
        amount_fen=payment.amount_fen,
        currency="CNY",
        order_number=order.number,
        created=NOON,
        livemode=False,
    )
    return replace(event, **changes)


def a_refund_event(
    refund: Refund, outcome: RefundOutcome = RefundOutcome.SUCCEEDED, **changes: Any
) -> GatewayEvent:
    """A verified message about a refund."""
    event = GatewayEvent(
        event_id=f"evt_{next(_numbers)}",
        type=f"refund.{outcome}",
        kind="refund",
        payment_id=refund.payment_id,
        refund_id=refund.id,
        provider_id=f"re_{refund.id}",
        outcome=outcome,
        amount_fen=refund.amount_fen,
        currency="CNY",
        created=NOON,
        livemode=False,
    )
    return replace(event, **changes)


def told(event: GatewayEvent, *, now: datetime = NOON, source: str = "stripe") -> Verdict:
    """The hook has heard this."""
    return hearing.hear(event, source=source, livemode=False, now=now)


def pay(order: Order, *, now: datetime = NOON, payment: Payment | None = None) -> Payment:
    """The order's money arrives; gives the payment as it is then."""
    payment = payment or a_payment(order, now=now)
    told(an_event(payment, order), now=now)
    return payment_now(payment.id)


def a_paid(wanted: Wanted, *, buyer: Actor | None = None, now: datetime = NOON) -> Order:
    """An order that is paid."""
    order = place(wanted, buyer=buyer, now=now)
    pay(order, now=now)
    return order_now(order)


def ship(order: Order, *, now: datetime = NOON, **only: Any) -> int:
    """The first cooperative sends all it has, or the ``lines`` named; gives the parcel's id."""
    return _hand_over(order, order.parts[0].cooperative_id, now=now, **only)


def _hand_over(order: Order, cooperative_id: int, *, now: datetime, **only: Any) -> int:
    return shipping.hand_over(
        actor=an_actor(seat=(Role.MANAGER, cooperative_id)),
        number=order.number,
        carrier="SF",
        waybill_no=f"SF{next(_numbers):012d}",
        now=now,
        **({"lines": None} | only),
    )


def arrive(order: Order, *, now: datetime = NOON) -> Order:
    """Every parcel of an order is at its door."""
    return befall(order, ShipmentStatus.DELIVERED, now=now)


def befall(order: Order, status: ShipmentStatus, *, now: datetime = NOON) -> Order:
    """Somebody writes down what happened to every parcel of an order."""
    for parcel in parcels.of_order(order.id):
        tracking.record_event(
            actor=an_actor(seat=(Role.MANAGER, parcel.cooperative_id)),
            number=order.number,
            shipment_id=parcel.id,
            status=status,
            note=None,
            occurred_at=now,
            now=now,
        )
    return order_now(order)


def deliver(order: Order, *, now: datetime = NOON) -> Order:
    """Everything is sent and has arrived."""
    for part in order.parts:
        _hand_over(order, part.cooperative_id, now=now)
    return arrive(order, now=now)


def complete(order: Order, *, now: datetime = NOON) -> Order:
    """Sent, arrived, and confirmed by the buyer."""
    deliver(order, now=now)
    buyer = an_actor(order.buyer_id)
    completing.confirm_receipt(actor=buyer, number=order.number, now=now)
    return order_now(order)


def a_completed(wanted: Wanted, *, now: datetime = NOON) -> Order:
    """An order whose income is in the books."""
    return complete(a_paid(wanted, now=now), now=now)


def refund(
    order: Order | str, *, actor: Actor | None = None, now: datetime = NOON, **what: Any
) -> Refund:
    """The operator, or ``actor``, gives back ``lines``, ``amount_fen`` or everything."""
    asked = {"lines": None, "amount_fen": None, "freight": False, "reason": "演示"}
    asked["request_key"] = f"refund-{next(_numbers)}"
    return refunding.ask_refund(
        actor=actor or an_operator(),
        number=order if isinstance(order, str) else order.number,
        now=now,
        **(asked | what),
    )


def refunded(order: Order, *, now: datetime = NOON, **what: Any) -> Refund:
    """A refund that has reached the buyer."""
    owed = refund(order, now=now, **what)
    told(a_refund_event(owed), now=now)
    return refund_now(owed.id)


def a_lot(
    sku: str,
    quantity: int,
    *,
    growers: Sequence[tuple[Farmer, int]] = (),
    best_before: date | None = None,
    now: datetime = NOON,
) -> Lot:
    """A lot on the shelf; ``growers`` with their grams."""
    return stocking.shelve_lot(
        NewLot(
            sku=sku,
            quantity=quantity,
            harvested_on=local_date(now) - timedelta(days=3),
            best_before=best_before,
            growers=[(farmer.id, grams) for farmer, grams in growers],
        ),
        actor=an_actor(seat=(Role.MANAGER, seller_of(sku))),
        now=now,
    )


def seller_of(sku: str) -> int:
    """The cooperative whose SKU this is."""
    variant = catalog.variant(sku)
    assert variant is not None
    seller = variant.product.cooperative_id
    db.session.rollback()
    return seller


@transactional
def age(order: Order, *, to: datetime = NOON) -> None:
    """Let an order's time to pay end at ``to``."""
    for table, key in ((Order, Order.id), (StockHold, StockHold.order_id)):
        db.session.execute(update(table).where(key == order.id).values(expires_at=to))
