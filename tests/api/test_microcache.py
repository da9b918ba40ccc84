"""In a rush visitors share an answer of the last second; a quiet shop reads its tables."""

import threading
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event

from shop.db import db
from shop.web import rush as rushes
from tests.builders import a_sku, an_actor
from tests.money import place

PATH = "/api/v1/products"


@pytest.fixture(autouse=True)
def soon_a_rush(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rushes, "RUSH", 2)


@pytest.fixture
def statements(app: Flask) -> list[str]:
    """Every statement that reaches the database."""
    said: list[str] = []
    with app.app_context():
        event.listen(db.engine, "before_cursor_execute", lambda *args: said.append(str(args[2])))
    return said


def rush(client: FlaskClient, path: str = PATH) -> None:
    for _ in range(4):
        assert client.get(path).status_code == 200


def test_a_rush_is_answered_from_memory(
    app: Flask, client: FlaskClient, statements: list[str]
) -> None:
    rush(client)
    statements.clear()
    first, second = client.get(PATH), client.get(PATH)
    assert statements == []
    assert first.get_json() == second.get_json()
    assert first.headers["ETag"] == second.headers["ETag"]
    assert first.headers["X-Request-ID"] != second.headers["X-Request-ID"]
    assert "X-Shop-Shared" not in first.headers
    assert first.headers["X-Content-Type-Options"] == "nosniff"


def test_a_quiet_shop_shows_a_change_at_once(app: Flask, client: FlaskClient) -> None:
    with app.app_context():
        sku = a_sku(on_hand=9)
    before = client.get(PATH).get_json()["items"][0]["available"]
    with app.app_context():
        place({sku: 2}, buyer=an_actor())
    assert before == 9
    assert client.get(PATH).get_json()["items"][0]["available"] == 7


def test_who_has_the_answer_already_gets_304(client: FlaskClient) -> None:
    tag = client.get(PATH).headers["ETag"]
    for _ in range(2):
        answer = client.get(PATH, headers={"If-None-Match": tag})
        assert (answer.status_code, answer.data) == (304, b"")
        rush(client)
    assert client.get(PATH, headers={"If-None-Match": '"other"'}).status_code == 200


def test_credentials_and_refusals_are_never_shared(
    app: Flask, client: FlaskClient, statements: list[str]
) -> None:
    rush(client)
    statements.clear()
    refused = client.get(PATH, headers={"Authorization": "Bearer nobody"})
    assert refused.status_code == 401
    assert statements
    missing = f"{PATH}/no-such-product"
    for _ in range(4):
        assert client.get(missing).status_code == 404
    statements.clear()
    client.get(missing)
    assert statements


def test_one_works_the_answer_out_while_the_others_get_the_one_before(app: Flask) -> None:
    """Fifty at once after the second is over cost one look at the tables."""
    rush(app.test_client())
    looks: list[str] = []
    with app.app_context():
        event.listen(
            db.engine,
            "before_cursor_execute",
            lambda *args: looks.append(str(args[2])) if "FROM product" in str(args[2]) else None,
        )
    cost = looks_of_one(app, looks)
    cache: Any = app.wsgi_app
    for slot in cache._slots.values():
        slot.entry.at -= 1.2
    looks.clear()
    threads = [
        threading.Thread(target=lambda: app.test_client().get(PATH), daemon=True) for _ in range(50)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert len(looks) == cost


def looks_of_one(app: Flask, looks: list[str]) -> int:
    looks.clear()
    app.test_client().get(f"{PATH}?limit=23")
    return len(looks)
