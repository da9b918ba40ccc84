"""Parcels on their way: whatever order reports come in, and however often, the end is the same."""

import json
from datetime import datetime, timedelta
from itertools import permutations

import pytest
from flask import Flask
from sqlalchemy import func, select

from shop.db import db
from shop.domain.accounts.states import Role
from shop.domain.compliance.models import Task
from shop.domain.compliance.states import TaskKind, TaskStatus
from shop.domain.logistics import queries as parcels
from shop.domain.logistics.couriers.kuaidi100 import Kuaidi100, sign
from shop.domain.logistics.models import Shipment, ShipmentEvent
from shop.domain.logistics.states import ShipmentStatus
from shop.domain.orders import queries as orders
from shop.domain.orders.models import Order
from shop.domain.orders.states import OrderStatus
from shop.domain.outbox.models import InboxEvent
from shop.domain.outbox.states import InboxStatus
from shop.flows import asking, cancelling, shipping, tracking
from shop.kernel.clock import SHANGHAI
from shop.kernel.errors import Invalid, NotFound
from tests.builders import a_category, a_cooperative, a_manager, a_sku, an_actor
from tests.conftest import NOON, Race
from tests.paid_orders import a_paid_order

SALT = "a salt of the tests"
WAYBILL = "SF1234567890"
HOUR = timedelta(hours=1)


def told(*lines: tuple[int, str], waybill: str = WAYBILL, carrier: str = "shunfeng") -> str:
    """``param`` of a push: (hours after noon, status code) a line."""
    data = [
        {
            "ftime": f"{(NOON + hours * HOUR).astimezone(SHANGHAI):%Y-%m-%d %H:%M:%S}",
            "context": f"第 {hours} 小时 {code}",
            "statusCode": code,
        }
        for hours, code in sorted(lines, reverse=True)
    ]
    result = {"nu": waybill, "com": carrier, "state": "0", "data": data}
    return json.dumps({"status": "polling", "lastResult": result}, ensure_ascii=False)


def push(param: str, *, now: datetime = NOON) -> None:
    form = {"param": param, "sign": sign(param, SALT)}
    read = Kuaidi100().read_push(form, secrets=[SALT])
    tracking.hear_push(read, param=param, now=now)


def a_shipped_order(*, waybill: str = WAYBILL, fresh: bool = False) -> Order:
    home = a_cooperative()
    category = a_category(perishable=fresh)
    rule = {"policy": "perishable" if fresh else "seven_days", "claim_window_hours": 24}
    sku = a_sku(cooperative=home, on_hand=5, category=category, after_sale=rule)
    order = a_paid_order({sku: 2})
    ship(a_manager(home), order, waybill)
    return order


def ship(actor: object, order: Order, waybill: str, **other: object) -> int:
    return shipping.hand_over(
        actor=actor,  # type: ignore[arg-type]
        number=order.number,
        carrier="顺丰",
        waybill_no=waybill,
        lines=other.get("lines"),  # type: ignore[arg-type]
        now=NOON,
    )


def now_is(order: Order) -> Order:
    db.session.rollback()
    db.session.expire_all()
    return orders.by_number(order.number)


def the_parcel(order: Order) -> Shipment:
    (parcel,) = parcels.of_order(now_is(order).id)
    return parcel


def open_tasks(kind: TaskKind) -> list[Task]:
    db.session.rollback()
    found = select(Task).where(Task.kind == kind, Task.status == TaskStatus.OPEN)
    return list(db.session.scalars(found))


def test_any_order_of_reports_ends_in_the_same_place(ctx: Flask) -> None:
    """FAULTS 62: every permutation, each report twice, and the whole story keeps all lines."""
    reports = [(1, "103"), (5, "1002"), (20, "5"), (24, "301")]
    home = a_cooperative()
    sku, keeper = a_sku(cooperative=home, on_hand=24), a_manager(home)
    for turn, mixed in enumerate(permutations(reports)):
        waybill = f"SF55{turn:08d}"
        order = a_paid_order({sku: 1})
        ship(keeper, order, waybill)
        for report in mixed:
            for _ in range(2):
                push(told(report, waybill=waybill))
        parcel = the_parcel(order)
        assert parcel.status is ShipmentStatus.DELIVERED, mixed
        assert parcel.delivered_at == NOON + 24 * HOUR
        assert [event.code for event in parcel.events] == ["103", "1002", "5", "301"]
        seen = now_is(order)
        assert seen.status is OrderStatus.DELIVERED
        assert seen.delivered_at == NOON + 24 * HOUR


def test_a_delivered_parcel_leaves_only_for_the_way_back(ctx: Flask) -> None:
    order = a_shipped_order()
    push(told((24, "3")))
    push(told((30, "1002")))
    assert the_parcel(order).status is ShipmentStatus.DELIVERED
    push(told((31, "6")))
    assert the_parcel(order).status is ShipmentStatus.RETURNING
    push(told((29, "3"), (40, "4")))
    assert the_parcel(order).status is ShipmentStatus.RETURNED
    push(told((50, "3")))
    assert the_parcel(order).status is ShipmentStatus.RETURNED
    assert now_is(order).status is OrderStatus.DELIVERED


def test_an_unknown_code_keeps_its_text_and_moves_nothing(ctx: Flask) -> None:
    order = a_shipped_order()
    push(told((2, "1002"), (3, "9999")))
    parcel = the_parcel(order)
    assert parcel.status is ShipmentStatus.IN_TRANSIT
    assert [(event.code, event.status) for event in parcel.events] == [
        ("1002", ShipmentStatus.IN_TRANSIT),
        ("9999", None),
    ]


def test_a_code_told_later_for_a_line_told_before_still_moves_the_parcel(ctx: Flask) -> None:
    """The base service sends one state for the parcel: the same newest line, another state."""
    order = a_shipped_order()
    line = {"ftime": "2026-03-03 12:00:00", "context": "快件已送达"}
    for state in ("0", "3"):
        result = {"nu": WAYBILL, "com": "shunfeng", "state": state, "data": [line]}
        push(json.dumps({"lastResult": result}, ensure_ascii=False))
    parcel = the_parcel(order)
    assert parcel.status is ShipmentStatus.DELIVERED
    assert parcel.delivered_at is not None
    assert len(parcel.events) == 1


def test_a_pick_up_seen_before_we_wrote_the_parcel_down_counts(ctx: Flask) -> None:
    order = a_shipped_order()
    push(told((-3, "103")))
    assert the_parcel(order).status is ShipmentStatus.PICKED_UP


def test_an_order_is_delivered_when_all_its_parcels_are(ctx: Flask) -> None:
    one, two = a_cooperative(), a_cooperative()
    first, second = a_sku(cooperative=one, on_hand=9), a_sku(cooperative=two, on_hand=9)
    order = a_paid_order({first: 2, second: 1})
    ship(a_manager(one), order, "SF1111111111", lines=[(first, 1)])
    push(told((10, "3"), waybill="SF1111111111"))
    assert now_is(order).status is OrderStatus.PARTIALLY_SHIPPED
    ship(a_manager(one), order, "SF2222222222")
    ship(a_manager(two), order, "SF3333333333")
    push(told((12, "3"), waybill="SF3333333333"))
    assert now_is(order).status is OrderStatus.SHIPPED
    push(told((11, "3"), waybill="SF2222222222"))
    seen = now_is(order)
    assert (seen.status, seen.delivered_at) == (OrderStatus.DELIVERED, NOON + 12 * HOUR)


def test_a_parcel_left_at_a_station_starts_no_clock_until_it_is_fetched(ctx: Flask) -> None:
    order = a_shipped_order(fresh=True)
    push(told((20, "501")))
    assert the_parcel(order).status is ShipmentStatus.READY_FOR_PICKUP
    push(told((24, "304")))
    assert (the_parcel(order).status, the_parcel(order).delivered_at) == ("delivered", None)
    assert (now_is(order).status, now_is(order).delivered_at) == (OrderStatus.DELIVERED, None)
    push(told((30, "301")))
    assert now_is(order).delivered_at == NOON + 30 * HOUR


def test_a_week_of_silence_at_a_station_counts_as_fetched(ctx: Flask) -> None:
    order = a_shipped_order()
    push(told((24, "304")))
    assert tracking.start_station_clocks(NOON + timedelta(days=7)) == 0
    later = NOON + timedelta(days=9)
    assert tracking.start_station_clocks(later) == 1
    assert now_is(order).delivered_at == later
    assert tracking.start_station_clocks(later) == 0


def test_a_report_before_its_parcel_waits_and_is_heard_then(ctx: Flask) -> None:
    """FAULTS 64: an unknown number is parked, shown to a person, and never lost."""
    push(told((2, "103"), (20, "3")))
    (event,) = db.session.scalars(select(InboxEvent)).all()
    assert event.status is InboxStatus.PARKED
    (task,) = open_tasks(TaskKind.PARKED_EVENT)
    assert task.ref == f"inbox:{event.id}"
    order = a_shipped_order()
    assert the_parcel(order).status is ShipmentStatus.DELIVERED
    assert now_is(order).status is OrderStatus.DELIVERED
    assert db.session.get_one(InboxEvent, event.id).status is InboxStatus.APPLIED
    assert open_tasks(TaskKind.PARKED_EVENT) == []


def test_a_number_of_another_carrier_is_not_this_parcel(ctx: Flask) -> None:
    """FAULTS 63, 64: the same digits at another carrier belong to somebody else."""
    order = a_shipped_order()
    push(told((20, "3"), carrier="zhongtong"))
    push(told((20, "3"), carrier="feimaotui"))
    assert the_parcel(order).events == []
    assert now_is(order).status is OrderStatus.SHIPPED
    statuses = db.session.scalars(select(InboxEvent.status)).all()
    assert statuses == [InboxStatus.PARKED, InboxStatus.PARKED]


def test_a_number_used_again_long_after_is_not_this_parcel(ctx: Flask) -> None:
    order = a_shipped_order()
    push(told((24, "3")))
    push(told((24 * 90, "103")))
    assert [event.code for event in the_parcel(order).events] == ["3"]
    reasons = db.session.scalars(select(InboxEvent.reason).order_by(InboxEvent.id)).all()
    assert reasons == [None, "the number was used again"]


def test_a_report_about_no_parcel_is_ignored(ctx: Flask) -> None:
    push(json.dumps({"status": "abort", "lastResult": {"message": "3 天无记录"}}))
    assert db.session.scalars(select(InboxEvent.status)).all() == [InboxStatus.IGNORED]


def test_the_same_report_from_many_sides_at_once_is_heard_once(ctx: Flask, race: Race) -> None:
    order = a_shipped_order()
    param = told((2, "103"), (20, "3"))
    assert race(8, lambda _: push(param)) == [None] * 8
    assert [event.code for event in the_parcel(order).events] == ["103", "3"]
    assert db.session.scalar(select(func.count()).select_from(InboxEvent)) == 1
    history = [row.to_status for row in orders.history(order.id)]
    assert history.count("delivered") == 1


def test_a_report_stored_before_a_crash_is_applied_by_the_job(
    ctx: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = a_shipped_order()
    with monkeypatch.context() as crashed:
        crashed.setattr(tracking, "_try", lambda event_id, now: False)
        push(told((20, "3")))
    assert now_is(order).status is OrderStatus.SHIPPED
    db.session.rollback()
    assert tracking.apply_waiting(NOON) == 1
    assert now_is(order).status is OrderStatus.DELIVERED
    assert tracking.apply_waiting(NOON) == 0


def test_a_poisonous_report_stops_no_other_and_ends_with_a_person(
    ctx: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = a_shipped_order()
    with monkeypatch.context() as broken:
        broken.setattr(tracking.parked, "read", lambda payload: 1 / 0)
        push(told((20, "3")))
        for _ in range(12):
            tracking.apply_waiting(NOON)
    (event,) = db.session.scalars(select(InboxEvent)).all()
    assert event.status is InboxStatus.DEAD
    assert len(open_tasks(TaskKind.PARKED_EVENT)) == 1
    push(told((21, "301")))
    assert now_is(order).status is OrderStatus.DELIVERED


def by_hand(order: Order, actor: object, status: str, **other: object) -> int:
    given: dict[str, object] = {"note": None, "occurred_at": None, "now": NOON, **other}
    return tracking.record_event(
        actor=actor,  # type: ignore[arg-type]
        number=order.number,
        shipment_id=the_parcel(order).id,
        status=ShipmentStatus(status),
        **given,  # type: ignore[arg-type]
    )


def test_a_keeper_writes_down_what_no_carrier_reports(ctx: Flask) -> None:
    order = a_shipped_order()
    home = db.session.scalars(select(Shipment)).one().cooperative_id
    keeper = an_actor(seat=(Role.KEEPER, home))
    by_hand(order, keeper, "in_transit", note="已到镇上")
    by_hand(order, keeper, "in_transit", note="已到镇上")
    by_hand(order, keeper, "delivered", occurred_at=NOON + 4 * timedelta(minutes=1))
    parcel = the_parcel(order)
    assert [(e.status, e.text) for e in parcel.events] == [
        ("in_transit", "已到镇上"),
        ("delivered", ""),
    ]
    assert now_is(order).status is OrderStatus.DELIVERED
    for stranger in (an_actor(), a_manager(a_cooperative())):
        with pytest.raises(NotFound):
            by_hand(order, stranger, "delivered")
    with pytest.raises(Invalid):
        by_hand(order, keeper, "returned", occurred_at=NOON + HOUR)


@pytest.mark.parametrize(
    ("code", "fresh", "kind"),
    [
        ("202", True, TaskKind.LATE_PARCEL),
        ("208", True, TaskKind.LATE_PARCEL),
        ("202", False, None),
        ("205", False, TaskKind.LATE_PARCEL),
        ("209", False, TaskKind.CLAIM),
        ("14", False, TaskKind.CLAIM),
        ("4", False, TaskKind.CLAIM),
    ],
)
def test_trouble_on_the_way_is_one_task_for_its_cooperative(
    ctx: Flask, code: str, fresh: bool, kind: TaskKind | None
) -> None:
    """FAULTS 65: the same trouble reported three times asks for one decision."""
    order = a_shipped_order(fresh=fresh)
    for hour in (20, 21, 22):
        push(told((hour, code)))
    if kind is None:
        db.session.rollback()
        assert db.session.scalars(select(Task)).all() == []
        return
    (task,) = open_tasks(kind)
    assert task.cooperative_id == the_parcel(order).cooperative_id
    assert task.ref == f"order:{order.number}"
    assert WAYBILL in task.summary


def test_a_parcel_not_sent_by_the_promised_day_is_a_task_until_it_leaves(ctx: Flask) -> None:
    home = a_cooperative()
    sku = a_sku(cooperative=home, on_hand=5)
    order, buyer = a_paid_order({sku: 2}), an_actor()
    cancelled = a_paid_order({sku: 1}, buyer=buyer)
    cancelling.cancel_order(actor=buyer.wearing("buyer"), number=cancelled.number, now=NOON)
    assert tracking.find_late(NOON) == 0
    late = now_is(order).ship_by + HOUR
    assert tracking.find_late(late) == 1
    assert tracking.find_late(late) == 0
    (task,) = open_tasks(TaskKind.LATE_PARCEL)
    assert (task.cooperative_id, task.ref) == (home.id, f"order:{order.number}")
    ship(a_manager(home), order, WAYBILL)
    assert open_tasks(TaskKind.LATE_PARCEL) == []


def test_an_order_left_behind_its_parcels_is_caught_up(ctx: Flask) -> None:
    one, two = a_cooperative(), a_cooperative()
    first, second = a_sku(cooperative=one, on_hand=9), a_sku(cooperative=two, on_hand=9)
    buyer = an_actor()
    order = a_paid_order({first: 1, second: 1}, buyer=buyer)
    ship(a_manager(one), order, WAYBILL)
    push(told((20, "3")))
    cancelling.cancel_order(actor=buyer.wearing("buyer"), number=order.number, now=NOON)
    assert now_is(order).status in {OrderStatus.SHIPPED, OrderStatus.DELIVERED}
    db.session.rollback()
    tracking.follow_parcels(NOON)
    assert now_is(order).status is OrderStatus.DELIVERED


class Answering:
    """A carrier's desk that counts its questions."""

    def __init__(self, param: str) -> None:
        self.param = param
        self.asked: list[str] = []

    def ask(self, carrier: object, *, waybill_no: str, **_: object) -> object:
        self.asked.append(waybill_no)
        form = {"param": self.param, "sign": sign(self.param, SALT)}
        return Kuaidi100().read_push(form, secrets=[SALT])


def test_a_carrier_is_asked_about_a_number_once_in_half_an_hour(ctx: Flask) -> None:
    order = a_shipped_order()
    desk = Answering(told((2, "1002")))
    for minutes in (0, 1, 29, 31):
        asking.ask_carriers(desk, now=NOON + timedelta(minutes=minutes))  # type: ignore[arg-type]
    assert desk.asked == [WAYBILL, WAYBILL]
    assert the_parcel(order).status is ShipmentStatus.IN_TRANSIT
    desk.param = told((3, "301"))
    asking.ask_carriers(desk, now=NOON + 5 * HOUR)  # type: ignore[arg-type]
    asking.ask_carriers(desk, now=NOON + 9 * HOUR)  # type: ignore[arg-type]
    assert len(desk.asked) == 3
    assert now_is(order).status is OrderStatus.DELIVERED
    assert db.session.scalar(select(func.count()).select_from(ShipmentEvent)) == 2


def test_two_workers_do_not_ask_about_one_number(ctx: Flask, race: Race) -> None:
    a_shipped_order()
    desk = Answering(told((2, "1002")))
    race(4, lambda _: asking.ask_carriers(desk, now=NOON))  # type: ignore[arg-type]
    assert desk.asked == [WAYBILL]
