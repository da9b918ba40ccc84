"""What the tests of the ground share."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from shop.app import create_app
from shop.domain.accounts.states import Role
from tests.api import probe
from tests.api.county import bare, county
from tests.api.world import World, build
from tests.builders import a_token, a_user
from tests.servers.databases import settings_for

__all__ = ["bare", "county"]


@pytest.fixture
def calls() -> probe.Calls:
    """Counts what the probe's views really did."""
    return probe.Calls()


@pytest.fixture
def ground_app(app: Flask, calls: probe.Calls) -> Flask:
    """The shop with the probe's routes."""
    probe.add(app, calls)
    return app


@pytest.fixture
def probing(ground_app: Flask) -> FlaskClient:
    """A client of the shop with the probe's routes."""
    return ground_app.test_client()


@pytest.fixture(scope="session")
def light(tmp_path_factory: pytest.TempPathFactory) -> FlaskClient:
    """A client of the probe where no test comes near a database."""
    folder = tmp_path_factory.mktemp("light")
    made = create_app(settings_for(f"sqlite:///{folder}/none.db", folder))
    made.testing = True
    probe.add(made, probe.Calls())
    return made.test_client()


@pytest.fixture
def world(app: Flask) -> World:
    """Three tenants and everything of theirs, on a fresh database."""
    with app.app_context():
        return build()


@pytest.fixture
def bearer(app: Flask) -> Callable[..., dict[str, str]]:
    """``bearer(Role.HOST)``: the header of a new person with these roles."""

    def make(*roles: Role, seat: Any = None) -> dict[str, str]:
        with app.app_context():
            return {"Authorization": f"Bearer {a_token(a_user(roles=roles, seat=seat))}"}

    return make
