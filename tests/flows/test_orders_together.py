"""Orders that come together share a transaction and nothing else: each has its own verdict."""

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from shop import db as shop_db
from shop.db import db
from shop.domain.audit.errors import IdempotencyKeyReused
from shop.domain.audit.service import Kept, KeyedRequest
from shop.domain.inventory.errors import OutOfStock
from shop.domain.live.sales import PurchaseLimit
from shop.domain.orders.models import Order
from shop.flows import checkout, drafting
from shop.flows.checkout import Asked, Verdict
from shop.flows.drafting import OrderRequest, Placed
from shop.kernel.actor import Actor
from shop.kernel.errors import Invalid
from tests.builders import a_sku, an_actor
from tests.conftest import NOON
from tests.invariants import assert_sound
from tests.money import Wanted, a_deal, age, ask, place
from tests.paid_orders import TERMS
from tests.seen import item, stock


def one(wanted: Wanted, *, buyer: Actor | None = None, key: str = "", **changes: Any) -> Asked:
    buyer = buyer or an_actor()
    request: OrderRequest = ask(wanted, **changes)
    if not key:
        return Asked(request=request, actor=buyer)
    return Asked(
        request=request,
        actor=buyer,
        key=KeyedRequest(
            actor=f"u:{buyer.user_id}",
            route="POST /orders",
            key=key,
            fingerprint=f"{request.note or ''}".rjust(64, "0"),
        ),
        answer=lambda placed: Kept(status=201, body=placed.number),
    )


def together(*asked: Asked) -> list[Verdict]:
    return checkout.place_orders(asked, terms=TERMS, now=NOON)


def kinds(verdicts: list[Verdict]) -> list[str]:
    return [type(verdict).__name__ for verdict in verdicts]


def orders() -> int:
    db.session.rollback()
    return db.session.scalar(select(func.count(Order.id))) or 0


@pytest.fixture
def commits(monkeypatch: pytest.MonkeyPatch) -> list[None]:
    """One entry a commit."""
    counted: list[None] = []
    commit = shop_db._commit
    monkeypatch.setattr(shop_db, "_commit", lambda s: (counted.append(None), commit(s)))
    return counted


def test_a_crowd_is_placed_in_one_transaction_each_with_a_verdict_of_its_own(
    ctx: Flask, commits: list[None]
) -> None:
    plenty, last = a_sku(on_hand=50), a_sku(on_hand=1)
    deal = a_deal(live_price_fen=2900, allotment=5, per_buyer_max=1)
    asked = [
        one({plenty: 2}),
        one({last: 1}),
        one({last: 1}),
        one({plenty: 1}, ship_to=drafting.ShipTo(
            name="演示", phone="+8613800000099", region_code="999999", street="演示路")),
        one([deal]),
        one({"NO-SUCH": 1}),
        one({plenty: 1}, expected_total_fen=1),
        one({plenty: 3, last: 1}),
    ]  # fmt: skip
    commits.clear()
    found = together(*asked)
    assert len(commits) == 1
    assert kinds(found) == [
        "Placed", "Placed", "OutOfStock", "Invalid", "Placed", "NotFound", "PriceChanged",
        "OutOfStock",
    ]  # fmt: skip
    assert stock(plenty) == (50, 2, 0)
    assert stock(last) == (1, 1, 0)
    assert item(deal.live_item_id) == (1, 0)
    assert orders() == 3
    assert_sound()


def test_units_of_an_order_that_fails_go_to_who_was_refused_for_it(ctx: Flask) -> None:
    """The first wants the last A and a B that is gone; the second wants that A alone."""
    a, b = sorted((a_sku(on_hand=1), a_sku(on_hand=1)))
    place({b: 1})
    first, second = together(one({a: 1, b: 1}), one({a: 1}))
    assert isinstance(first, OutOfStock)
    assert isinstance(second, Placed)
    assert (stock(a), stock(b)) == ((1, 1, 0), (1, 1, 0))
    assert_sound()


def test_expired_promises_are_released_for_the_crowd(ctx: Flask) -> None:
    sku = a_sku(on_hand=2)
    age(place({sku: 2}))
    assert kinds(together(*(one({sku: 1}) for _ in range(3)))) == ["Placed", "Placed", "OutOfStock"]
    assert stock(sku) == (2, 2, 0)
    assert_sound()


def test_one_buyer_in_a_crowd_keeps_to_the_maximum(ctx: Flask) -> None:
    deal, buyer = a_deal(live_price_fen=2900, allotment=9, per_buyer_max=2), an_actor()
    found = together(*(one([deal], buyer=buyer) for _ in range(4)), one([deal]))
    assert [isinstance(verdict, PurchaseLimit) for verdict in found] == [
        False,
        False,
        True,
        True,
        False,
    ]
    assert item(deal.live_item_id) == (3, 0)
    assert_sound()


def test_one_key_in_a_crowd_places_once(ctx: Flask) -> None:
    sku, buyer = a_sku(on_hand=9), an_actor()
    same = [one({sku: 1}, buyer=buyer, key="k") for _ in range(3)]
    first, again, third, other, elses = together(
        *same, one({sku: 1}, buyer=buyer, key="k", note="other"), one({sku: 1}, key="k")
    )
    assert isinstance(first, Placed)
    assert again == third == Kept(status=201, body=first.number)
    assert isinstance(other, IdempotencyKeyReused)
    assert isinstance(elses, Placed)
    assert (orders(), stock(sku)) == (2, (9, 2, 0))
    assert_sound()


def test_a_refused_order_leaves_its_key_free_in_a_crowd(ctx: Flask) -> None:
    sku, buyer = a_sku(on_hand=1), an_actor()
    winner, loser = together(one({sku: 1}), one({sku: 1}, buyer=buyer, key="k"))
    assert isinstance(winner, Placed)
    assert isinstance(loser, OutOfStock)
    age(db.session.scalars(select(Order).where(Order.number == winner.number)).one())
    (again,) = together(one({sku: 1}, buyer=buyer, key="k"))
    assert isinstance(again, Placed)


def test_an_accident_of_one_is_not_the_others(ctx: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """The crowd is taken back, and each is tried alone."""
    sku, unlucky = a_sku(on_hand=9), an_actor()
    columns = drafting.columns

    def fails(placed: Placed) -> Any:
        if placed.buyer_id == unlucky.user_id:
            raise ZeroDivisionError
        return columns(placed)

    monkeypatch.setattr(drafting, "columns", fails)
    found = together(one({sku: 1}), one({sku: 1}, buyer=unlucky), one({sku: 1}))
    assert kinds(found) == ["Placed", "ZeroDivisionError", "Placed"]
    assert (orders(), stock(sku)) == (2, (9, 2, 0))
    assert_sound()


def test_a_stranger_places_nothing(ctx: Flask) -> None:
    (found,) = together(Asked(request=ask({a_sku(): 1}), actor=Actor(role="visitor")))
    assert isinstance(found, Invalid)
