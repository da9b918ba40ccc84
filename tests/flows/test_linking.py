"""A room's shelf: order without gaps, prices within bounds, allotments that come back."""

from datetime import datetime
from typing import Any

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import update

from shop.db import db
from shop.domain.inventory import service as inventory
from shop.domain.inventory.errors import OutOfStock
from shop.domain.inventory.ledger import record
from shop.domain.inventory.models import Stock
from shop.domain.inventory.queries import available
from shop.domain.inventory.states import MoveKind
from shop.domain.live import shelf
from shop.domain.live.models import LiveSession
from shop.domain.live.shelf import AlreadyLinked
from shop.domain.live.states import SessionStatus
from shop.flows import linking, pinning
from shop.kernel.errors import IllegalMove, Invalid, NotFound
from shop.reads import live as rooms
from tests.builders import a_cooperative, a_product, a_sku, an_actor
from tests.conftest import NOON, Race
from tests.invariants import assert_sound
from tests.live_builders import a_host, a_live_show, a_show, events_of, item_row, types_of
from tests.naive import a_moment, assert_breaks, on_postgresql, unlocked

S = SessionStatus


def numbers(show: int) -> list[tuple[int, int]]:
    return [(item.id, item.seq_no) for item in rooms.items(show)]


def test_items_are_numbered_without_a_gap_when_one_leaves(ctx: Flask) -> None:
    host = a_host()
    show, (a, b, c) = a_live_show(host=host, items=3)
    linking.remove_item(show, b, actor=host, now=NOON)
    assert numbers(show) == [(a, 1), (c, 2)]
    with pytest.raises(NotFound):
        linking.remove_item(show, b, actor=host, now=NOON)


def test_a_sku_stands_once_and_comes_back_to_its_own_row(ctx: Flask) -> None:
    host = a_host()
    show, (item,) = a_live_show(host=host, on_hand=20, allotment=8)
    sku = item_row(item).sku
    with pytest.raises(AlreadyLinked):
        linking.add_item(show, actor=host, now=NOON, sku=sku)
    linking.remove_item(show, item, actor=host, now=NOON)
    assert available([sku])[sku] == 20
    assert linking.add_item(show, actor=host, now=NOON, sku=sku, allotment=5) == item
    assert available([sku])[sku] == 15
    assert rooms.item(show, item).remaining == 5


def _race_of_windows(race: Race, count: int) -> tuple[list[Any], list[int]]:
    """What so many additions at once gave, and the shelf's numbers after them."""
    host = a_host()
    show = a_show(host=host)
    skus = [a_sku(on_hand=5) for _ in range(count)]
    results = race(
        count, lambda i: linking.add_item(show, actor=host, now=NOON, sku=skus[i], allotment=2)
    )
    return results, [seq_no for _, seq_no in numbers(show)]


def test_two_hosts_windows_adding_at_once_leave_no_gap(ctx: Flask, race: Race) -> None:
    results, places = _race_of_windows(race, 8)
    assert not [result for result in results if isinstance(result, Exception)]
    assert places == list(range(1, 9))


@on_postgresql
def test_naive_twin_gives_two_things_one_place(
    ctx: Flask, race: Race, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = unlocked(LiveSession)
    monkeypatch.setattr(linking, "_room", lambda session_id, *_: read(session_id))
    assert_breaks(lambda: _race_of_windows(race, 3)[0])


def _race_for_the_last(race: Race, rooms_: int) -> tuple[list[Any], int]:
    """What so many allotments of 7 from 10 units gave, and what is left in the shop."""
    host = a_host()
    shows = [a_show(host=host) for _ in range(rooms_)]
    sku = a_sku(on_hand=10)
    results = race(
        rooms_, lambda i: linking.add_item(shows[i], actor=host, now=NOON, sku=sku, allotment=7)
    )
    return results, available([sku])[sku]


def test_the_last_units_are_allotted_to_one_room_only(ctx: Flask, race: Race) -> None:
    results, left = _race_for_the_last(race, 6)
    assert sum(isinstance(result, int) for result in results) == 1
    assert sum(isinstance(result, OutOfStock) for result in results) == 5
    assert left == 3
    assert_sound()


def read_then_allot(
    sku: str, quantity: int, *, live_item_id: int, actor_id: int | None, now: datetime
) -> None:
    """``inventory.allot`` as it is often written."""
    found = db.session.get_one(Stock, sku, populate_existing=True)
    allotted = found.allotted + quantity
    if found.on_hand - found.held < allotted:
        raise OutOfStock
    a_moment()
    db.session.execute(update(Stock).where(Stock.sku == sku).values(allotted=allotted))
    record(
        MoveKind.TRANSFER,
        sku=sku,
        cooperative_id=found.cooperative_id,
        allotted=quantity,
        live_item_id=live_item_id,
        actor_id=actor_id,
        now=now,
    )


@on_postgresql
def test_naive_twin_allots_the_last_units_twice(
    ctx: Flask, race: Race, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inventory, "allot", read_then_allot)
    assert_breaks(
        lambda: _race_for_the_last(race, 3)[0],
        wrong=lambda results: sum(isinstance(result, int) for result in results) > 1,
    )


def test_the_order_of_the_shelf_is_what_the_host_says(ctx: Flask) -> None:
    host = a_host()
    show, ids = a_live_show(host=host, items=4)
    turned = [ids[2], ids[0], ids[3], ids[1]]
    linking.reorder(show, actor=host, now=NOON, item_ids=turned)
    assert numbers(show) == list(zip(turned, range(1, 5), strict=True))
    for wrong in (ids[:3], [*ids, ids[0]], [*ids[:3], 10**6]):
        with pytest.raises(Invalid):
            linking.reorder(show, actor=host, now=NOON, item_ids=wrong)


@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(steps=st.lists(st.tuples(st.booleans(), st.integers(0, 9)), max_size=14))
def test_whatever_is_added_and_removed_the_numbers_run_from_one(
    ctx: Flask, steps: list[tuple[bool, int]]
) -> None:
    host = a_host()
    show = a_show(host=host)
    skus = [a_sku(sku=f"P{show}-{i}") for i in range(3)]
    for add, pick in steps:
        standing = rooms.items(show)
        sku = skus[pick % 3]
        if add and sku not in {item.sku for item in standing}:
            linking.add_item(show, actor=host, now=NOON, sku=sku)
        elif not add and standing:
            linking.remove_item(show, standing[pick % len(standing)].id, actor=host, now=NOON)
        assert [seq_no for _, seq_no in numbers(show)] == list(range(1, len(rooms.items(show)) + 1))


def test_a_shelf_holds_a_hundred(ctx: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shelf, "MOST_ITEMS", 2)
    host = a_host()
    show, _ = a_live_show(host=host, items=2)
    with pytest.raises(Invalid) as refused:
        linking.add_item(show, actor=host, now=NOON, sku=a_sku())
    assert refused.value.errors[0]["code"] == "too-many"


@pytest.mark.parametrize(
    ("floor", "price", "code"),
    [
        (3000, 2999, "below-floor"),
        (3000, 3000, None),
        (3000, 3680, None),
        (3000, 3681, "above-price"),
        (None, 3679, "below-floor"),
        (None, 3680, None),
    ],
)
def test_a_live_price_keeps_the_cooperatives_floor(
    ctx: Flask, floor: int | None, price: int, code: str | None
) -> None:
    host = a_host()
    show = a_show(host=host)
    sku = a_sku(price_fen=3680, live_floor_fen=floor)
    if code is None:
        item = linking.add_item(show, actor=host, now=NOON, sku=sku, live_price_fen=price)
        assert rooms.item(show, item).now_fen == price
        return
    with pytest.raises(Invalid) as refused:
        linking.add_item(show, actor=host, now=NOON, sku=sku, live_price_fen=price)
    assert refused.value.errors == [
        {"pointer": "/live_price_fen", "code": code, "detail": refused.value.detail}
    ]


def test_the_cooperatives_own_manager_may_go_below_a_missing_floor(ctx: Flask) -> None:
    home = a_cooperative()
    user = a_host().user_id
    _seat(user, home.id)
    host = an_actor(user)
    show = a_show(host=host)
    sku = a_sku(cooperative=home, price_fen=3680)
    linking.add_item(show, actor=host, now=NOON, sku=sku, live_price_fen=2000)
    with pytest.raises(Invalid):
        linking.add_item(show, actor=host, now=NOON, sku=a_sku(), live_price_fen=2000)


def _seat(user_id: int | None, cooperative_id: int) -> None:
    from shop.db import transactional
    from shop.domain.accounts import seats
    from shop.domain.accounts.states import Role

    @transactional
    def sit() -> None:
        assert user_id is not None
        seats.grant(user_id, role=Role.MANAGER, cooperative_id=cooperative_id, now=NOON)

    sit()


def test_only_goods_on_sale_are_linked(ctx: Flask) -> None:
    host = a_host()
    show = a_show(host=host)
    a_product(sku="DRAFT-1", on_sale=False)
    for sku in ("DRAFT-1", "NOWHERE"):
        with pytest.raises(Invalid) as refused:
            linking.add_item(show, actor=host, now=NOON, sku=sku)
        assert refused.value.errors[0]["pointer"] == "/sku"


def test_an_allotment_moves_between_room_and_shop(ctx: Flask) -> None:
    host = a_host()
    show, (item,) = a_live_show(host=host, on_hand=20, allotment=5)
    sku = item_row(item).sku
    for wanted, left in ((12, 8), (3, 17), (20, 0)):
        linking.change_item(show, item, actor=host, now=NOON, changes={"allotment": wanted})
        assert available([sku])[sku] == left
    with pytest.raises(OutOfStock):
        linking.change_item(show, item, actor=host, now=NOON, changes={"allotment": 21})
    assert item_row(item).allotment == 20
    linking.change_item(show, item, actor=host, now=NOON, changes={"allotment": None})
    assert available([sku])[sku] == 20
    with pytest.raises(IllegalMove):
        linking.change_item(show, item, actor=host, now=NOON, changes={"allotment": 4})


def test_a_refused_addition_takes_nothing_from_the_shelf(ctx: Flask) -> None:
    host = a_host()
    show = a_show(host=host)
    sku = a_sku(on_hand=4)
    with pytest.raises(OutOfStock):
        linking.add_item(show, actor=host, now=NOON, sku=sku, allotment=5)
    assert available([sku])[sku] == 4
    assert rooms.items(show) == []


def test_every_change_is_told_with_a_state_and_never_a_count(ctx: Flask) -> None:
    host = a_host()
    show, (item,) = a_live_show(host=host, on_hand=20, allotment=5)
    linking.change_item(show, item, actor=host, now=NOON, changes={"per_buyer_max": 2})
    told = events_of(show)[-1]
    assert told.type == "item.update"
    assert told.data["per_buyer_max"] == 2
    assert told.data["stock"] == "low"
    assert {"remaining", "sold", "held"}.isdisjoint(told.data)


def test_an_item_that_goes_off_is_no_longer_pinned(ctx: Flask) -> None:
    host = a_host()
    show, (item,) = a_live_show(host=host)
    pinning.pin(show, item, actor=host, now=NOON)
    linking.change_item(show, item, actor=host, now=NOON, changes={"status": "off"})
    assert shelf.open_pin(show) is None
    assert types_of(show)[-2:] == ["pin.clear", "item.update"]


def test_another_hosts_shelf_is_not_found(ctx: Flask) -> None:
    show, (item,) = a_live_show(host=a_host())
    stranger = a_host()
    sku = a_sku()
    for act in (
        lambda: linking.add_item(show, actor=stranger, now=NOON, sku=sku),
        lambda: linking.change_item(show, item, actor=stranger, now=NOON, changes={}),
        lambda: linking.remove_item(show, item, actor=stranger, now=NOON),
        lambda: linking.reorder(show, actor=stranger, now=NOON, item_ids=[item]),
        lambda: pinning.pin(show, item, actor=stranger, now=NOON),
        lambda: pinning.unpin(show, actor=stranger, now=NOON),
    ):
        with pytest.raises(NotFound):
            act()
