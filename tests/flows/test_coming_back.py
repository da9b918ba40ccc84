"""A parcel that comes back stops the clock of its order until somebody has decided about it."""

from datetime import datetime, timedelta

from flask import Flask
from sqlalchemy import select

from shop.db import db
from shop.domain.accounts.states import Role
from shop.domain.compliance.models import Task
from shop.domain.compliance.states import TaskStatus
from shop.domain.logistics import queries as parcels
from shop.domain.logistics.states import ShipmentStatus
from shop.domain.orders.models import Order
from shop.domain.orders.states import OrderStatus
from shop.flows import completing, shipping, tracking, working
from shop.reads import audit
from tests.builders import a_cooperative, a_sku, an_actor, an_operator
from tests.conftest import NOON
from tests.invariants import assert_sound
from tests.money import a_paid, a_refund_event, deliver, refund, ship, told
from tests.seen import order_now

DAY = timedelta(days=1)
WEEK = 7


def report(order: Order, status: ShipmentStatus, *, now: datetime, parcel: int = 0) -> None:
    """A keeper writes down what became of a parcel."""
    found = parcels.of_order(order.id)[parcel]
    tracking.record_event(
        actor=an_actor(seat=(Role.KEEPER, found.cooperative_id)),
        number=order.number,
        shipment_id=found.id,
        status=status,
        note=None,
        occurred_at=now,
        now=now,
    )


def the_task() -> Task:
    db.session.rollback()
    return db.session.scalars(select(Task).execution_options(populate_existing=True)).one()


def clock(order: Order) -> datetime | None:
    return order_now(order).delivered_at


def completes(order: Order, *, now: datetime) -> bool:
    done = completing.complete_due(now, after_days=WEEK)
    assert (order_now(order).status is OrderStatus.COMPLETED) is bool(done)
    return bool(done)


def a_returning(*, units: int = 2) -> Order:
    """Delivered at noon, on its way back a day later."""
    order = deliver(a_paid({a_sku(on_hand=9, price_fen=1000): units}))
    assert clock(order) == NOON
    report(order, ShipmentStatus.RETURNING, now=NOON + DAY)
    return order


def test_what_comes_back_completes_only_a_week_after_a_person_has_decided(ctx: Flask) -> None:
    order = a_returning()
    assert (order_now(order).status, clock(order)) == (OrderStatus.DELIVERED, None)
    assert not completes(order, now=NOON + 10 * DAY)
    assert not completing.complete_order(order.id, now=NOON + 10 * DAY)
    report(order, ShipmentStatus.RETURNED, now=NOON + 11 * DAY)
    assert tracking.follow_parcels(NOON + 11 * DAY) == 0
    decided = NOON + 12 * DAY
    working.finish_task(actor=an_operator(), task_id=the_task().id, note="买家改收", now=decided)
    assert tracking.follow_parcels(decided + DAY) == 1
    assert clock(order) == decided
    assert not completes(order, now=decided + 6 * DAY)
    assert completes(order, now=decided + 7 * DAY)
    assert_sound()


def test_paying_back_all_that_comes_back_decides_it(ctx: Flask) -> None:
    order = a_returning()
    sku = order.lines[0].sku
    refund(order, lines={sku: 1}, now=NOON + 2 * DAY)
    assert (clock(order), the_task().status) == (None, TaskStatus.OPEN)
    owed = refund(order, lines={sku: 1}, now=NOON + 3 * DAY)
    assert (clock(order), the_task().status) == (NOON + 3 * DAY, TaskStatus.DONE)
    told(a_refund_event(owed))
    assert completes(order, now=NOON + 10 * DAY)
    assert audit.violations(NOON) == []
    assert_sound()


def test_a_parcel_that_is_brought_again_is_decided_by_that(ctx: Flask) -> None:
    order = a_returning()
    report(order, ShipmentStatus.DELIVERED, now=NOON + 9 * DAY)
    assert the_task().status is TaskStatus.DONE
    assert clock(order) == NOON + 9 * DAY
    assert not completes(order, now=NOON + 15 * DAY)
    assert completes(order, now=NOON + 16 * DAY)


def test_one_of_two_parcels_that_comes_back_stops_the_clock_of_both(ctx: Flask) -> None:
    one, two = a_cooperative(), a_cooperative()
    kept, gone = a_sku(cooperative=one, on_hand=5), a_sku(cooperative=two, on_hand=5)
    for first in (ShipmentStatus.REFUSED, ShipmentStatus.RETURNING):
        order = a_paid({kept: 1, gone: 1})
        ship(order)
        ship_second(order)
        report(order, ShipmentStatus.DELIVERED, now=NOON)
        report(order, first, now=NOON + DAY, parcel=1)
        assert order_now(order).status is OrderStatus.SHIPPED
        report(order, ShipmentStatus.RETURNED, now=NOON + 2 * DAY, parcel=1)
        assert (order_now(order).status, clock(order)) == (OrderStatus.DELIVERED, None)
        refund(order, lines={gone: 1}, now=NOON + 3 * DAY)
        assert clock(order) == NOON + 3 * DAY
        assert completes(order, now=NOON + 10 * DAY)
    assert_sound()


def ship_second(order: Order) -> None:
    shipping.hand_over(
        actor=an_actor(seat=(Role.KEEPER, order.parts[1].cooperative_id)),
        number=order.number,
        carrier="SF",
        waybill_no=f"SF88{order.id:010d}",
        lines=None,
        now=NOON,
    )
