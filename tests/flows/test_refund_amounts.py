"""Money back by amount: the goods give first, then the freight, to the last fen that was paid."""

import pytest
from flask import Flask

from shop.domain.accounts.states import Role
from shop.domain.orders.models import Order
from shop.domain.orders.states import OrderStatus
from shop.domain.payments.errors import AlreadyRefunded, RefundExceedsCaptured
from shop.domain.payments.gateways.base import RefundOutcome
from shop.domain.settlement.states import PartyKind
from shop.flows import sending_back
from shop.kernel.errors import Invalid
from shop.reads import audit
from tests.builders import a_cooperative, a_sku, an_actor, an_operator
from tests.conftest import NOON
from tests.invariants import assert_sound
from tests.money import a_completed, a_paid, a_refund_event, refund, refunded, told
from tests.seen import order_now, payment_now, refunds_of
from tests.settled import parties


def of_sellers(count: int, *, completed: bool = False) -> Order:
    """One unit of ¥10 and heavier freight from each of so many cooperatives."""
    skus = [
        a_sku(
            cooperative=a_cooperative(), on_hand=5, price_fen=1000, weight_grams=500 + 1000 * place
        )
        for place in range(count)
    ]
    bought = dict.fromkeys(skus, 1)
    return a_completed(bought) if completed else a_paid(bought)


def freight_back(order: Order) -> list[int]:
    return [part.freight_refunded_fen for part in order_now(order).parts]


def test_fifths_of_the_total_reach_what_was_paid_and_no_further(ctx: Flask) -> None:
    order = of_sellers(1)
    assert (order.goods_fen, order.freight_fen) == (1000, 800)
    given = [refund(order, amount_fen=360) for _ in range(5)]
    assert [(r.amount_fen, r.freight_fen) for r in given] == [
        (360, 0),
        (360, 0),
        (360, 80),
        (360, 360),
        (360, 360),
    ]
    with pytest.raises(RefundExceedsCaptured):
        refund(order, amount_fen=360)
    with pytest.raises(AlreadyRefunded):
        refund(order)
    payment = payment_now(given[0].payment_id)
    assert payment.refunded_fen == payment.amount_fen == order.total_fen
    assert_sound()


def test_the_total_is_given_back_at_once_and_one_fen_more_is_not(ctx: Flask) -> None:
    order = of_sellers(2)
    with pytest.raises(RefundExceedsCaptured) as refusal:
        refund(order, amount_fen=order.total_fen + 1)
    assert refusal.value.facts == {"left_fen": order.total_fen}
    assert refundable(order) == order.total_fen
    owed = refunded(order, amount_fen=order.total_fen)
    assert owed.freight_fen == order.freight_fen
    assert order_now(order).status is OrderStatus.REFUNDED
    assert_sound()


def refundable(order: Order) -> int:
    """What lines and parts say is left."""
    seen = order_now(order)
    goods = sum(line.total_fen - line.refunded_fen for line in seen.lines)
    return goods + sum(part.freight_fen - part.freight_refunded_fen for part in seen.parts)


def test_freight_alone_is_the_freight_alone(ctx: Flask) -> None:
    order = of_sellers(2)
    manager = an_actor(seat=(Role.MANAGER, order.parts[0].cooperative_id))
    own, other = (part.freight_fen for part in order.parts)
    first = refund(order, actor=manager, freight=True)
    assert (first.amount_fen, first.freight_fen, first.lines) == (own, own, [])
    with pytest.raises(AlreadyRefunded):
        refund(order, actor=manager, freight=True)
    assert refund(order, freight=True).amount_fen == other
    assert [line.refunded_fen for line in order_now(order).lines] == [0, 0]
    assert refund(order, amount_fen=100, freight=False).freight_fen == 0
    assert refund(order).amount_fen == order.goods_fen - 100
    assert_sound()


def test_a_manager_draws_on_no_freight_but_ones_own(ctx: Flask) -> None:
    order = of_sellers(2)
    manager = an_actor(seat=(Role.MANAGER, order.parts[1].cooperative_id))
    freight = order.parts[1].freight_fen
    with pytest.raises(RefundExceedsCaptured) as refusal:
        refund(order, actor=manager, amount_fen=1001 + freight)
    assert refusal.value.facts == {"left_fen": 1000 + freight}
    owed = refund(order, actor=manager, amount_fen=1000 + freight)
    assert (owed.cooperative_id, owed.freight_fen) == (order.parts[1].cooperative_id, freight)
    assert freight_back(order) == [0, freight]
    with_freight = refund(order, lines={order.lines[0].sku: 1}, amount_fen=100, freight=True)
    assert with_freight.amount_fen == 100 + order.parts[0].freight_fen
    with pytest.raises(RefundExceedsCaptured):
        refund(order, amount_fen=901)
    assert_sound()


def test_an_amount_above_the_goods_of_some_sellers_names_one_or_all(ctx: Flask) -> None:
    order = of_sellers(3)
    some = {line.sku: 1 for line in order.lines[:2]}
    with pytest.raises(Invalid):
        refund(order, lines=some, amount_fen=2001)
    assert refund(order, lines=some, amount_fen=2000).freight_fen == 0
    assert refund(order, amount_fen=1600).freight_fen == 600
    assert freight_back(order) == [160, 200, 240]
    assert_sound()


def test_freight_drawn_after_completion_leaves_each_cooperative_what_it_gave_not(
    ctx: Flask,
) -> None:
    """Whatever order reports come in, and when one fails and is sent again."""
    order = of_sellers(2, completed=True)
    one, two = (part.cooperative_id for part in order.parts)
    assert freight_of(order) == {one: 800, two: 1000}
    early = refund(order, amount_fen=2900)
    named = refund(order, actor=an_actor(seat=(Role.MANAGER, one)), freight=True)
    assert (early.freight_fen, named.freight_fen) == (900, 400)
    late = refund(order, amount_fen=500)
    told(a_refund_event(late))
    assert freight_of(order) == {one: 800, two: 500}
    told(a_refund_event(early, RefundOutcome.FAILED))
    assert freight_of(order) == {one: 800, two: 500}
    assert audit.violations(NOON) == []
    again = sending_back.send_again(actor=an_operator(), refund_id=early.id, now=NOON)
    told(a_refund_event(again))
    assert freight_of(order) == {one: 400, two: 0}
    told(a_refund_event(named))
    assert parties(order) == {}
    assert order_now(order).status is OrderStatus.REFUNDED
    assert sum(r.amount_fen for r in refunds_of(order)) == order.total_fen + early.amount_fen
    assert audit.violations(NOON) == []
    assert_sound()


def freight_of(order: Order) -> dict[int | None, int]:
    """Freight that each cooperative has of an order in the books."""
    found = {part.cooperative_id: 0 for part in order.parts}
    kept = {who: fen for (kind, who), fen in parties(order).items() if kind is PartyKind.FREIGHT}
    return {**found, **kept}
