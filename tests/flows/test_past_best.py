"""What is past its best is never sold: it leaves on hand as soon as nobody is promised it."""

import sys
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import func, select, update

from shop.db import changed, db, transactional
from shop.domain.accounts.states import Role
from shop.domain.inventory import expiry, holds
from shop.domain.inventory import queries as inventory
from shop.domain.inventory.errors import OutOfStock
from shop.domain.inventory.ledger import record
from shop.domain.inventory.models import Lot, Stock, StockMove
from shop.domain.inventory.states import AdjustReason, MoveKind
from shop.domain.live.models import LiveItem
from shop.domain.orders.models import Order
from shop.domain.orders.states import CancelReason, OrderStatus
from shop.domain.payments.states import PaymentStatus, RefundCause
from shop.domain.villages.models import Cooperative
from shop.flows import cancelling, going_live, holding, stocking
from shop.kernel.actor import Actor
from shop.kernel.clock import local_date, next_midnight
from shop.kernel.errors import Invalid
from tests.builders import a_cooperative, a_manager, a_sku, an_actor
from tests.conftest import NOON, Race
from tests.invariants import assert_sound
from tests.money import a_deal, a_lot, a_paid, a_payment, an_event, place, told
from tests.naive import a_moment, assert_breaks, on_postgresql
from tests.seen import item, order_now, payment_now, refunds_of, stock

TODAY = NOON.date()
DAY = timedelta(days=1)
MIDNIGHT = next_midnight(NOON)
LATE = MIDNIGHT - timedelta(minutes=1)
THREE = MIDNIGHT + timedelta(hours=3)


@pytest.fixture
def home(ctx: Flask) -> Cooperative:
    return a_cooperative()


@pytest.fixture
def keeper(home: Cooperative) -> Actor:
    return a_manager(home, role=Role.KEEPER)


def correct(lot: Lot, delta: int, keeper: Actor, **other: object) -> Lot:
    about = {"reason": AdjustReason.COUNTED, "note": None, "now": THREE} | other
    return stocking.correct_lot(actor=keeper, code=lot.code, delta=delta, **about)  # type: ignore[arg-type]


def test_money_that_finds_no_fresh_lot_goes_back(home: Cooperative) -> None:
    sku = a_sku(cooperative=home)
    a_lot(sku, 2, best_before=TODAY)
    order = place({sku: 1}, now=LATE)
    payment = a_payment(order)
    told(an_event(payment, order), now=MIDNIGHT + timedelta(minutes=1))
    closed = order_now(order)
    assert (closed.status, closed.cancel_reason) == (OrderStatus.CANCELLED, CancelReason.NO_STOCK)
    assert payment_now(payment.id).status is PaymentStatus.REFUND_DUE
    assert [r.cause for r in refunds_of(order)] == [RefundCause.NO_STOCK]
    assert stock(sku) == (0, 0, 0)
    assert_sound()


def test_expired_units_are_written_off_but_not_those_still_promised(home: Cooperative) -> None:
    sku = a_sku(cooperative=home)
    a_lot(sku, 5, best_before=TODAY)
    a_lot(sku, 3, best_before=TODAY + 9 * DAY)
    order = place({sku: 6})
    tomorrow = NOON + DAY
    assert stocking.write_off_expired(NOON) == 0
    assert stocking.write_off_expired(tomorrow) == 2
    assert stock(sku) == (6, 6, 0)
    assert stocking.write_off_expired(tomorrow) == 0
    cancelling.expire_order(order.id, now=tomorrow)
    assert stock(sku) == (3, 0, 0)
    assert stocking.write_off_expired(tomorrow) == 0
    assert_sound()


def test_units_promised_at_midnight_do_not_come_back_to_be_sold(home: Cooperative) -> None:
    host = an_actor(roles=(Role.HOST,))
    sku = a_sku(cooperative=home, live_floor_fen=1)
    a_lot(sku, 10, best_before=TODAY)
    deal = a_deal(host=host, sku=sku, live_price_fen=100, allotment=5)
    shelf, room = place({sku: 4}, now=LATE), place([replace(deal, quantity=2)], now=LATE)
    assert stocking.write_off_expired(MIDNIGHT) == 4
    assert stock(sku) == (6, 4, 2)
    with pytest.raises(OutOfStock):
        place([deal], now=THREE)
    session_id = db.session.get_one(LiveItem, deal.live_item_id).session_id
    going_live.end(session_id, actor=host, now=MIDNIGHT)
    for order in (shelf, room):
        cancelling.expire_order(order.id, now=THREE)
    assert stock(sku) == (0, 0, 0)
    with pytest.raises(OutOfStock):
        place({sku: 1}, now=THREE)
    assert_sound()


def test_the_next_buyer_takes_over_no_expired_units(home: Cooperative) -> None:
    sku = a_sku(cooperative=home)
    a_lot(sku, 4, best_before=TODAY)
    place({sku: 4}, now=LATE)
    with pytest.raises(OutOfStock):
        place({sku: 1}, now=THREE)
    assert stock(sku) == (0, 0, 0)
    a_lot(sku, 5, best_before=TODAY + 9 * DAY, now=THREE)
    place({sku: 5}, now=THREE)
    assert stock(sku) == (5, 5, 0)
    assert_sound()


def test_a_room_keeps_what_fresh_lots_can_serve(home: Cooperative) -> None:
    sku = a_sku(cooperative=home, live_floor_fen=1)
    a_lot(sku, 6, best_before=TODAY)
    a_lot(sku, 4, best_before=TODAY + 9 * DAY)
    deal = a_deal(sku=sku, live_price_fen=100, allotment=7)
    assert stocking.write_off_expired(MIDNIGHT) == 6
    assert stock(sku) == (4, 0, 4)
    place([replace(deal, quantity=4)], now=THREE)
    assert item(deal.live_item_id) == (4, 0)
    assert_sound()


def test_a_cancelled_order_gives_expired_units_back_to_nobody(home: Cooperative) -> None:
    sku = a_sku(cooperative=home)
    a_lot(sku, 3, best_before=TODAY)
    buyer = an_actor()
    order = a_paid({sku: 2}, buyer=buyer)
    cancelling.cancel_order(actor=buyer.wearing("buyer"), number=order.number, now=THREE)
    assert order_now(order).status is OrderStatus.CANCELLED
    assert stock(sku) == (0, 0, 0)
    moves = db.session.execute(
        select(StockMove.kind, func.sum(StockMove.on_hand_delta)).group_by(StockMove.kind)
    )
    assert {kind: units for kind, units in moves if units} == {
        MoveKind.RECEIPT: 3,
        MoveKind.CONSUME: -2,
        MoveKind.RETURN: 2,
        MoveKind.ADJUST: -3,
    }
    assert_sound()


def test_an_expired_lot_is_counted_down_and_never_up(home: Cooperative, keeper: Actor) -> None:
    sku = a_sku(cooperative=home)
    lot = a_lot(sku, 5, best_before=TODAY)
    correct(lot, -2, keeper, now=NOON)
    for reason in (AdjustReason.COUNTED, AdjustReason.RETURNED):
        with pytest.raises(Invalid) as refused:
            correct(lot, 2, keeper, reason=reason)
        assert refused.value.errors[0]["code"] == "expired"
    correct(lot, -1, keeper)
    correct(lot, 1, keeper, now=NOON)
    assert stock(sku) == (3, 0, 0)
    assert_sound()


def test_one_sku_that_cannot_be_written_off_stops_no_other(
    home: Cooperative, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = (a_sku(cooperative=home) for _ in range(2))
    for sku in (first, second):
        a_lot(sku, 2, best_before=TODAY)
    careful = expiry.write_off

    def fails_once(sku: str, **about: object) -> int:
        if sku == first:
            raise Invalid("a correction came between")
        return careful(sku, **about)  # type: ignore[arg-type]

    with monkeypatch.context() as patched:
        patched.setattr(expiry, "write_off", fails_once)
        assert stocking.write_off_expired(MIDNIGHT) == 2
    assert (stock(first), stock(second)) == ((2, 0, 0), (0, 0, 0))
    assert stocking.write_off_expired(MIDNIGHT) == 2
    assert_sound()


@transactional
def released(order: Order) -> int:
    """What a sweeper does to a promise."""
    return holding.release(holds.of_order(order.id), now=THREE)


def at_once(race: Race, home: Cooperative, keeper: Actor) -> list[object]:
    """A write-off, a correction and the end of a hold meet over one lot; gives what they raised."""
    sku = a_sku(cooperative=home)
    lot = a_lot(sku, 9, best_before=TODAY)
    order = place({sku: 3}, now=LATE)
    steps = [
        lambda: stocking.write_off_expired(THREE),
        lambda: correct(lot, -2, keeper),
        lambda: released(order),
        lambda: stocking.write_off_expired(THREE),
    ]
    found = race(4, lambda number: steps[number]())
    stocking.write_off_expired(THREE)
    assert stock(sku)[1:] == (0, 0)
    wrong = [x for x in found if isinstance(x, Exception) and not isinstance(x, OutOfStock)]
    return wrong if stock(sku)[0] == 0 else [*wrong, stock(sku)]


def test_write_offs_and_corrections_meet_without_losing_a_unit(
    home: Cooperative, keeper: Actor, race: Race
) -> None:
    for _ in range(3):
        assert at_once(race, home, keeper) == []
    assert_sound()


def read_then_write_off(sku: str, *, now: datetime) -> int:
    """``expiry.write_off`` without the counter's lock."""
    free = inventory.available([sku])[sku]
    for lot in inventory.expired_lots(sku, local_date(now)):
        units = min(lot.on_hand, free)
        a_moment()
        if units <= 0:
            continue
        for table, where in ((Stock, Stock.sku == sku), (Lot, Lot.id == lot.id)):
            changed(
                update(table)
                .where(where)
                .values(on_hand=table.on_hand - units)
                .execution_options(synchronize_session=False)
            )
        record(
            MoveKind.ADJUST,
            sku=sku,
            cooperative_id=lot.cooperative_id,
            on_hand=-units,
            lot_id=lot.id,
            reason=AdjustReason.EXPIRED,
            now=now,
        )
    return 0


@on_postgresql
def test_naive_twin_writes_off_what_it_read(
    home: Cooperative, keeper: Actor, race: Race, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(expiry, "write_off", read_then_write_off)
    logged: list[object] = []
    monkeypatch.setattr(stocking.log, "exception", lambda *_: logged.append(sys.exc_info()[1]))
    assert_breaks(
        lambda: [*at_once(race, home, keeper), *logged],
        wrong=lambda found: any(isinstance(x, tuple) for x in found),
    )
