"""FAULTS 69 and 71: a token opens what its owner's roles open, at this moment and no longer."""

from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient

from shop.db import db, transactional
from shop.domain.accounts import service as accounts
from shop.domain.accounts.models import RoleGrant
from shop.domain.accounts.states import Role, TokenKind
from tests.builders import a_cooperative, a_token, a_user
from tests.conftest import FixedClock

ME = "/api/v1/probe/me"
Bearer = Callable[..., dict[str, str]]


def code(answer: object) -> str:
    return str(answer.get_json(force=True)["code"])  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (None, "unauthenticated"),
        ("Bearer", "token-invalid"),
        ("Bearer ", "token-invalid"),
        ("Bearer unknown", "token-invalid"),
        ("Basic dXNlcjpwYXNz", "token-invalid"),
        ("Bearer " + "x" * 300, "token-invalid"),
        ("Bearer a b", "token-invalid"),
        ("Bearer \xe9\xe9", "token-invalid"),
    ],
    ids=range(8),
)
def test_who_does_not_say_who_calls_is_401(
    probing: FlaskClient, header: str | None, expected: str
) -> None:
    answer = probing.get(ME, headers={"Authorization": header} if header is not None else {})
    assert (answer.status_code, code(answer)) == (401, expected)
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_a_token_ends_by_time_by_sign_out_and_by_suspension(
    ground_app: Flask, clock: FixedClock
) -> None:
    client = ground_app.test_client()
    with ground_app.app_context():
        users = [a_user() for _ in range(3)]
        expired, revoked, suspended = (a_token(user) for user in users)

        @transactional
        def end() -> None:
            accounts.revoke_token(revoked, kind=TokenKind.API, now=clock())
            accounts.suspend(users[2])

        end()
    clock.tick(days=400)
    for token in (expired, revoked, suspended):
        answer = client.get(ME, headers={"Authorization": f"Bearer {token}"})
        assert (answer.status_code, code(answer)) == (401, "token-invalid")


def test_a_page_token_is_no_api_token_and_a_cookie_is_never_read(ground_app: Flask) -> None:
    with ground_app.app_context():
        user = a_user()
        page = a_token(user, kind=TokenKind.PAGE)
        api = a_token(user)
    browser = ground_app.test_client()
    browser.set_cookie("shop", page)
    assert browser.get(ME).status_code == 401
    assert browser.get(ME, headers={"Authorization": f"Bearer {page}"}).status_code == 401
    answer = browser.get(ME, headers={"Authorization": f"Bearer {api}"})
    assert answer.get_json() == {"user_id": user, "role": "buyer"}
    assert answer.headers["Cache-Control"] == "no-store"


def test_each_role_opens_its_own_doors(ground_app: Flask, bearer: Bearer) -> None:
    client = ground_app.test_client()
    with ground_app.app_context():
        home = a_cooperative().id
    callers = {
        "buyer": bearer(),
        "host": bearer(Role.HOST),
        "operator": bearer(Role.OPERATOR),
        "keeper": bearer(seat=(Role.KEEPER, home)),
        "clerk": bearer(seat=(Role.CLERK, home)),
        "manager": bearer(seat=(Role.MANAGER, home)),
    }
    doors = {"host": {"host", "operator"}, "clerk": {"clerk", "manager"}, "operator": {"operator"}}
    for door, may in doors.items():
        for name, header in callers.items():
            answer = client.get(f"/api/v1/probe/{door}", headers=header)
            assert answer.status_code == (200 if name in may else 403), (door, name)
            if name in may:
                assert answer.get_json()["role"] == name
            else:
                assert code(answer) == "forbidden"


def test_a_role_taken_away_closes_at_once(ground_app: Flask, clock: FixedClock) -> None:
    client = ground_app.test_client()
    with ground_app.app_context():
        user = a_user(roles=(Role.HOST,))
        header = {"Authorization": f"Bearer {a_token(user)}"}
    assert client.get("/api/v1/probe/host", headers=header).status_code == 200
    with ground_app.app_context():

        @transactional
        def take() -> None:
            db.session.execute(
                db.update(RoleGrant).where(RoleGrant.user_id == user).values(revoked_at=clock())
            )

        take()
    assert client.get("/api/v1/probe/host", headers=header).status_code == 403


def test_a_view_that_says_nothing_is_closed(probing: FlaskClient, bearer: Bearer) -> None:
    answer = probing.get("/api/v1/probe/closed", headers=bearer(Role.OPERATOR))
    assert (answer.status_code, code(answer)) == (403, "forbidden")


def test_a_bad_token_is_told_on_open_views_and_ignored_where_people_sign_in(
    light: FlaskClient, probing: FlaskClient
) -> None:
    bad = {"Authorization": "Bearer unknown"}
    assert probing.get("/api/v1/probe/users", headers=bad).status_code == 401
    assert (
        light.post("/api/v1/probe/maybe", headers={"Authorization": "Basic x"}).status_code == 401
    )
    opened = probing.post("/api/v1/probe/secrets", json={"name": "a"}, headers=bad)
    assert opened.status_code == 201


def test_a_refused_caller_is_refused_before_the_body_is_read(probing: FlaskClient) -> None:
    raw = b"[" * 100_000
    answer = probing.post("/api/v1/probe/money", data=raw, content_type="application/json")
    assert answer.status_code == 401
