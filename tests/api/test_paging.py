"""FAULTS 85: lists in pages that stay right, with cursors that nobody can forge."""

import base64
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.builders import a_user
from tests.conftest import NOON

USERS = "/api/v1/probe/users"


@pytest.fixture
def crowd(ground_app: Flask) -> list[int]:
    """Seven people, some of them born in the same instant, in the order of the list."""
    with ground_app.app_context():
        born = [0, 1, 1, 1, 2, 3, 3]
        made = [(hour, a_user(now=NOON + timedelta(hours=hour))) for hour in born]
    return [user for _, user in sorted(made, key=lambda one: (-one[0], one[1]))]


def test_every_row_comes_once_whatever_the_page_size(
    probing: FlaskClient, crowd: list[int]
) -> None:
    for limit in (1, 2, 3, 7, 100):
        seen: list[int] = []
        after = ""
        while True:
            body = probing.get(f"{USERS}?limit={limit}{after}").get_json()
            seen += [item["id"] for item in body["items"]]
            assert len(body["items"]) <= limit
            if body["next"] is None:
                break
            after = f"&after={body['next']}"
        assert seen == crowd


def test_a_row_that_arrives_meanwhile_moves_nothing(
    ground_app: Flask, probing: FlaskClient, crowd: list[int]
) -> None:
    first = probing.get(f"{USERS}?limit=3").get_json()
    with ground_app.app_context():
        a_user(now=NOON + timedelta(days=1))
    rest = probing.get(f"{USERS}?limit=100&after={first['next']}").get_json()
    assert [item["id"] for item in first["items"] + rest["items"]] == crowd


def test_a_cursor_is_taken_only_by_its_own_list(probing: FlaskClient, crowd: list[int]) -> None:
    token = probing.get(f"{USERS}?limit=2").get_json()["next"]
    raw = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
    forged = base64.urlsafe_b64encode(raw[:12] + raw[12:].replace(b"[", b"[ ")).decode()
    bad = [token[:-1], token + "A", forged.rstrip("="), token + "=", token.lower(), "x" * 700, "é"]
    assert probing.get(f"{USERS}?after={token}").status_code == 200
    assert probing.get(f"{USERS}?after={token}&q=other").status_code == 400
    for one in bad:
        answer = probing.get(USERS, query_string={"after": one})
        assert answer.status_code == 400, one
        assert answer.get_json(force=True)["code"] == "invalid-parameter"
