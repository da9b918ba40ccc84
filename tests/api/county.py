"""One world for many tests: whoever asks for ``county`` leaves it as it was, or only adds to it."""

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text

from shop.app import create_app
from shop.db import db
from tests.api.world import World, build
from tests.conftest import FixedClock, close, made_app
from tests.servers.databases import TEMPLATE, Postgres, fresh_sqlite, settings_for
from tests.servers.ground import Ground

_numbers = count()


@dataclass
class County:
    """A shop with a world in it; ``entrances`` is who was let in where."""

    app: Flask
    world: World
    entrances: dict[str, str] = field(default_factory=dict)
    client: FlaskClient = field(init=False)

    def __post_init__(self) -> None:
        self.client = self.app.test_client()

    def rows(self) -> dict[str, list[str]]:
        """Every row of every table, so that a test can say that nothing was written."""
        with self.app.app_context():
            found = {}
            for name in db.metadata.tables:
                rows = db.session.execute(text(f"SELECT * FROM {name}"))
                found[name] = sorted(str(tuple(row)) for row in rows)
            db.session.rollback()
        return found


@pytest.fixture(scope="session")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Flask:
    """The shop's own routes, for tests that come near no database."""
    folder = tmp_path_factory.mktemp("bare")
    return create_app(settings_for(f"sqlite:///{folder}/none.db", folder))


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def county(
    request: pytest.FixtureRequest, ground: Ground, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[County]:
    """Both databases, once a session; not from the pool, which waits for what it lent."""
    folder = tmp_path_factory.mktemp("county")
    if request.param == "sqlite":
        yield from _built(fresh_sqlite(ground, folder), folder)
        return
    server: Postgres = request.getfixturevalue("postgres")
    name = f"county_{os.getpid()}_{next(_numbers)}"
    with server.connect() as line:
        line.execute(f"CREATE DATABASE {name} TEMPLATE {TEMPLATE} STRATEGY FILE_COPY")
    yield from _built(server.url(name), folder)
    with server.connect() as line:
        line.execute(f"DROP DATABASE {name} WITH (FORCE)")


def _built(database_url: str, folder: Path) -> Iterator[County]:
    app = made_app(settings_for(database_url, folder / "data"), FixedClock())
    with app.app_context():
        world = build()
    yield County(app, world)
    close(app)
