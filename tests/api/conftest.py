"""What the tests of the ground share."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from shop.domain.accounts.states import Role
from tests.api import probe
from tests.builders import a_token, a_user


@pytest.fixture
def calls() -> Iterator[probe.Calls]:
    """Counts what the probe's views really did."""
    yield probe.Calls()


@pytest.fixture
def ground_app(app: Flask, calls: probe.Calls) -> Flask:
    """The shop with the probe's routes."""
    probe.add(app, calls)
    return app


@pytest.fixture
def probing(ground_app: Flask) -> FlaskClient:
    """A client of the shop with the probe's routes."""
    return ground_app.test_client()


@pytest.fixture
def bearer(app: Flask) -> Callable[..., dict[str, str]]:
    """``bearer(Role.HOST)``: the header of a new person with these roles."""

    def make(*roles: Role, seat: Any = None) -> dict[str, str]:
        with app.app_context():
            return {"Authorization": f"Bearer {a_token(a_user(roles=roles, seat=seat))}"}

    return make
