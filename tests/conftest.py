"""What every test may ask for: both databases, an app, a clock, races, servers and a browser."""

import contextvars
import gc
import os
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from jinja2 import FileSystemBytecodeCache
from werkzeug.test import TestResponse

from shop.app import create_app
from shop.config import Settings
from shop.db import db
from shop.domain.live.doors import open_presence
from shop.tools import install as install_tools
from shop.tools import tools
from shop.web import live_ticker
from tests.lengths import rounds
from tests.servers import browser as chromium
from tests.servers.databases import Postgres, fresh_sqlite, settings_for, turn
from tests.servers.ground import Ground
from tests.servers.shop import ShopServer, demo_files

NOON = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)
"""Noon of a Monday in Asia/Shanghai: when the ``clock`` of a test begins."""


def pytest_configure(config: pytest.Config) -> None:
    """Open the session's folder in the first process, before any worker is made."""
    config.addinivalue_line("markers", "spoils: changes tables, so its database is thrown away")
    config.addinivalue_line("markers", "settings(**values): settings this test needs otherwise")
    Ground.opened()


def pytest_collection_finish(session: pytest.Session) -> None:
    """Spare the collector what stays anyway, as the server does: a fifth of all tests' time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)


def pytest_unconfigure(config: pytest.Config) -> None:
    """End the servers of the session, in the process that opened it."""
    Ground.opened().close()


class FixedClock:
    """A clock that stands until it is told to move."""

    def __init__(self, now: datetime = NOON) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def tick(self, seconds: float = 0, **more: float) -> datetime:
        """Move on by ``seconds``, ``minutes``, ``hours`` or ``days``; gives the new instant."""
        self.now += timedelta(seconds=seconds, **more)
        return self.now


class ShopClient(FlaskClient):
    """Each request gets a context of its own, so a session open in the test is not shared."""

    def open(self, *args: Any, **kwargs: Any) -> TestResponse:
        if self.preserve_context:
            return super().open(*args, **kwargs)
        return contextvars.Context().run(super().open, *args, **kwargs)


@pytest.fixture(scope="session")
def ground() -> Ground:
    return Ground.opened()


@pytest.fixture(scope="session")
def postgres(ground: Ground) -> Iterator[Postgres]:
    """The session's PostgreSQL: ``take``, ``give_back``, ``url``, ``connect``."""
    server = Postgres(ground)
    yield server
    server.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, ground: Ground, tmp_path: Path) -> Iterator[str]:
    """A fresh migrated database, once of each kind."""
    if request.param == "sqlite":
        yield fresh_sqlite(ground, tmp_path)
        return
    server: Postgres = request.getfixturevalue("postgres")
    name = server.take()
    yield server.url(name)
    server.give_back(name, spoilt=request.node.get_closest_marker("spoils") is not None)


@pytest.fixture
def settings(request: pytest.FixtureRequest, database_url: str, tmp_path: Path) -> Settings:
    """Settings of a test shop without rate limits; ``@pytest.mark.settings(limits=True)``."""
    marker = request.node.get_closest_marker("settings")
    return settings_for(database_url, tmp_path / "data", **(marker.kwargs if marker else {}))


@pytest.fixture
def clock() -> FixedClock:
    """Stands at ``NOON``; ``clock.tick(90)`` or ``clock.now = ...`` moves it."""
    return FixedClock()


@pytest.fixture
def app(settings: Settings, clock: FixedClock) -> Iterator[Flask]:
    """A shop of this test alone on a fresh database; building it takes some tenths of a second."""
    made = made_app(settings, clock)
    yield made
    close(made)


def made_app(settings: Settings, clock: FixedClock) -> Flask:
    """A shop whose templates are compiled once a session, not once an app."""
    made = create_app(settings, clock=clock)
    made.testing = True
    made.test_client_class = ShopClient
    folder = Ground.opened().folder / "templates"
    folder.mkdir(exist_ok=True)
    made.jinja_env.bytecode_cache = FileSystemBytecodeCache(str(folder))
    return made


@pytest.fixture(scope="session")
def shared_apps() -> dict[Settings, Flask]:
    """Shops of this worker by their settings, for tests that do not ask for ``app``."""
    return {}


@pytest.fixture
def house(
    request: pytest.FixtureRequest,
    settings: Settings,
    clock: FixedClock,
    shared_apps: dict[Settings, Flask],
) -> Iterator[Flask]:
    """``app`` where the test names it or counts calls, else a shared shop with new doors."""
    if "app" in request.fixturenames or settings.limits:
        yield request.getfixturevalue("app")
        return
    kind = settings.database_url.partition(":")[0]
    key = replace(settings, database_url=kind, data_dir=Path(), pictures_url="")
    if key in shared_apps:
        renew(shared_apps[key], settings, clock)
    else:
        shared_apps[key] = made_app(settings, clock)
    yield shared_apps[key]
    close(shared_apps[key])


def renew(app: Flask, settings: Settings, clock: FixedClock) -> None:
    """Give a shop another database, another clock and new doors."""
    with app.app_context():
        turn(db.engine, settings.database_url)
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    install_tools(app, settings=settings, clock=clock)


def close(app: Flask) -> None:
    """Let viewers, threads and connections go, so that none meets the next test."""
    app.extensions[live_ticker.KEY].close()
    with app.app_context():
        tools().bus.close()
        tools().presence = open_presence(None)
        for engine in db.engines.values():
            engine.dispose()


@pytest.fixture
def ctx(house: Flask) -> Iterator[Flask]:
    """The app with its context pushed: for flows, services, queries and reads."""
    with house.app_context():
        yield house


@pytest.fixture
def client(house: Flask) -> FlaskClient:
    """A browser without a browser; it may be used beside ``ctx``."""
    return house.test_client()


Race = Callable[[int, Callable[[int], object]], list[Any]]


@pytest.fixture
def race(house: Flask) -> Race:
    """``race(n, act)`` runs ``act(0) .. act(n-1)`` at once, each in its own thread and context.

    Gives their results in order; what one raised stands in its place.
    """

    def run(count: int, act: Callable[[int], object]) -> list[Any]:
        gate = threading.Barrier(count)
        results: list[Any] = [AssertionError("did not finish")] * count

        def runner(number: int) -> None:
            with house.app_context():
                gate.wait(30)
                try:
                    results[number] = act(number)
                except Exception as error:
                    results[number] = error

        threads = [threading.Thread(target=runner, args=(n,), daemon=True) for n in range(count)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(rounds(60, 600))
        return results

    return run


@pytest.fixture(scope="session")
def valkey(ground: Ground) -> str:
    """The address of this worker's own Valkey, since channels know no database numbers."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
    address: str = ground.server(f"valkey-{worker}")["url"]
    return address


@pytest.fixture
def redis_url(valkey: str) -> str:
    """An emptied Valkey."""
    import redis

    with redis.Redis.from_url(valkey, socket_timeout=5) as store:
        store.flushall()
    return valkey


@pytest.fixture
def start_shop(tmp_path: Path, ground: Ground) -> Iterator[Callable[..., ShopServer]]:
    """``start_shop(demo=True, worker=False, database_url=..., SHOP_X="...")``: real processes."""
    started: list[ShopServer] = []

    def start(*, demo: bool = False, worker: bool = True, **env: str) -> ShopServer:
        folder = tmp_path / f"shop-{len(started)}"
        server = ShopServer(ground, folder, demo=demo, env=env)
        started.append(server)
        server.start(worker=worker)
        return server

    yield start
    for server in started:
        server.stop()


@pytest.fixture(scope="session")
def live_server(ground: Ground, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ShopServer]:
    """One shop with the demo county on SQLite, web and worker running, for this worker's tests."""
    server = ShopServer(ground, tmp_path_factory.mktemp("live") / "shop", demo=True)
    server.start()
    yield server
    server.stop()


@pytest.fixture
def live_url(live_server: ShopServer) -> str:
    """The address of ``live_server``."""
    return live_server.url


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    """The machine's own Chromium, also as root."""
    return browser_type_launch_args | chromium.launch_arguments()


@pytest.fixture(scope="session")
def browser_context_args(browser_context_args: dict[str, Any]) -> dict[str, Any]:
    """A phone of a visitor in Shanghai."""
    return browser_context_args | {
        "locale": "zh-CN",
        "timezone_id": "Asia/Shanghai",
        "viewport": {"width": 390, "height": 844},
    }


__all__ = ["NOON", "FixedClock", "Race", "ShopServer", "demo_files"]
