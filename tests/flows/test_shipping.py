"""Handing parcels over: whose goods, which number, and what the order becomes."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import func, select, update

from shop.db import db
from shop.domain.accounts.states import Role
from shop.domain.inventory.models import Stock
from shop.domain.logistics import queries as parcels
from shop.domain.logistics.models import Shipment
from shop.domain.logistics.service import WaybillTaken
from shop.domain.notices.models import Message
from shop.domain.orders import queries as orders
from shop.domain.orders.errors import OrderStateConflict
from shop.domain.orders.models import Order, OrderLine
from shop.domain.orders.states import OrderStatus
from shop.domain.payments.models import Refund
from shop.domain.villages.models import Cooperative
from shop.flows import cancelling, refunding, shipping
from shop.kernel.actor import Actor
from shop.kernel.errors import IllegalMove, Invalid, NotFound
from tests.builders import a_cooperative, a_manager, a_sku, an_actor
from tests.conftest import NOON, Race
from tests.paid_orders import a_paid_order, an_order

WAYBILL = "SF1234567890"


def ship(actor: Actor, order: Order | str, waybill_no: str = WAYBILL, **other: object) -> int:
    given: dict[str, object] = {"carrier": "顺丰", "lines": None, "now": NOON, **other}
    return shipping.hand_over(
        actor=actor,
        number=order if isinstance(order, str) else order.number,
        waybill_no=waybill_no,
        **given,  # type: ignore[arg-type]
    )


def now_is(order: Order) -> Order:
    db.session.rollback()
    db.session.expire_all()
    return orders.by_number(order.number)


def two_sellers() -> tuple[Order, Cooperative, str, Cooperative, str]:
    """A paid order of 3 units from one cooperative and 2 from another."""
    one, two = a_cooperative(), a_cooperative()
    first, second = a_sku(cooperative=one, on_hand=9), a_sku(cooperative=two, on_hand=9)
    return a_paid_order({first: 3, second: 2}), one, first, two, second


def test_a_parcel_of_everything_ships_the_order_and_tells_the_buyer(ctx: Flask) -> None:
    home = a_cooperative()
    sku = a_sku(cooperative=home, on_hand=5)
    order = a_paid_order({sku: 3})
    made = ship(a_manager(home, role=Role.KEEPER), order)
    seen = now_is(order)
    assert seen.status is OrderStatus.SHIPPED
    assert seen.shipped_at == NOON
    assert [line.shipped for line in seen.lines] == [3]
    (parcel,) = parcels.of_order(order.id)
    assert (parcel.id, parcel.carrier, parcel.waybill_no) == (made, "shunfeng", WAYBILL)
    told = db.session.scalars(select(Message).where(Message.template == "order-shipped")).one()
    assert told.variables["waybill_no"] == WAYBILL


def test_each_cooperative_ships_its_own_goods_in_its_own_parcel(ctx: Flask) -> None:
    order, one, _, two, _ = two_sellers()
    ship(a_manager(one), order)
    assert now_is(order).status is OrderStatus.PARTIALLY_SHIPPED
    ship(a_manager(two), order, "YT9988776655", carrier="YTO")
    assert now_is(order).status is OrderStatus.SHIPPED
    assert [p.cooperative_id for p in parcels.of_order(order.id)] == [one.id, two.id]


def test_several_parcels_of_one_cooperative_may_hold_parts_of_a_line(ctx: Flask) -> None:
    order, one, sku, _, _ = two_sellers()
    ship(a_manager(one), order, lines=[(sku, 1)])
    ship(a_manager(one), order, "SF1234567891", lines=[(sku, 2)])
    assert [sum(line.quantity for line in p.lines) for p in parcels.of_order(order.id)] == [1, 2]
    with pytest.raises(OrderStateConflict):
        ship(a_manager(one), order, "SF1234567892", lines=[(sku, 1)])
    with pytest.raises(OrderStateConflict):
        ship(a_manager(one), order, "SF1234567893")


def test_strangers_and_clerks_find_no_order_to_ship(ctx: Flask) -> None:
    order, one, sku, _, other = two_sellers()
    for actor in (an_actor(), a_manager(a_cooperative()), a_manager(one, role=Role.CLERK)):
        with pytest.raises(NotFound):
            ship(actor, order)
    with pytest.raises(Invalid):
        ship(a_manager(one), order, lines=[(other, 1)])
    with pytest.raises(Invalid):
        ship(a_manager(one), order, lines=[(sku, 4)])
    assert now_is(order).status is OrderStatus.PAID


def test_who_sits_in_two_cooperatives_names_the_lines_of_one(ctx: Flask) -> None:
    order, one, first, two, second = two_sellers()
    both = an_actor(a_manager(one).user_id)
    both = Actor(
        user_id=both.user_id,
        role="keeper",
        roles=both.roles,
        seats=frozenset({("keeper", one.id), ("keeper", two.id)}),
    )
    for lines in (None, [(first, 1), (second, 1)]):
        with pytest.raises(Invalid):
            ship(both, order, lines=lines)
    ship(both, order, lines=[(second, 2)])
    assert parcels.of_order(order.id)[0].cooperative_id == two.id


@pytest.mark.parametrize(
    ("carrier", "waybill_no", "pointer"),
    [
        ("顺丰", "7.8E+13", "/waybill_no"),
        ("顺丰", "78000000000000.0", "/waybill_no"),
        ("顺丰", "0000000000", "/waybill_no"),
        ("飞毛腿", WAYBILL, "/carrier"),
    ],
)
def test_a_damaged_number_or_unknown_carrier_is_refused_with_its_reason(
    ctx: Flask, carrier: str, waybill_no: str, pointer: str
) -> None:
    order, one, *_ = two_sellers()
    with pytest.raises(Invalid) as refused:
        ship(a_manager(one), order, waybill_no, carrier=carrier)
    assert refused.value.errors[0]["pointer"] == pointer
    assert len(refused.value.errors[0]["detail"]) > 10
    assert now_is(order).status is OrderStatus.PAID


def test_the_same_hand_over_told_twice_is_one_parcel(ctx: Flask) -> None:
    order, one, sku, *_ = two_sellers()
    made = ship(a_manager(one), order)
    assert ship(a_manager(one), order) == made
    assert ship(a_manager(one), order, " sf1234567890 ", lines=[(sku, 3)]) == made
    with pytest.raises(WaybillTaken):
        ship(a_manager(one), order, lines=[(sku, 1)])
    assert [line.shipped for line in now_is(order).lines] == [3, 0]


def test_a_waybill_belongs_to_one_parcel_of_one_order(ctx: Flask) -> None:
    order, one, _, two, _ = two_sellers()
    ship(a_manager(one), order)
    with pytest.raises(WaybillTaken):
        ship(a_manager(two), order)
    another = a_paid_order({a_sku(cooperative=one, on_hand=2): 1})
    with pytest.raises(WaybillTaken):
        ship(a_manager(one), another)
    assert now_is(another).status is OrderStatus.PAID
    ship(a_manager(two), order, carrier="圆通")


def test_only_a_paid_order_is_shipped(ctx: Flask) -> None:
    home = a_cooperative()
    sku = a_sku(cooperative=home, on_hand=5)
    buyer = an_actor()
    unpaid = an_order({sku: 1})
    with pytest.raises(OrderStateConflict):
        ship(a_manager(home), unpaid)
    cancelled = a_paid_order({sku: 1}, buyer=buyer)
    cancelling.cancel_order(actor=buyer.wearing("buyer"), number=cancelled.number, now=NOON)
    with pytest.raises(OrderStateConflict):
        ship(a_manager(home), cancelled)


def test_units_given_back_before_they_left_are_not_sent(ctx: Flask) -> None:
    home = a_cooperative()
    sku = a_sku(cooperative=home, on_hand=5)
    order = a_paid_order({sku: 3})
    refunding.ask_refund(
        actor=a_manager(home),
        number=order.number,
        lines={sku: 1},
        amount_fen=None,
        freight=False,
        reason="缺货一袋",
        request_key="k1",
        now=NOON,
    )
    with pytest.raises(OrderStateConflict):
        ship(a_manager(home), order, lines=[(sku, 3)])
    ship(a_manager(home), order)
    line = now_is(order).lines[0]
    assert (line.shipped, line.cancelled, line.refunded) == (2, 1, 1)
    assert now_is(order).status is OrderStatus.SHIPPED


def test_a_mistyped_number_is_corrected_within_ten_minutes(ctx: Flask) -> None:
    order, one, _, two, _ = two_sellers()
    made = ship(a_manager(one), order)
    ship(a_manager(two), order, "SF1234567899")

    def correct(actor: Actor, waybill_no: str, minutes: int = 5) -> None:
        shipping.correct_label(
            actor=actor,
            number=order.number,
            shipment_id=made,
            carrier="顺丰",
            waybill_no=waybill_no,
            now=NOON + timedelta(minutes=minutes),
        )

    with pytest.raises(NotFound):
        correct(a_manager(two), "SF1234567891")
    with pytest.raises(WaybillTaken):
        correct(a_manager(one), "SF1234567899")
    with pytest.raises(IllegalMove):
        correct(a_manager(one), "SF1234567891", minutes=11)
    correct(a_manager(one), "SF1234567891")
    db.session.rollback()
    assert parcels.by_waybill("shunfeng", "SF1234567891") is not None


def test_two_keepers_at_once_send_the_goods_once(ctx: Flask, race: Race) -> None:
    home = a_cooperative()
    sku = a_sku(cooperative=home, on_hand=40)
    keepers = [a_manager(home), a_manager(home)]
    for turn in range(6):
        order = a_paid_order({sku: 2})
        number = order.number
        results = race(2, lambda i: ship(keepers[i], number, f"SF77{turn:06d}{i}"))  # noqa: B023
        assert sorted(type(result).__name__ for result in results) == ["OrderStateConflict", "int"]
        assert [line.shipped for line in now_is(order).lines] == [2]
        assert len(parcels.of_order(order.id)) == 1


def _cancel_or_ship(
    race: Race, order: Order, buyer: Actor, keeper: Actor, label: str
) -> list[object]:
    acts: list[Callable[[], object]] = [
        lambda: (
            cancelling.cancel_order(
                actor=buyer.wearing("buyer"), number=order.number, now=NOON
            ).status
        ),
        lambda: ship(keeper, order, label),
    ]
    return race(2, lambda i: acts[i]())


def test_cancelling_and_shipping_at_once_have_one_winner(ctx: Flask, race: Race) -> None:
    """FAULTS 19: the money goes back or the parcel leaves, never both and never neither."""
    home = a_cooperative()
    sku = a_sku(cooperative=home, on_hand=40)
    keeper, buyer = a_manager(home), an_actor()
    for turn in range(8):
        order = a_paid_order({sku: 2}, buyer=buyer)
        results = _cancel_or_ship(race, order, buyer, keeper, f"SF88{turn:06d}")
        lost = [r for r in results if isinstance(r, Exception)]
        assert [type(error) for error in lost] == [OrderStateConflict]
        seen = now_is(order)
        refunds = db.session.scalars(select(Refund).where(Refund.order_id == order.id)).all()
        sent = parcels.of_order(order.id)
        line = seen.lines[0]
        if seen.status is OrderStatus.CANCELLED:
            assert (len(refunds), len(sent), line.shipped, line.cancelled) == (1, 0, 0, 2)
        else:
            assert seen.status is OrderStatus.SHIPPED
            assert (len(refunds), len(sent), line.shipped, line.cancelled) == (0, 1, 2, 0)
    db.session.rollback()
    stock = db.session.get_one(Stock, sku)
    sent_units = sum(db.session.scalars(select(OrderLine.shipped).where(OrderLine.sku == sku)))
    assert stock.on_hand == 40 - sent_units


class NaiveOrders:
    """What the flow leans on, written by looking first: the order as it was a moment ago."""

    def __init__(self, looked_at: Order) -> None:
        self.looked_at = looked_at

    def locked(self, order_id: int) -> Order:
        return self.looked_at

    def count_shipped(self, line: OrderLine, units: int) -> bool:
        return line.shipped + line.cancelled + units <= line.quantity

    def move(self, order: Order, status: OrderStatus, **_: object) -> None:
        db.session.execute(update(Order).where(Order.id == order.id).values(status=status))


def test_by_looking_first_both_would_win(ctx: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """The naive twin of the race above: the money goes back and the parcel leaves."""
    home = a_cooperative()
    sku = a_sku(cooperative=home, on_hand=8)
    buyer = an_actor()
    order = a_paid_order({sku: 2}, buyer=buyer)
    keeper, number, looked_at = a_manager(home), order.number, now_is(order)
    db.session.expunge_all()
    cancelling.cancel_order(actor=buyer.wearing("buyer"), number=number, now=NOON)
    db.session.expunge_all()
    monkeypatch.setattr(shipping, "orders", NaiveOrders(looked_at))
    monkeypatch.setattr(shipping, "_after", lambda *args, **kwargs: None)
    ship(keeper, number, "SF9900000001")
    refunds = db.session.scalars(select(Refund).where(Refund.order_id == looked_at.id)).all()
    assert (len(refunds), len(parcels.of_order(looked_at.id))) == (1, 1)


def test_parcels_of_one_waybill_at_once_are_one(ctx: Flask, race: Race) -> None:
    """Two cooperatives write the same number down at once: one has it, the other is told."""
    for turn in range(4):
        order, one, _, two, _ = two_sellers()
        managers, number = [a_manager(one), a_manager(two)], order.number
        results = race(2, lambda i: ship(managers[i], number, f"SF66{turn:06d}"))  # noqa: B023
        assert sorted(type(result).__name__ for result in results) == ["WaybillTaken", "int"]
        db.session.rollback()
        assert db.session.scalar(select(func.count()).select_from(Shipment)) == turn + 1
        db.session.rollback()
