"""Money given back from the order's card: by its manager or the operator, once, with a reason."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from shop.domain.accounts.states import Role
from shop.domain.orders.models import Order
from shop.domain.orders.states import OrderStatus
from shop.flows import refunding, tracking
from shop.kernel.actor import Actor
from tests.builders import a_cooperative, a_manager, a_sku, an_actor, an_operator
from tests.conftest import NOON
from tests.invariants import assert_sound
from tests.money import a_paid, place
from tests.naive import on_sqlite
from tests.pages.goods_reader import Reader
from tests.seen import order_now, refunds_of

KEY = re.compile(r'name="idempotency_key" value="([^"]+)"')


class Scene:
    """A paid order: 3 of one cooperative at ¥10.00, 1 of another at ¥5.00."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        self.home, self.other = a_cooperative(name="演示甲社"), a_cooperative()
        self.sku = a_sku(cooperative=self.home, on_hand=9, price_fen=1000, title="甲货")
        self.second = a_sku(cooperative=self.other, on_hand=9, price_fen=500, title="乙货")
        self.buyer = an_actor()
        self.order = a_paid({self.sku: 3, self.second: 1}, buyer=self.buyer)
        self.card = f"/coop/orders/{self.order.number}"

    def at(self, actor: Actor) -> Reader:
        reader = Reader(self.app, actor)
        reader.get("/?lang=en")
        return reader

    def ask(self, reader: Reader, key: str = "", **form: str) -> Any:
        """Send the refund's form as it stands on the card."""
        page = reader.get(self.card).split('id="refund"', 1)[1]
        names = dict(re.findall(r'name="(back-\d-sku)" value="([^"]+)"', page))
        shown = KEY.search(page)
        assert shown is not None
        sent = {**names, "idempotency_key": key or shown[1], "reason": "坏了一袋", **form}
        return reader.send(self.card, sent, to=f"{self.card}/refunds")

    def amounts(self) -> list[int]:
        return [refund.amount_fen for refund in refunds_of(self.order)]


@pytest.fixture
def scene(ctx: Flask) -> Scene:
    return Scene(ctx)


def test_a_manager_gives_back_units_of_own_lines_with_a_reason_and_once(scene: Scene) -> None:
    manager = scene.at(a_manager(scene.home))
    page = manager.get(scene.card)
    assert "data-confirm" in page.split('id="refund"', 1)[1]
    assert "甲货" in page
    assert "乙货" not in page
    shown: list[str] = []
    for _ in range(2):
        answer = scene.ask(manager, key="one-press", **{"back-0-quantity": "1"})
        assert (answer.status_code, answer.headers["Location"]) == (303, scene.card)
        shown.append(manager.get(scene.card))
    assert scene.amounts() == [1000]
    (refund,) = refunds_of(scene.order)
    assert (refund.reason, [line.quantity for line in refund.lines]) == ("坏了一袋", [1])
    assert ["¥10.00 goes back to the buyer." in page for page in shown] == [True, False]
    assert "坏了一袋" in shown[1]
    assert "坏了一袋" in scene.at(scene.buyer).get(f"/orders/{scene.order.number}")
    assert_sound()


def test_the_operator_gives_back_an_amount_or_units_with_their_freight(scene: Scene) -> None:
    operator = scene.at(an_operator())
    assert scene.ask(operator, amount="2.50").status_code == 303
    answer = scene.ask(operator, freight="1", **{"back-1-quantity": "1"})
    assert answer.status_code == 303, answer.get_data(as_text=True)
    first, second = refunds_of(scene.order)
    assert (first.amount_fen, first.freight_fen) == (250, 0)
    assert (second.freight_fen, second.cooperative_id) == (800, scene.other.id)
    assert_sound()


@on_sqlite
def test_the_freight_alone_is_the_freight_alone(scene: Scene) -> None:
    manager = scene.at(a_manager(scene.home))
    assert scene.ask(manager, freight="1").status_code == 303
    (refund,) = refunds_of(scene.order)
    parts = {part.cooperative_id: part.freight_fen for part in scene.order.parts}
    assert refund.amount_fen == refund.freight_fen == parts[scene.home.id]
    assert refund.lines == []
    assert scene.ask(manager, freight="1").status_code == 409


REFUSED: list[tuple[dict[str, str], str]] = [
    ({}, "Say how many units, or how much money."),
    ({"back-0-quantity": "1", "reason": ""}, "aria-invalid"),
    ({"amount": "0.001"}, "aria-invalid"),
    ({"amount": "99999"}, 'value="99999"'),
    ({"back-0-quantity": "4"}, 'value="4"'),
]


@on_sqlite
def test_a_refund_that_cannot_be_keeps_what_was_typed_and_gives_nothing(scene: Scene) -> None:
    manager = scene.at(a_manager(scene.home))
    for form, words in REFUSED:
        answer = scene.ask(manager, **form)
        page = answer.get_data(as_text=True)
        assert answer.status_code == 422, form
        assert words in page
        assert "<details open>" in page
    assert scene.amounts() == []


@on_sqlite
def test_nobody_else_finds_the_form_or_may_send_it(scene: Scene) -> None:
    others: dict[int, list[Callable[[], Actor]]] = {
        403: [
            lambda: a_manager(scene.home, role=Role.KEEPER),
            lambda: a_manager(scene.home, role=Role.CLERK),
            lambda: scene.buyer,
        ],
        404: [lambda: a_manager(a_cooperative())],
    }
    form = {"back-0-sku": scene.sku, "back-0-quantity": "1", "reason": "演示"}
    for status, people in others.items():
        for who in people:
            reader = scene.at(who())
            answer = reader.send("/cart", form, to=f"{scene.card}/refunds")
            assert answer.status_code == status
    keeper = scene.at(a_manager(scene.home, role=Role.KEEPER))
    assert 'id="refund"' not in keeper.get(scene.card)
    foreign = {**form, "back-0-sku": scene.second}
    manager = scene.at(a_manager(scene.home))
    assert manager.send(scene.card, foreign, to=f"{scene.card}/refunds").status_code == 404
    assert scene.amounts() == []


def cancel(scene: Scene, reader: Reader, order: Order) -> int:
    where = f"/coop/orders/{order.number}"
    answer = reader.send("/cart", {"idempotency_key": order.number}, to=f"{where}/cancel")
    return int(answer.status_code)


def test_the_operator_cancels_paid_and_unpaid_orders_from_their_card(scene: Scene) -> None:
    unpaid = place({scene.sku: 1})
    operator, manager = scene.at(an_operator()), scene.at(a_manager(scene.home))
    found = operator.client.get(f"/coop/orders?number={unpaid.number.lower()}")
    assert found.headers["Location"] == f"/coop/orders/{unpaid.number}"
    assert "Waiting for payment" in operator.get(found.headers["Location"])
    manager.get(found.headers["Location"], 404)
    for order in (unpaid, scene.order):
        assert f"/coop/orders/{order.number}/cancel" in operator.get(f"/coop/orders/{order.number}")
        assert cancel(scene, manager, order) == 403
        assert cancel(scene, operator, order) == 303
        assert order_now(order).status is OrderStatus.CANCELLED
        assert order_now(order).cancel_reason == "operator"
        assert "/cancel" not in operator.get(f"/coop/orders/{order.number}")
    assert scene.amounts() == [scene.order.total_fen]
    assert refunds_of(unpaid) == []
    assert_sound()


@on_sqlite
def test_the_work_queue_leads_the_operator_to_the_refund(scene: Scene) -> None:
    assert tracking.find_late(NOON.replace(month=4)) == 2
    operator = scene.at(an_operator())
    tasks = re.findall(r"/work/\d+", operator.get("/work"))
    page = operator.get(tasks[0])
    assert scene.card in page
    assert f"{scene.card}/refunds" in operator.get(scene.card)
    refunding.ask_refund(
        actor=an_operator(),
        number=scene.order.number,
        lines=None,
        amount_fen=None,
        freight=False,
        reason="演示",
        request_key="all",
        now=NOON,
    )
    assert f"{scene.card}/refunds" not in operator.get(scene.card)
