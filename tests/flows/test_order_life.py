"""Every action in every state of an order (FAULTS 18): a step of the table, or a refusal that
changes nothing. The expectations are generated from ``ORDER_LIFE``."""

from collections.abc import Callable
from datetime import timedelta
from itertools import count, product

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, text, update
from werkzeug.test import TestResponse

from shop.db import db, transactional
from shop.domain.accounts.states import Role
from shop.domain.aftersales.states import ClaimReason
from shop.domain.logistics.states import ShipmentStatus
from shop.domain.orders import service
from shop.domain.orders.errors import OrderStateConflict
from shop.domain.orders.models import Order, OrderHistory
from shop.domain.orders.states import ORDER_LIFE, PAID_STATES, OrderStatus
from shop.domain.payments.errors import AlreadyRefunded, RefundExceedsCaptured
from shop.domain.payments.gateways.base import Method
from shop.flows import cancelling, claiming, completing, paying
from shop.flows.paying import PayRequest
from shop.kernel.actor import SYSTEM
from shop.tools import tools
from tests.builders import a_sku, a_token, a_user, an_actor, an_operator
from tests.conftest import NOON
from tests.invariants import assert_sound
from tests.money import a_paid, arrive, befall, complete, deliver, pay, place, refunded, ship
from tests.seen import order_now
from tests.till import TERMS

S = OrderStatus
NUMBERS = count(1)
LATER = NOON + timedelta(hours=1)
TABLES = ("orders", "order_line", "order_part", "order_history", "stock", "stock_hold", "payment",
          "payment_history", "refund", "shipment", "claim", "ledger_tx", "outbox_message",
          "message", "task")  # fmt: skip


@transactional
def force(order_id: int, status: OrderStatus) -> None:
    db.session.execute(update(Order).where(Order.id == order_id).values(status=status))


@transactional
def step(order_id: int, status: OrderStatus) -> None:
    service.move(service.locked(order_id), status, actor=SYSTEM, now=NOON)


def test_a_move_is_in_the_table_or_changes_nothing(ctx: Flask) -> None:
    order_id = place({a_sku(on_hand=1): 1}).id
    for came_from, to in product(OrderStatus, OrderStatus):
        force(order_id, came_from)
        before = count_history()
        if ORDER_LIFE.allows(came_from, to):
            step(order_id, to)
            assert (status_of(order_id), count_history()) == (to, before + 1)
        else:
            with pytest.raises(OrderStateConflict):
                step(order_id, to)
            assert (status_of(order_id), count_history()) == (came_from, before)


def status_of(order_id: int) -> OrderStatus:
    db.session.rollback()
    return db.session.scalars(select(Order.status).where(Order.id == order_id)).one()


def count_history() -> int:
    db.session.rollback()
    return len(db.session.scalars(select(OrderHistory.id)).all())


def everything() -> list[object]:
    """Every row that an action on an order may touch."""
    db.session.rollback()
    rows = [db.session.execute(text(f"SELECT * FROM {name} ORDER BY 1")).all() for name in TABLES]
    db.session.rollback()
    return list(rows)


def partly_sent(sku: str) -> Order:
    order = a_paid({sku: 2})
    ship(order, lines=[(sku, 1)])
    return order


def cancelled(sku: str) -> Order:
    order = place({sku: 2})
    cancel(order)
    return order


def gone_back(sku: str) -> Order:
    order = a_paid({sku: 2})
    refunded(order)
    return order


STATES: dict[OrderStatus, Callable[[str], Order]] = {
    S.PENDING_PAYMENT: lambda sku: place({sku: 2}),
    S.PAID: lambda sku: a_paid({sku: 2}),
    S.PARTIALLY_SHIPPED: partly_sent,
    S.SHIPPED: lambda sku: (order := a_paid({sku: 2}), ship(order))[0],
    S.DELIVERED: lambda sku: deliver(a_paid({sku: 2})),
    S.COMPLETED: lambda sku: complete(a_paid({sku: 2})),
    S.CANCELLED: cancelled,
    S.REFUNDED: gone_back,
}


def cancel(order: Order) -> None:
    cancelling.cancel_order(actor=an_actor(order.buyer_id), number=order.number, now=NOON)


def confirm(order: Order) -> None:
    completing.confirm_receipt(actor=an_actor(order.buyer_id), number=order.number, now=NOON)


def expire(order: Order) -> None:
    if not cancelling.expire_order(order.id, now=LATER):
        raise OrderStateConflict


def complete_itself(order: Order) -> None:
    if not completing.complete_order(order.id, now=LATER):
        raise OrderStateConflict


def cancel_for_them(order: Order) -> None:
    cancelling.cancel_order(actor=an_operator().wearing("operator"), number=order.number, now=NOON)


def begin_to_pay(order: Order) -> None:
    paying.start_payment(
        PayRequest(
            number=order.number,
            gateway="sandbox",
            method=Method.ALIPAY,
            request_key=f"life-{next(NUMBERS)}",
        ),
        actor=an_actor(order.buyer_id),
        gateways=tools().gateways,
        return_url=tools().pay_return_url,
        terms=TERMS,
        clock=tools().clock,
    )


def complain(order: Order) -> None:
    claiming.open_claim(
        actor=an_actor(order.buyer_id),
        number=order.number,
        lines=[(order.lines[0].sku, 1)],
        reason=ClaimReason.ROTTEN,
        note=None,
        pictures=[],
        now=NOON,
    )


def give_one_back(order: Order) -> None:
    refunded(order, lines={order.lines[0].sku: 1})


def report(order: Order) -> None:
    """Whatever else may befall a parcel."""
    for status in ShipmentStatus:
        if status is not ShipmentStatus.DELIVERED:
            befall(order, status, now=NOON)


CANCELLED = {S.PENDING_PAYMENT: S.CANCELLED, S.PAID: S.CANCELLED, S.PARTIALLY_SHIPPED: S.SHIPPED}
ACTIONS: dict[str, tuple[Callable[[Order], object], dict[OrderStatus, OrderStatus]]] = {
    "cancel": (cancel, CANCELLED),
    "cancel for the buyer": (cancel_for_them, CANCELLED),
    "expire": (expire, {S.PENDING_PAYMENT: S.CANCELLED}),
    "hand over": (ship, {S.PAID: S.SHIPPED, S.PARTIALLY_SHIPPED: S.SHIPPED}),
    "arrive": (arrive, {S.SHIPPED: S.DELIVERED}),
    "confirm": (confirm, {S.SHIPPED: S.COMPLETED, S.DELIVERED: S.COMPLETED}),
    "complete": (complete_itself, {S.DELIVERED: S.COMPLETED}),
    "refund": (
        refunded,
        {state: S.REFUNDED for state in S if ORDER_LIFE.allows(state, S.REFUNDED)},
    ),
    "begin to pay": (begin_to_pay, {}),
    "complain": (complain, {}),
    "give one back": (give_one_back, {}),
    "report": (report, {}),
}
QUIET = {
    *(("arrive", state) for state in S if state is not S.SHIPPED),
    ("confirm", S.COMPLETED),
    ("begin to pay", S.PENDING_PAYMENT),
    *(("complain", state) for state in PAID_STATES),
    *(("give one back", state) for state in PAID_STATES),
    *(("report", state) for state in S),
}
"""Said again, or said of an order it does not move: no error and no change of state."""


@pytest.mark.parametrize("state", list(OrderStatus))
def test_every_action_is_a_step_of_the_table_or_changes_nothing(
    ctx: Flask, state: OrderStatus
) -> None:
    sku = a_sku(on_hand=50)
    order = STATES[state](sku)
    assert order_now(order).status is state
    for name, (act, steps) in ACTIONS.items():
        if state in steps:
            assert ORDER_LIFE.allows(state, steps[state])
            act(order)
            assert order_now(order).status is steps[state], name
            order = STATES[state](sku)
        elif (name, state) in QUIET:
            act(order)
            assert order_now(order).status is state, name
        else:
            before = everything()
            with pytest.raises((OrderStateConflict, AlreadyRefunded, RefundExceedsCaptured)):
                act(order)
            assert everything() == before, name
    assert_sound()


def test_money_that_comes_again_moves_no_state_but_is_owed_back(ctx: Flask) -> None:
    sku = a_sku(on_hand=50)
    for state, build in STATES.items():
        order = build(sku)
        payment = pay(order)
        expected = S.PAID if state is S.PENDING_PAYMENT else state
        assert order_now(order).status is expected
        assert (payment.refunded_fen == payment.amount_fen) is (state is not S.PENDING_PAYMENT)
    assert_sound()


def asked_over_http(order: Order, client: FlaskClient) -> dict[str, Callable[[], TestResponse]]:
    """The actions that somebody may ask of the API, as those who may ask."""
    seller, sku = order.parts[0].cooperative_id, order.lines[0].sku
    whose = {
        "buyer": order.buyer_id,
        "operator": a_user(roles=(Role.OPERATOR,)),
        "manager": a_user(seat=(Role.MANAGER, seller)),
    }
    tokens = {role: a_token(user_id) for role, user_id in whose.items()}

    def post(role: str, path: str, **body: object) -> Callable[[], TestResponse]:
        headers = {"Authorization": f"Bearer {tokens[role]}", "Idempotency-Key": "life"}
        address = f"/api/v1/orders/{order.number}/{path}"
        return lambda: client.post(address, json=body, headers=headers)

    one = [{"sku": sku, "quantity": 1}]
    return {
        "cancel": post("buyer", "cancel"),
        "cancel for the buyer": post("operator", "cancel"),
        "hand over": post("manager", "shipments", carrier="SF", waybill_no="SF987654321098"),
        "confirm": post("buyer", "confirm-receipt"),
        "refund": post("manager", "refunds", reason="演示"),
        "begin to pay": post("buyer", "payments", gateway="sandbox", method="alipay"),
        "complain": post("buyer", "claims", lines=one, reason="rotten"),
        "give one back": post("operator", "refunds", lines=one, reason="演示"),
    }


MONEY = {"order-state-conflict": 409, "already-refunded": 409, "refund-exceeds-captured": 422}
"""How a refund is refused: FAULTS section 2 has words of its own for money."""


def test_over_http_what_a_state_refuses_is_a_conflict_and_changes_no_row(
    ctx: Flask, client: FlaskClient
) -> None:
    sku, refused = a_sku(on_hand=50), 0
    for state, build in STATES.items():
        order = build(sku)
        asked = asked_over_http(order, client)
        before = everything()
        for name, ask in asked.items():
            if state in ACTIONS[name][1] or (name, state) in QUIET:
                continue
            answer, refused = ask(), refused + 1
            told = answer.get_json(force=True)
            if name in {"refund", "give one back"}:
                assert answer.status_code == MONEY[told["code"]], (name, state)
            else:
                known = (answer.status_code, told["code"])
                assert known == (409, "order-state-conflict"), (name, state)
            assert everything() == before, (name, state)
    assert refused > 30
    assert_sound()
