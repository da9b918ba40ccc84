"""FAULTS 17: what broke between its effect and its answer is never done twice."""

from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import exc as sql
from sqlalchemy import func, select

from shop.db import db
from shop.domain.accounts.models import Address
from shop.flows import addresses
from shop.web.api import addresses as views
from tests.conftest import FixedClock

HOME = {"name": "演示买家", "phone": "13800000001", "region_code": "110105", "street": "演示路"}
Bearer = Callable[..., dict[str, str]]


def there(app: Flask) -> int:
    with app.app_context():
        return db.session.scalar(select(func.count(Address.id))) or 0


def broken(*_args: object, **_named: object) -> None:
    raise sql.OperationalError("SELECT 1", {}, Exception("the connection is gone"))


def test_an_effect_whose_answer_was_lost_is_told_and_not_repeated(
    app: Flask, bearer: Bearer, monkeypatch: pytest.MonkeyPatch
) -> None:
    client, me = app.test_client(), bearer() | {"Idempotency-Key": "k"}
    with monkeypatch.context() as patched:
        patched.setattr(views, "show", broken)
        first = client.post("/api/v1/addresses", json=HOME, headers=me)
    assert (first.status_code, there(app)) == (503, 1)
    for _ in range(2):
        again = client.post("/api/v1/addresses", json=HOME, headers=me)
        assert again.status_code == 409
        assert again.get_json(force=True)["code"] == "idempotency-answer-lost"
        assert again.get_json(force=True)["retryable"] is False
    assert there(app) == 1


def test_what_broke_before_its_effect_may_be_tried_again(
    app: Flask, bearer: Bearer, monkeypatch: pytest.MonkeyPatch
) -> None:
    client, me = app.test_client(), bearer() | {"Idempotency-Key": "k"}
    with monkeypatch.context() as patched:
        patched.setattr(addresses, "add", broken)
        first = client.post("/api/v1/addresses", json=HOME, headers=me)
    assert (first.status_code, there(app)) == (503, 0)
    again = client.post("/api/v1/addresses", json=HOME, headers=me)
    assert (again.status_code, there(app)) == (201, 1)


def test_who_slept_through_the_lease_undoes_what_a_twin_has_taken_over(
    app: Flask,
    client: FlaskClient,
    bearer: Bearer,
    clock: FixedClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A process that stood still for a minute wakes up behind its own claim."""
    me = bearer() | {"Idempotency-Key": "k"}
    add = addresses.add
    twins: list[int] = []

    def add_late(**named: object) -> object:
        if not twins:
            twins.append(0)
            clock.tick(60)
            twins[0] = (
                app.test_client().post("/api/v1/addresses", json=HOME, headers=me).status_code
            )
        return add(**named)  # type: ignore[arg-type]

    monkeypatch.setattr(addresses, "add", add_late)
    first = app.test_client().post("/api/v1/addresses", json=HOME, headers=me)
    assert twins == [201]
    assert first.get_json(force=True)["code"] == "idempotency-in-progress"
    assert there(app) == 1
