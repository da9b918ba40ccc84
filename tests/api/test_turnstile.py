"""The turnstile before a rush: it turns away early, sells nothing, and is never needed."""

import time
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from shop.domain.inventory.errors import OutOfStock
from shop.flows import cancelling
from shop.reads.pricing import Wish
from shop.reads.shortage import Shortage
from shop.web import gathering, rush
from shop.web.limits import RateLimited
from shop.web.turnstile import Turnstile
from tests.api.ordering import a_buyer, send_order
from tests.builders import a_sku
from tests.conftest import NOON
from tests.money import place
from tests.seen import stock
from tests.servers.ground import free_port, until

WISH = [Wish(sku="X", quantity=1)]


@pytest.fixture(autouse=True)
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rush, "RUSH", 0)


class Shelf:
    """What the tables say, and how often they were asked."""

    def __init__(self, left: int) -> None:
        self.left, self.asked = left, 0

    def __call__(self, sku: str, live_item_id: int | None) -> Shortage:
        assert live_item_id is None
        self.asked += 1
        return Shortage(sku, self.left, NOON)


def a_turnstile(url: str | None, shelf: Shelf, *, one_a_second: bool = False) -> Turnstile:
    return Turnstile(url, look=shelf, one_a_second=one_a_second)


def crowd(doors: list[Turnstile], count: int) -> list[Any]:
    return [
        doors[number % len(doors)].refusal(WISH, buyer_id=number, key=f"k{number}")
        for number in range(count)
    ]


def test_all_processes_together_let_in_little_more_than_there_is(redis_url: str) -> None:
    shelf = Shelf(100)
    doors = [a_turnstile(redis_url, shelf) for _ in range(2)]
    said = crowd(doors, 400)
    let_in = said.count(None)
    assert 100 <= let_in <= 120
    assert shelf.asked == 1
    refused = said[-1]
    assert isinstance(refused, OutOfStock)
    assert (refused.facts["available"], refused.facts["wanted"]) == (0, 1)
    assert str(refused.facts["hold_expires_at"]).startswith("2026")


def test_units_that_come_back_are_let_through_with_the_next_tokens(redis_url: str) -> None:
    shelf = Shelf(0)
    door = a_turnstile(redis_url, shelf)
    assert isinstance(crowd([door], 2)[1], OutOfStock)
    shelf.left = 1
    until(lambda: crowd([door], 1) == [None], within_s=3, what="fresh tokens")
    assert shelf.asked >= 2


def test_where_there_is_plenty_nobody_is_counted(redis_url: str) -> None:
    shelf = Shelf(1_000_000)
    door = a_turnstile(redis_url, shelf)
    assert crowd([door], 50) == [None] * 50
    assert shelf.asked == 1


def test_one_buyer_has_one_request_a_second_and_repeats_it_freely(redis_url: str) -> None:
    door = a_turnstile(redis_url, Shelf(50), one_a_second=True)
    crowd([door], 1)
    assert door.refusal(WISH, buyer_id=7, key="a") is None
    assert door.refusal(WISH, buyer_id=7, key="a") is None
    assert isinstance(door.refusal(WISH, buyer_id=7, key="b"), RateLimited)
    assert door.refusal(WISH, buyer_id=8, key="b") is None
    until(
        lambda: door.refusal(WISH, buyer_id=7, key="b") is None, within_s=3, what="the next second"
    )


@pytest.mark.parametrize("redis", ["none", "down"])
def test_without_redis_everybody_goes_on_to_the_tables(redis: str) -> None:
    url = f"redis://127.0.0.1:{free_port()}/0" if redis == "down" else None
    door = a_turnstile(url, Shelf(0))
    began = time.monotonic()
    assert crowd([door], 200) == [None] * 200
    assert time.monotonic() - began < 2


@pytest.fixture
def guarded(ctx: Flask, redis_url: str, monkeypatch: pytest.MonkeyPatch) -> Turnstile:
    door = Turnstile(redis_url, look=gathering._left, one_a_second=False)
    monkeypatch.setitem(ctx.extensions, "shop_turnstile", door)
    return door


def test_an_order_turned_away_writes_nothing_and_an_accepted_one_is_told_again(
    guarded: Turnstile, client: FlaskClient
) -> None:
    buyer, sku = a_buyer(), a_sku(on_hand=2)
    first = send_order(client, buyer, sku, "first")
    assert first.status_code == 201
    blocking = place({sku: 1})
    assert guarded.refusal([Wish(sku=sku, quantity=1)], buyer_id=1, key="x") is None
    until(
        lambda: guarded.refusal([Wish(sku=sku, quantity=1)], buyer_id=1, key="x") is not None,
        within_s=3,
        what="tokens of an empty shelf",
    )
    refused = send_order(client, buyer, sku, "late")
    assert (refused.status_code, refused.get_json()["code"]) == (409, "insufficient-stock")
    again = send_order(client, buyer, sku, "first")
    assert (again.status_code, again.get_json()) == (201, first.get_json())
    cancelling.expire_order(blocking.id, now=blocking.expires_at)
    until(
        lambda: send_order(client, buyer, sku, "late").status_code == 201,
        within_s=3,
        what="fresh tokens",
    )
    assert stock(sku) == (2, 2, 0)


def test_tokens_that_lie_sell_nothing(guarded: Turnstile, client: FlaskClient) -> None:
    """Somebody empties Redis in the middle: the tables still sell what there is."""
    buyer, sku = a_buyer(), a_sku(on_hand=3)
    store: Any = guarded._store
    answers = []
    for number in range(8):
        store.flushall()
        store.hset(f"shop:tokens:{sku}:", mapping={"left": 999, "really": 999, "expiry": ""})
        answers.append(send_order(client, buyer, sku, f"k{number}").status_code)
    assert sorted(answers) == [201] * 3 + [409] * 5
