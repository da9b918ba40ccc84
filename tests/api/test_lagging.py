"""What may lag is read from a real streaming replica, or from the primary when that is no use."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import event

from shop.db import REPLICA, db
from shop.web import lagging
from shop.web.lagging import ATTRIBUTE, KEY, MOST_LAG_S, Replica
from shop.web.microcache import ATTRIBUTE as SHARED
from shop.web.views import view_at
from tests.builders import a_product, a_token, a_user
from tests.conftest import FixedClock, close, made_app
from tests.servers.databases import migrate, settings_for
from tests.servers.ground import Ground, until
from tests.servers.replica import Pair

PATH = "/api/v1/products"
LAGGING = {
    "api_board.board", "api_places.categories",
    "api_places.cooperatives", "api_places.villages", "api_products.Product",
    "api_products.Products", "api_trace.show",
}  # fmt: skip


@pytest.fixture(scope="module")
def pair(ground: Ground, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    folder = ground.folder / f"pair-{os.getpid()}"
    folder.mkdir()
    made = Pair(folder)
    migrate(made.url("primary"), tmp_path_factory.mktemp("pair-data"))
    yield made
    made.close()


@pytest.fixture
def looked_by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    """The thread does nothing: each look is the test's own."""
    monkeypatch.setattr(Replica, "_run", lambda _self: None)


@pytest.fixture
def shop(pair: Pair, tmp_path: Path) -> Iterator[Flask]:
    settings = settings_for(pair.url("primary"), tmp_path, replica_url=pair.url("replica"))
    made = made_app(settings, FixedClock())
    yield made
    made.extensions[KEY].close()
    close(made)


@pytest.fixture
def replica(looked_by_hand: None, shop: Flask, pair: Pair) -> Replica:
    """Found close behind; its clock stands at 0 until a test moves it."""
    found: Replica = shop.extensions[KEY]
    found._clock = lambda: 0.0
    pair.caught_up()
    found.look()
    assert found.usable()
    return found


class Asked:
    """Statements by the server that they went to."""

    def __init__(self, shop: Flask) -> None:
        self.there: list[str] = []
        with shop.app_context():
            for name, engine in (("primary", db.engine), ("replica", db.engines[REPLICA])):
                event.listen(engine, "before_cursor_execute", self._note(name))

    def _note(self, name: str) -> object:
        return lambda *_args: self.there.append(name)

    def get(self, shop: Flask, path: str = PATH, **headers: str) -> tuple[int, set[str]]:
        self.there.clear()
        status = shop.test_client().get(path, headers=headers).status_code
        return status, set(self.there)


def titles(shop: Flask) -> list[str]:
    found = shop.test_client().get(PATH).get_json()["items"]
    return [one["title"] for one in found]


def test_only_lists_products_boards_and_traces_may_lag(shop: Flask) -> None:
    marked = {
        endpoint
        for endpoint in shop.view_functions
        if hasattr(view_at(shop, endpoint, "GET"), ATTRIBUTE)
    }
    assert marked == LAGGING
    assert all(hasattr(view_at(shop, endpoint, "GET"), SHARED) for endpoint in marked)


def test_a_visitor_is_answered_from_the_replica_and_whoever_signs_in_is_not(
    shop: Flask, replica: Replica
) -> None:
    with shop.app_context():
        token = a_token(a_user())
    asked = Asked(shop)
    assert asked.get(shop) == (200, {"replica"})
    assert asked.get(shop, "/api/v1/categories") == (200, {"replica"})
    assert asked.get(shop, Authorization=f"Bearer {token}") == (200, {"primary"})
    assert asked.get(shop, "/api/v1/live-sessions") == (200, {"primary"})
    assert asked.get(shop, "/readyz") == (200, {"primary"})


def test_a_replica_that_falls_behind_is_left_until_it_has_caught_up(
    shop: Flask, replica: Replica, pair: Pair
) -> None:
    with pair.at_replica() as line:
        line.execute("SELECT pg_wal_replay_pause()")
        try:
            with shop.app_context():
                a_product(title="演示新米")
            replica.look()
            assert "演示新米" not in titles(shop), "a little behind is near enough"
            replica._clock = lambda: MOST_LAG_S + 0.1
            replica.look()
            assert "演示新米" in titles(shop)
        finally:
            line.execute("SELECT pg_wal_replay_resume()")
    pair.caught_up()
    replica.look()
    assert Asked(shop).get(shop) == (200, {"replica"})


def test_what_the_replica_does_not_know_yet_is_asked_at_the_primary(
    shop: Flask, replica: Replica, pair: Pair
) -> None:
    with pair.at_replica() as line:
        line.execute("SELECT pg_wal_replay_pause()")
        try:
            with shop.app_context():
                slug = a_product(title="演示红枣")
            asked = Asked(shop)
            assert asked.get(shop, f"{PATH}/{slug}") == (200, {"replica", "primary"})
            assert asked.get(shop, f"{PATH}/nowhere")[0] == 404
        finally:
            line.execute("SELECT pg_wal_replay_resume()")


def test_the_looking_begins_with_the_first_visitor(shop: Flask, pair: Pair) -> None:
    lagging_one: Replica = shop.extensions[KEY]
    assert not lagging_one.usable()
    until(lagging_one.usable, within_s=10, what="a replica that is close behind")
    assert lagging.EVERY_S < MOST_LAG_S


def test_without_the_replica_visitors_are_answered_from_the_primary(
    shop: Flask, replica: Replica, pair: Pair
) -> None:
    asked = Asked(shop)
    assert asked.get(shop) == (200, {"replica"})
    pair.lose_the_replica()
    status, there = asked.get(shop)
    assert status == 200
    assert "primary" in there
    assert not replica.usable(), "the fault is known before the next look"
    assert asked.get(shop) == (200, {"primary"})
    replica.look()
    assert not replica.usable()
