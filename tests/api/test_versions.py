"""FAULTS 20: ETags on what has a version; consoles must say which one they change."""

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient

ONE = "/api/v1/probe/things/1"


@pytest.fixture
def me(bearer: Callable[..., dict[str, str]]) -> dict[str, str]:
    return bearer()


def test_what_has_not_changed_is_not_sent_again(probing: FlaskClient, me: dict[str, str]) -> None:
    tag = probing.get(ONE, headers=me).headers["ETag"]
    same = probing.get(ONE, headers=me | {"If-None-Match": tag})
    assert (same.status_code, same.data, same.headers["ETag"]) == (304, b"", tag)
    assert probing.get(ONE, headers=me | {"If-None-Match": '"9"'}).status_code == 200


@pytest.mark.parametrize(
    ("tag", "status", "seen"),
    [
        (None, 200, "None"),
        ("*", 200, "None"),
        ('"3"', 200, "3"),
        ('"3-0123456789abcdef"', 200, "3"),
        ('W/"3"', 412, None),
        ('"x"', 412, None),
        ("3", 412, None),
        ('"3", "4"', 412, None),
    ],
)
def test_if_match_names_one_version(
    probing: FlaskClient, me: dict[str, str], tag: str | None, status: int, seen: str | None
) -> None:
    headers = me | ({"If-Match": tag} if tag else {})
    answer = probing.patch(ONE, json={}, headers=headers)
    assert answer.status_code == status
    assert seen is None or answer.get_json()["name"] == seen


def test_a_console_without_a_version_is_428(probing: FlaskClient) -> None:
    proof = probing.get("/probe/form").get_data(as_text=True)
    form = {"csrf_token": proof}
    assert probing.post("/probe/versioned", data=form).status_code == 428
    assert probing.post("/probe/versioned", data={**form, "version": "x"}).status_code == 428
    assert probing.post("/probe/versioned", data={**form, "version": "7"}).get_json() == {
        "version": 7
    }
