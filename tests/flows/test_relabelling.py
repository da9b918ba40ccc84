"""Goods that change while they stand in rooms: prices agree, floors hold, viewers are told."""

from typing import Any

import pytest
from flask import Flask

from shop.db import db
from shop.domain.accounts.states import Role
from shop.domain.catalog import queries as catalog
from shop.domain.live.models import LiveItem
from shop.domain.live.states import SessionStatus
from shop.domain.villages.models import Cooperative
from shop.flows import cataloguing, linking, picturing, reviewing
from shop.kernel.actor import Actor
from shop.reads import live as rooms
from shop.reads.pricing import Wish, quote
from shop.tools import tools
from tests.builders import a_cooperative, a_manager, a_product, a_sku, an_actor, an_operator
from tests.conftest import NOON, Race
from tests.live_builders import a_host, a_show, events_of, item_row, put_in
from tests.money import place
from tests.naive import a_moment, assert_breaks, on_postgresql
from tests.unit.test_pictures import encoded, photo

S = SessionStatus


@pytest.fixture
def home(ctx: Flask) -> Cooperative:
    return a_cooperative()


@pytest.fixture
def manager(home: Cooperative) -> Actor:
    return a_manager(home)


def change(sku: str, manager: Actor, **variant: Any) -> None:
    found = catalog.variant(sku)
    assert found is not None
    content = {"variants": [{"sku": sku, **variant}]}
    cataloguing.change_product(actor=manager, now=NOON, slug=found.product.slug, content=content)


def linked(sku: str, *, host: Actor | None = None, status: S = S.LIVE, **terms: Any) -> LiveItem:
    """A SKU in a room of its own."""
    host = host or a_host()
    show = a_show(host=host, status=status)
    return item_row(linking.add_item(show, actor=host, now=NOON, sku=sku, **terms))


def told(show: int) -> list[dict[str, Any]]:
    return [event.data for event in events_of(show) if event.type == "item.update"]


def prices(item: LiveItem) -> set[int | None]:
    """The item's price wherever somebody reads it: card, snapshot, event, quote and order."""
    wish = Wish(sku=item.sku, quantity=1, live_item_id=item.id)
    card = rooms.item(item.session_id, item.id)
    priced = quote([wish], region_code=None, now=NOON).lines[0].unit_price_fen
    ordered = place([wish]).lines[0].unit_price_fen
    return {card.now_fen, card.live_price_fen, told(item.session_id)[-1]["live_price_fen"],
            priced, ordered}  # fmt: skip


def test_a_room_is_never_dearer_than_the_shop(home: Cooperative, manager: Actor) -> None:
    sku = a_sku(cooperative=home, on_hand=20, price_fen=3980, live_floor_fen=2500)
    item = linked(sku, live_price_fen=3500)
    for shop_fen, room_fen in ((3000, 3000), (3600, 3500), (3500, 3500), (2900, 2900)):
        change(sku, manager, price_fen=shop_fen)
        assert prices(item) == {room_fen}


def test_a_floor_that_rises_lifts_every_open_room(home: Cooperative, manager: Actor) -> None:
    sku = a_sku(cooperative=home, on_hand=20, price_fen=5000, live_floor_fen=3000)
    states = (S.DRAFT, S.REJECTED, S.SUBMITTED, S.SCHEDULED, S.LIVE, S.PAUSED)
    items = {status: linked(sku, status=status, live_price_fen=3200) for status in states}
    items[S.ENDED] = linked(sku, live_price_fen=3200)
    put_in(items[S.ENDED].session_id, S.ENDED)
    change(sku, manager, live_floor_fen=4500)
    found = {status: item_row(item.id).live_price_fen for status, item in items.items()}
    assert found == dict.fromkeys(states, 4500) | {S.ENDED: 3200}
    assert prices(items[S.LIVE]) == {4500}
    change(sku, manager, live_floor_fen=1000)
    assert prices(items[S.LIVE]) == {4500}


def test_without_a_floor_the_shops_price_is_the_floor_but_for_its_own_manager(
    home: Cooperative, manager: Actor
) -> None:
    free = a_sku(cooperative=home, on_hand=20, price_fen=3680)
    floored = a_sku(cooperative=home, on_hand=20, price_fen=3680, live_floor_fen=3000)
    own = an_actor(roles=(Role.HOST,), seat=(Role.MANAGER, home.id))
    theirs = linked(free, live_price_fen=3680), linked(floored, live_price_fen=3000)
    ours = linked(free, host=own, live_price_fen=2000)
    change(free, manager, price_fen=5000)
    change(floored, manager, live_floor_fen=None)
    assert [prices(item) for item in (*theirs, ours)] == [{5000}, {3680}, {2000}]


def test_prices_of_goods_are_told_where_they_stand_and_viewers_look(
    home: Cooperative, manager: Actor
) -> None:
    sku, other = (a_sku(cooperative=home, price_fen=3680) for _ in range(2))
    shows = {
        status: linked(sku, status=status).session_id
        for status in (S.DRAFT, S.SCHEDULED, S.LIVE, S.PAUSED)
    }
    elsewhere = linked(other).session_id
    before = {show: len(events_of(show)) for show in (*shows.values(), elsewhere)}
    change(sku, manager, price_fen=3000)
    fresh = {show: len(events_of(show)) - seen for show, seen in before.items()}
    assert [fresh[shows[status]] for status in shows] == [0, 1, 1, 1]
    assert fresh[elsewhere] == 0
    assert told(shows[S.LIVE])[-1]["price_fen"] == 3000
    change(sku, manager, price_fen=3000)
    assert len(events_of(shows[S.LIVE])) == before[shows[S.LIVE]] + 1


def test_approved_words_and_pictures_are_told_in_the_room(
    home: Cooperative, manager: Actor
) -> None:
    slug = a_product(cooperative=home, sku="S-1", title="演示香菇")
    item = linked("S-1")
    picture = picturing.upload_picture(
        actor=manager, now=NOON, store=tools().pictures, data=encoded(photo((60, 40)), "PNG")
    )
    content = {"title": "演示花菇", "pictures": [picture.id]}
    cataloguing.change_product(actor=manager, now=NOON, slug=slug, content=content)
    assert told(item.session_id)[-1]["title"] == "演示香菇"
    reviewing.approve_product(actor=an_operator(), now=NOON, slug=slug)
    shown = told(item.session_id)[-1]
    assert (shown["title"], shown["cover_url"]) == ("演示花菇", f"/pictures/{picture.name}/s.webp")


def race_of_floor_and_link(race: Race, home: Cooperative, manager: Actor) -> list[int | None]:
    """A floor goes up while two hosts put the goods on their shelves: their prices afterwards."""
    sku = a_sku(cooperative=home, price_fen=5000, live_floor_fen=3000)
    hosts = [a_host() for _ in range(2)]
    shows = [a_show(host=host) for host in hosts]

    def act(number: int) -> None:
        if number == 2:
            change(sku, manager, live_floor_fen=4500)
            return
        linking.add_item(shows[number], actor=hosts[number], now=NOON, sku=sku, live_price_fen=3200)

    race(3, act)
    db.session.rollback()
    return [item.live_price_fen for show in shows for item in rooms.items(show)]


def test_no_room_gets_past_a_floor_that_rises_meanwhile(
    ctx: Flask, race: Race, home: Cooperative, manager: Actor
) -> None:
    for _ in range(3):
        assert set(race_of_floor_and_link(race, home, manager)) <= {4500}


@on_postgresql
def test_naive_twin_measures_a_price_against_a_floor_of_before(
    ctx: Flask, race: Race, home: Cooperative, manager: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    check = linking._check_price

    def slowly(*what: Any) -> None:
        check(*what)
        a_moment()

    monkeypatch.setattr(catalog, "hold_prices", lambda _: None)
    monkeypatch.setattr(linking, "_check_price", slowly)
    assert_breaks(
        lambda: race_of_floor_and_link(race, home, manager), wrong=lambda prices: 3200 in prices
    )
