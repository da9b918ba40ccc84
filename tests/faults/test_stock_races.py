"""FAULTS 1 to 5 and 10: of many buyers at once none is sold what is not there, none deadlocks."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, update

from shop import db as shop_db
from shop.db import db, insert_into
from shop.domain.audit.service import Kept, KeyedRequest
from shop.domain.inventory import holds
from shop.domain.inventory.models import Stock, StockHold
from shop.domain.inventory.states import HoldState
from shop.domain.live import sales
from shop.domain.live.models import BuyerQuota, LiveItem
from shop.domain.orders.models import Order
from shop.domain.orders.states import OrderStatus
from shop.flows import cancelling, checkout, promising
from shop.kernel.actor import Actor
from shop.reads.pricing import Wish
from tests.builders import a_sku, an_actor, an_operator
from tests.conftest import NOON, Race
from tests.invariants import assert_sound
from tests.lengths import rounds
from tests.money import Wanted, a_deal, age, ask, place
from tests.naive import (
    a_moment,
    assert_breaks,
    no_turns,
    on_postgresql,
    on_sqlite,
    patiently,
    unexpected,
)
from tests.paid_orders import TERMS
from tests.seen import item, order_now, stock

many_lines = pytest.mark.settings(db_pool_size=25)


def buyers(count: int) -> list[Actor]:
    return [an_actor() for _ in range(count)]


def buy(wanted: Wanted, buyer: Actor) -> Any:
    return patiently(lambda: place(wanted, buyer=buyer))


def kinds(results: list[Any]) -> Counter[str]:
    return Counter(type(result).__name__ for result in results)


@many_lines
@pytest.mark.parametrize("crowd", [2, 50])
def test_the_last_unit_is_sold_to_exactly_one_buyer(ctx: Flask, race: Race, crowd: int) -> None:
    people = buyers(crowd)
    for _ in range(rounds(1 if crowd > 2 else 3, 20)):
        sku = a_sku(on_hand=1)
        results = race(crowd, lambda i, sku=sku: buy({sku: 1}, people[i]))  # type: ignore[misc]
        assert kinds(results) == {"Order": 1, "OutOfStock": crowd - 1}
        assert stock(sku) == (1, 1, 0)
    assert_sound()


def read_then_take(sku: str, quantity: int) -> bool:
    """``holds.take_from_shelf`` as it is often written."""
    row = db.session.execute(
        select(Stock.on_hand, Stock.held, Stock.allotted).where(Stock.sku == sku)
    ).one()
    if row.on_hand - row.held - row.allotted < quantity:
        return False
    a_moment()
    db.session.execute(
        update(Stock)
        .where(Stock.sku == sku)
        .values(held=row.held + quantity)
        .execution_options(synchronize_session=False)
    )
    return True


@on_postgresql
def test_naive_twin_sells_the_last_unit_twice(
    ctx: Flask, race: Race, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(holds, "take_from_shelf", read_then_take)
    people = buyers(2)

    def attempt() -> list[Any]:
        sku = a_sku(on_hand=1)
        return race(2, lambda i: place({sku: 1}, buyer=people[i]))

    assert_breaks(attempt, wrong=lambda results: kinds(results)["Order"] > 1)


@on_sqlite
def test_naive_twin_without_turns_shows_buyers_a_locked_database(
    ctx: Flask, race: Race, monkeypatch: pytest.MonkeyPatch
) -> None:
    people, sku = buyers(6), a_sku(on_hand=100)
    monkeypatch.setattr(shop_db, "_writing", no_turns)
    assert_breaks(lambda: race(6, lambda i: place({sku: 1}, buyer=people[i])))


@many_lines
def test_a_hundred_units_go_to_a_hundred_wishes_and_none_is_stranded(
    ctx: Flask, race: Race
) -> None:
    crowd, times = rounds(12, 50), rounds(9, 20)
    deal, people = a_deal(live_price_fen=2900, on_hand=150, allotment=100), buyers(crowd)
    some = race(crowd, lambda i: [buy([deal], people[i]) for _ in range(times)])
    results = [one for found in some for one in found]
    assert kinds(results) == {"Order": 100, "OutOfStock": crowd * times - 100}
    assert (item(deal.live_item_id), stock(deal.sku)) == ((100, 0), (150, 0, 100))
    place({deal.sku: 50})
    assert_sound()
    later = NOON + timedelta(minutes=6)
    place([replace(deal, quantity=100)], now=later)
    assert item(deal.live_item_id) == (100, 0)
    assert_sound()


def read_then_hold(item_id: int, quantity: int) -> bool:
    """``sales.hold`` as it is often written."""
    row = db.session.execute(
        select(LiveItem.allotment, LiveItem.held, LiveItem.sold).where(LiveItem.id == item_id)
    ).one()
    if row.allotment - row.held - row.sold < quantity:
        return False
    a_moment()
    db.session.execute(
        update(LiveItem)
        .where(LiveItem.id == item_id)
        .values(held=row.held + quantity)
        .execution_options(synchronize_session=False)
    )
    return True


@on_postgresql
def test_naive_twin_sells_more_than_the_allotment(
    ctx: Flask, race: Race, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sales, "hold", read_then_hold)
    people = buyers(4)

    def attempt() -> list[Any]:
        deal = a_deal(live_price_fen=2900, on_hand=9, allotment=2)
        return race(4, lambda i: place([deal], buyer=people[i]))

    assert_breaks(attempt, wrong=lambda results: kinds(results)["Order"] > 2)


@many_lines
def test_carts_in_opposite_order_never_deadlock(
    ctx: Flask, race: Race, monkeypatch: pytest.MonkeyPatch
) -> None:
    results, again = race_opposite_carts(race, monkeypatch, crowd=rounds(12, 40))
    assert set(kinds(results)) == {"Order"}
    assert again == []
    assert_sound()


def race_opposite_carts(
    race: Race, monkeypatch: pytest.MonkeyPatch, *, crowd: int
) -> tuple[list[Any], list[Any]]:
    """Half the carts name A before B, half B before A; gives the results, and what ran again."""
    deal = a_deal(live_price_fen=2900, on_hand=100, sku=None)
    one, two = a_sku(on_hand=100), a_sku(on_hand=100)
    people = buyers(crowd)
    wishes = [deal, *ask({one: 1, two: 1}).wishes]
    again: list[Any] = []
    may_run_again = shop_db._may_run_again

    def counted(error: Any) -> bool:
        again.append(error)
        return may_run_again(error)

    monkeypatch.setattr(shop_db, "_may_run_again", counted)
    results = race(crowd, lambda i: buy(wishes if i % 2 else list(reversed(wishes)), people[i]))
    return results, again


@on_postgresql
def test_naive_twin_takes_counters_as_the_cart_names_them_and_deadlocks(
    ctx: Flask, race: Race, monkeypatch: pytest.MonkeyPatch
) -> None:
    take = holds.take_from_shelf

    def slowly(sku: str, quantity: int) -> bool:
        taken = take(sku, quantity)
        a_moment()
        return taken

    monkeypatch.setattr(holds, "take_from_shelf", slowly)
    monkeypatch.setattr(promising, "in_order", list)
    assert_breaks(lambda: race_opposite_carts(race, monkeypatch, crowd=4)[1])


@many_lines
def test_the_per_buyer_maximum_is_exact_in_parallel(ctx: Flask, race: Race) -> None:
    """FAULTS 5: one account presses in twenty windows, each with a key of its own."""
    for _ in range(rounds(1, 20)):
        deal = a_deal(live_price_fen=2900, allotment=9, per_buyer_max=2)
        results = press_in_windows(race, deal, an_actor(), windows=20)
        assert kinds(results) == {"Placed": 2, "PurchaseLimit": 18}
        assert item(deal.live_item_id) == (2, 0)
    assert_sound()


def press_in_windows(race: Race, deal: Wish, buyer: Actor, *, windows: int) -> list[Any]:
    """One buyer, at once in several windows; each presses with another key."""
    keys = [
        KeyedRequest(
            actor=f"u:{buyer.user_id}",
            route="POST /api/v1/orders",
            key=f"window-{number}",
            fingerprint="f" * 64,
        )
        for number in range(windows)
    ]
    return race(
        windows,
        lambda i: patiently(
            lambda: checkout.place_order(
                ask([deal]),
                actor=buyer,
                terms=TERMS,
                key=keys[i],
                answer=lambda placed: Kept(status=201, body=placed.number),
                now=NOON,
            )
        ),
    )


def read_then_count(item_id: int, wanted: Mapping[int, int], *, limit: int) -> set[int]:
    """``sales.take_quotas`` as it is often written."""
    may = set()
    for buyer_id, quantity in wanted.items():
        found = db.session.get(BuyerQuota, (item_id, buyer_id), populate_existing=True)
        taken = (found.taken if found else 0) + quantity
        if taken > limit:
            continue
        a_moment()
        fresh = insert_into(BuyerQuota).values(live_item_id=item_id, buyer_id=buyer_id, taken=taken)
        key = [BuyerQuota.live_item_id, BuyerQuota.buyer_id]
        db.session.execute(fresh.on_conflict_do_update(index_elements=key, set_={"taken": taken}))
        may.add(buyer_id)
    return may


@on_postgresql
def test_naive_twin_lets_one_buyer_take_more_than_the_maximum(
    ctx: Flask, race: Race, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sales, "take_quotas", read_then_count)
    deal = a_deal(live_price_fen=2900, allotment=20, per_buyer_max=2)

    def attempt() -> list[Any]:
        return press_in_windows(race, deal, an_actor(), windows=4)

    assert_breaks(attempt, wrong=lambda results: kinds(results)["Placed"] > 2)


def end_at_once(order: Order, race: Race, *, operator: Actor) -> list[Any]:
    """Buyer, sweeper, operator and the next buyer end one order's promise in the same instant."""
    buyer = an_actor(order.buyer_id).wearing("buyer")
    next_buyer = an_actor()
    sku, number, order_id = order.lines[0].sku, order.number, order.id

    def cancel(actor: Actor) -> Order:
        return cancelling.cancel_order(actor=actor, number=number, now=NOON)

    acts = [
        lambda: cancel(buyer),
        lambda: cancelling.expire_order(order_id, now=NOON),
        lambda: cancel(operator.wearing("operator")),
        lambda: place({sku: 1}, buyer=next_buyer),
    ]
    return race(len(acts), lambda i: acts[i]())


def test_a_promise_ended_by_four_at_once_goes_back_once(ctx: Flask, race: Race) -> None:
    operator = an_operator()
    for _ in range(rounds(5, 100)):
        sku = a_sku(on_hand=1)
        order = place({sku: 1})
        age(order)
        results = end_at_once(order, race, operator=operator)
        assert unexpected(results) == []
        assert isinstance(results[3], Order)
        assert order_now(order).status is OrderStatus.CANCELLED
        assert stock(sku) == (1, 1, 0)
        assert_sound()


def read_then_end(which: Any, state: HoldState, *, now: Any) -> list[holds.Ended]:
    """``holds.end`` as it is often written."""
    found = db.session.scalars(
        select(StockHold)
        .where(which, StockHold.state == HoldState.HELD)
        .execution_options(populate_existing=True)
    ).all()
    a_moment()
    for hold in found:
        hold.state, hold.closed_at = state, now
    db.session.flush()
    return [
        holds.Ended(
            hold_id=hold.id,
            order_id=hold.order_id,
            order_line_id=hold.order_line_id,
            sku=hold.sku,
            live_item_id=hold.live_item_id,
            quantity=hold.quantity,
        )
        for hold in found
    ]


@on_postgresql
def test_naive_twin_gives_a_promise_back_twice(
    ctx: Flask, race: Race, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(holds, "end", read_then_end)
    operator = an_operator()

    def attempt() -> list[Any]:
        order = place({a_sku(on_hand=1): 1})
        age(order)
        return end_at_once(order, race, operator=operator)

    assert_breaks(attempt)
