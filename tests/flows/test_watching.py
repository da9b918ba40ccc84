"""The room's pulse: viewers, paid orders with masked names, stock states; each change told once."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import update

from shop.db import db, transactional
from shop.domain.catalog.models import Product
from shop.domain.catalog.states import ProductStatus
from shop.domain.live import queries, shelf
from shop.domain.live.errors import GateIncomplete
from shop.domain.live.states import ON_AIR, SessionStatus
from shop.domain.orders.models import Order
from shop.domain.villages.models import Cooperative
from shop.domain.villages.states import PlaceStatus
from shop.flows import checkout, going_live, linking, pinning, places, watching
from shop.flows.drafting import OrderRequest, Placed
from shop.kernel.errors import IllegalMove
from shop.reads import console
from shop.reads import live as rooms
from shop.reads.pricing import PERISHABLE_CONSENT, Wish
from tests.builders import a_cooperative, a_sku, an_actor, an_operator
from tests.conftest import NOON, Race
from tests.live_builders import a_host, a_live_show, events_of, item_row, put_in, tick_all, types_of
from tests.naive import assert_breaks
from tests.paid_orders import SHIP_TO, TERMS, pay
from tests.seen import numbered

LATER = NOON + timedelta(seconds=3)


def bought(item: int, *, name: str = "李四", quantity: int = 1, now: datetime = NOON) -> Order:
    request = OrderRequest(
        wishes=[Wish(sku=item_row(item).sku, quantity=quantity, live_item_id=item)],
        ship_to=SHIP_TO,
        consents=[PERISHABLE_CONSENT],
    )
    placed = checkout.place_order(request, actor=an_actor(name=name), terms=TERMS, now=now)
    assert isinstance(placed, Placed)
    return numbered(placed.number)


def told(show: int, type_: str) -> list[dict[str, object]]:
    return [event.data for event in events_of(show) if event.type == type_]


def test_viewers_are_told_when_their_number_changes(ctx: Flask) -> None:
    show, _ = a_live_show(host=a_host())
    assert watching.tick(show, viewers=3, now=NOON)
    assert not watching.tick(show, viewers=3, now=NOON)
    assert not watching.tick(show, viewers=None, now=NOON)
    assert watching.tick(show, viewers=1, now=NOON)
    assert told(show, "viewers") == [{"count": 3}, {"count": 1}]
    session = queries.session(show)
    assert session is not None
    assert (session.viewers, session.peak_viewers) == (1, 3)


def test_orders_are_told_once_paid_together_and_masked(ctx: Flask) -> None:
    show, (item,) = a_live_show(host=a_host(), allotment=20)
    early, late = bought(item, name="李四"), bought(item, name="欧阳小红")
    watching.tick(show, viewers=None, now=LATER)
    assert told(show, "order.tick") == []
    pay(late.id)
    pay(early.id)
    assert watching.tick(show, viewers=None, now=LATER)
    assert not watching.tick(show, viewers=None, now=LATER)
    assert told(show, "order.tick") == [{"orders": 2, "buyers_masked": ["欧**", "李**"]}]


def test_an_order_paid_after_a_later_one_is_told_too(ctx: Flask) -> None:
    show, (item,) = a_live_show(host=a_host(), allotment=20)
    first, second = bought(item), bought(item)
    pay(second.id)
    watching.tick(show, viewers=None, now=LATER)
    pay(first.id, now=LATER)
    watching.tick(show, viewers=None, now=LATER + timedelta(seconds=3))
    assert [one["orders"] for one in told(show, "order.tick")] == [1, 1]


def test_another_rooms_orders_are_not_told(ctx: Flask) -> None:
    host = a_host()
    show, _ = a_live_show(host=host)
    _, (elsewhere,) = a_live_show(host=host)
    pay(bought(elsewhere).id)
    assert not watching.tick(show, viewers=None, now=LATER)


def _race_of_ticks(race: Race) -> tuple[int, int, list[Any]]:
    """A room in which three orders were paid is ticked by six: its id, its item, what they gave."""
    show, (item,) = a_live_show(host=a_host(), allotment=12)
    for _ in range(3):
        pay(bought(item).id)
    return show, item, race(6, lambda _: watching.tick(show, viewers=7, now=LATER))


def orders_told(show: int) -> int:
    return sum(one["orders"] for one in told(show, "order.tick"))  # type: ignore[misc]


def test_many_processes_tell_each_change_once(ctx: Flask, race: Race) -> None:
    show, item, results = _race_of_ticks(race)
    assert not [result for result in results if isinstance(result, Exception)]
    assert orders_told(show) == 3
    assert told(show, "viewers") == [{"count": 7}]
    assert told(show, "stock.state") == [{"item_id": item, "stock": "low"}]


def test_naive_twin_tells_an_order_as_often_as_it_is_looked_for(
    ctx: Flask, race: Race, monkeypatch: pytest.MonkeyPatch
) -> None:
    move_on = watching._move_on
    monkeypatch.setattr(watching, "_move_on", lambda *what, **seen: [move_on(*what, **seen)])
    assert_breaks(lambda: [orders_told(_race_of_ticks(race)[0])], wrong=lambda told: told[0] > 3)


def test_a_turned_stock_state_is_told_and_never_a_number(ctx: Flask) -> None:
    show, (item,) = a_live_show(host=a_host(), on_hand=30, allotment=12)
    bought(item, quantity=5)
    watching.tick(show, viewers=None, now=LATER)
    bought(item, quantity=7)
    watching.tick(show, viewers=None, now=LATER)
    assert [one["stock"] for one in told(show, "stock.state")] == ["low", "sold_out"]


def test_goods_that_leave_the_shop_leave_shelf_and_card(ctx: Flask) -> None:
    host = a_host()
    show, (item,) = a_live_show(host=host)
    pinning.pin(show, item, actor=host, now=NOON)
    _block()
    assert watching.tick(show, viewers=None, now=LATER)
    assert shelf.open_pin(show) is None
    assert types_of(show)[-2:] == ["item.update", "pin.clear"]
    assert told(show, "item.update")[-1]["status"] == "off"


@transactional
def _block() -> None:
    db.session.execute(update(Product).values(status=ProductStatus.BLOCKED))


def test_goods_of_a_suspended_cooperative_leave_shelf_card_and_gate(ctx: Flask) -> None:
    host, home = a_host(), a_cooperative()
    show, (other,) = a_live_show(host=host)
    sku = a_sku(cooperative=home, on_hand=20)
    item = linking.add_item(show, actor=host, now=NOON, sku=sku)
    pinning.pin(show, item, actor=host, now=NOON)
    _set_status(home, PlaceStatus.SUSPENDED)
    shown = rooms.item(show, item)
    assert (shown.status, shown.stock, shown.is_on_sale) == ("off", "sold_out", False)
    assert watching.tick(show, viewers=None, now=LATER)
    assert shelf.open_pin(show) is None
    assert (told(show, "item.update")[-1]["id"], types_of(show)[-1]) == (item, "pin.clear")
    with pytest.raises(IllegalMove):
        pinning.pin(show, item, actor=host, now=LATER)
    put_in(show, SessionStatus.SCHEDULED)
    tick_all(show)
    with pytest.raises(GateIncomplete) as refused:
        going_live.start(show, actor=host, now=NOON)
    assert [(e["pointer"], e["code"]) for e in refused.value.errors] == [
        ("/items/2", "not-on-sale")
    ]
    _set_status(home, PlaceStatus.ACTIVE)
    going_live.start(show, actor=host, now=NOON)
    pinning.pin(show, item, actor=host, now=LATER)
    assert rooms.item(show, other).status == "on"


def _set_status(home: Cooperative, status: PlaceStatus) -> None:
    places.set_cooperative_status(actor=an_operator(), cooperative_id=home.id, status=status)


@pytest.mark.parametrize("status", [s for s in SessionStatus if s not in ON_AIR])
def test_a_room_off_air_has_no_pulse(ctx: Flask, status: SessionStatus) -> None:
    show, _ = a_live_show(host=a_host())
    put_in(show, status)
    assert not watching.tick(show, viewers=9, now=LATER)


def test_the_console_counts_paid_and_unpaid_apart(ctx: Flask) -> None:
    show, (item,) = a_live_show(host=a_host(), allotment=20)
    pay(bought(item, name="王五", quantity=2).id)
    bought(item, name="赵六")
    session = queries.session(show)
    assert session is not None
    found = console.figures(session)
    assert (found.orders, found.unpaid, found.buyers, found.units) == (1, 1, 1, 2)
    assert found.paid_fen == found.net_fen == 2 * 3680
    last = console.last_orders(show, now=NOON + timedelta(minutes=9))
    assert [(one.name, one.quantity, one.paid) for one in last] == [
        ("赵**", 1, False),
        ("王**", 2, True),
    ]
    assert console.last_orders(show, now=NOON + timedelta(minutes=11)) == []
