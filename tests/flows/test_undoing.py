"""Undoing a hand-over: the parcel is void, its units are to be sent, its number is free."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, update

from shop.db import db
from shop.domain.accounts.states import Role
from shop.domain.compliance import queries as tasks
from shop.domain.logistics import queries as parcels
from shop.domain.logistics import service as logistics
from shop.domain.logistics.models import Shipment
from shop.domain.logistics.states import ShipmentStatus
from shop.domain.notices.models import Message
from shop.domain.orders import queries as order_queries
from shop.domain.orders import service as orders
from shop.domain.orders.errors import OrderStateConflict
from shop.domain.orders.models import Order, OrderLine
from shop.flows import completing, shipping, tracking, undoing
from shop.kernel.actor import Actor
from shop.kernel.errors import IllegalMove, NotFound
from shop.reads import audit
from tests.builders import a_cooperative, a_manager, a_sku, an_actor
from tests.conftest import NOON, Race
from tests.invariants import assert_sound
from tests.money import a_paid, refund
from tests.naive import assert_breaks, on_postgresql, on_sqlite, unexpected, unlocked
from tests.pages.goods_reader import Reader
from tests.seen import order_now, stock

SOON = NOON + timedelta(minutes=9)


class Sent:
    """A paid order of one cooperative: 3 of a SKU, 1 of another."""

    def __init__(self) -> None:
        self.home = a_cooperative()
        self.keeper = a_manager(self.home, role=Role.KEEPER)
        self.sku = a_sku(cooperative=self.home, on_hand=50)
        self.other = a_sku(cooperative=self.home, on_hand=50)
        self.buyer = an_actor()
        self.order = a_paid({self.sku: 3, self.other: 1}, buyer=self.buyer)

    def ship(self, waybill_no: str = "SF1234567890", **units: int) -> int:
        lines = {self.sku: units.get("sku", 3), self.other: units.get("other", 1)}
        return shipping.hand_over(
            actor=self.keeper,
            number=self.order.number,
            carrier="SF",
            waybill_no=waybill_no,
            lines=[(sku, count) for sku, count in lines.items() if count],
            now=NOON,
        )

    def undo(self, made: int, *, actor: Actor | None = None, now: datetime = SOON) -> None:
        undoing.undo_hand_over(
            actor=actor or self.keeper, number=self.order.number, shipment_id=made, now=now
        )

    @property
    def seen(self) -> tuple[str, list[int]]:
        order = order_now(self.order)
        found = str(order.status), [line.shipped for line in order.lines]
        db.session.rollback()
        return found


@pytest.fixture
def sent(ctx: Flask) -> Sent:
    return Sent()


def assert_audited() -> None:
    assert_sound()
    db.session.rollback()
    assert audit.violations(NOON) == []
    db.session.rollback()


def test_an_undone_hand_over_leaves_the_order_as_it_was_and_its_number_free(sent: Sent) -> None:
    made = sent.ship()
    before = stock(sent.sku)
    assert sent.seen == ("shipped", [3, 1])
    sent.undo(made)
    assert sent.seen == ("paid", [0, 0])
    assert order_now(sent.order).shipped_at is None
    (parcel,) = parcels.of_order(sent.order.id)
    assert (parcel.status, parcel.label, parcel.undone) == ("void", "SF1234567890", True)
    history = order_queries.history(sent.order.id)[-1]
    assert (history.from_status, history.to_status, history.reason) == (
        "shipped", "paid", "hand-over undone",
    )  # fmt: skip
    assert history.actor_id == sent.keeper.user_id
    assert stock(sent.sku) == before
    again = sent.ship()
    assert again != made
    assert sent.seen == ("shipped", [3, 1])
    tracking.record_event(
        actor=sent.keeper,
        number=sent.order.number,
        shipment_id=again,
        status=ShipmentStatus.DELIVERED,
        note=None,
        occurred_at=None,
        now=SOON,
    )
    assert sent.seen[0] == "delivered"
    assert_audited()


@on_sqlite
def test_the_buyer_who_was_told_of_the_parcel_is_told_that_it_has_not_left(sent: Sent) -> None:
    sent.undo(sent.ship())
    told = db.session.scalars(select(Message).order_by(Message.id)).all()
    assert [message.template for message in told][-2:] == ["order-shipped", "hand-over-undone"]
    assert told[-1].variables == {"number": sent.order.number, "waybill_no": "SF1234567890"}


def test_one_of_two_parcels_undone_leaves_a_partly_sent_order(sent: Sent) -> None:
    first = sent.ship(sku=2, other=0)
    second = sent.ship("SF1234567891", sku=1, other=1)
    sent.undo(second)
    assert sent.seen == ("partially_shipped", [2, 0])
    sent.undo(first)
    assert sent.seen == ("paid", [0, 0])
    assert_audited()


def test_a_late_part_is_late_again(sent: Sent) -> None:
    late = NOON + timedelta(days=30)
    assert tracking.find_late(late) == 1
    made = sent.ship()
    sent.undo(made)
    db.session.rollback()
    assert tracking.find_late(late) == 0
    assert sum(tasks.open_count(cooperative_ids=None).values()) == 1


def test_what_left_was_reported_or_was_paid_back_is_not_undone(sent: Sent) -> None:
    made = sent.ship()
    with pytest.raises(NotFound):
        sent.undo(made, actor=a_manager(a_cooperative()))
    with pytest.raises(NotFound):
        sent.undo(made, actor=a_manager(sent.home, role=Role.CLERK))
    with pytest.raises(IllegalMove):
        sent.undo(made, now=NOON + timedelta(minutes=11))
    refund(sent.order, lines={sent.sku: 1})
    with pytest.raises(OrderStateConflict):
        sent.undo(made)
    assert sent.seen == ("shipped", [3, 1])
    reported = Sent()
    parcel = reported.ship("SF1234567899")
    _record(reported, parcel)
    with pytest.raises(IllegalMove):
        reported.undo(parcel)
    finished = Sent()
    parcel = finished.ship("SF1234567898")
    completing.confirm_receipt(actor=finished.buyer, number=finished.order.number, now=NOON)
    with pytest.raises(OrderStateConflict):
        finished.undo(parcel)
    assert_audited()


def _record(sent: Sent, parcel: int) -> None:
    tracking.record_event(
        actor=sent.keeper,
        number=sent.order.number,
        shipment_id=parcel,
        status=ShipmentStatus.PICKED_UP,
        note=None,
        occurred_at=None,
        now=NOON,
    )


@on_sqlite
def test_an_undone_hand_over_is_over(sent: Sent) -> None:
    made = sent.ship()
    sent.undo(made)
    for act in (lambda: sent.undo(made), lambda: _record(sent, made), lambda: _correct(sent, made)):
        with pytest.raises((IllegalMove, OrderStateConflict)):
            act()
    assert sent.seen == ("paid", [0, 0])


def _correct(sent: Sent, parcel: int) -> None:
    shipping.correct_label(
        actor=sent.keeper,
        number=sent.order.number,
        shipment_id=parcel,
        carrier="SF",
        waybill_no="SF1234567895",
        now=NOON,
    )


@on_sqlite
def test_the_button_stands_on_the_card_while_it_can_be_pressed(ctx: Flask, sent: Sent) -> None:
    made = sent.ship()
    keeper = Reader(ctx, sent.keeper)
    card = f"/coop/orders/{sent.order.number}"
    assert f"{card}/parcels/{made}/undo" in keeper.get(f"{card}?lang=en")
    assert keeper.send(card, {}, to=f"{card}/parcels/{made}/undo").status_code == 303
    page = keeper.get(card)
    assert "The goods are to be sent again" in page
    assert "Called off" in page
    assert f"/parcels/{made}/" not in page
    assert keeper.send(card, {}, to=f"{card}/parcels/{made}/undo").status_code == 303
    assert "can no longer be undone" in keeper.get(card)
    buyer = Reader(ctx, sent.buyer).get(f"/orders/{sent.order.number}?lang=en")
    assert "the parcel had not left after all" in buyer
    assert "SF1234567890~" not in buyer


def undo_twice(race: Race) -> list[Any]:
    """Two keepers undo one hand-over."""
    sent = Sent()
    made = sent.ship(f"SF{sent.order.id:010d}")
    results = race(2, lambda _: sent.undo(made))
    if not unexpected(results):
        assert sent.seen == ("paid", [0, 0])
        assert sorted(type(x).__name__ for x in results) == ["NoneType", "OrderStateConflict"]
    return results


def test_two_who_undo_at_once_return_the_units_once(ctx: Flask, race: Race) -> None:
    for _ in range(3):
        assert unexpected(undo_twice(race)) == []
    assert_audited()


@on_postgresql
def test_the_naive_twin_returns_units_twice(
    ctx: Flask, race: Race, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without locks and guards both read a parcel that has left, and both take it back."""

    def count(line: OrderLine, quantity: int) -> bool:
        db.session.execute(
            update(OrderLine)
            .where(OrderLine.id == line.id)
            .values(shipped=OrderLine.shipped - quantity)
            .execution_options(synchronize_session=False)
        )
        return True

    monkeypatch.setattr(orders, "locked", unlocked(Order))
    monkeypatch.setattr(logistics, "locked", unlocked(Shipment))
    monkeypatch.setattr(orders, "count_unshipped", count)
    assert_breaks(lambda: undo_twice(race))
