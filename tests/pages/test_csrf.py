"""FAULTS 72: a browser changes something only from our own form, and signs in to a new session."""

import pytest
from flask import Flask
from flask.testing import FlaskClient

from shop.db import transactional
from shop.domain.accounts import service as accounts
from shop.domain.accounts.states import TokenKind
from tests.builders import a_token, a_user
from tests.conftest import FixedClock

FORM = "/probe/form"
OWN = {"Origin": "http://127.0.0.1:8000"}


def proof(browser: FlaskClient) -> str:
    return browser.get(FORM).get_data(as_text=True)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 303),
        (OWN, 303),
        ({"Origin": "http://localhost"}, 303),
        ({"Sec-Fetch-Site": "same-origin"}, 303),
        ({"Sec-Fetch-Site": "none"}, 303),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "http://127.0.0.1:8000.evil.example"}, 403),
        ({"Origin": "https://127.0.0.1:8000"}, 403),
    ],
    ids=range(11),
)
def test_a_form_comes_from_this_shop(
    light: FlaskClient, headers: dict[str, str], status: int
) -> None:
    form = {"csrf_token": proof(light), "name": "ab"}
    assert light.post(FORM, data=form, headers=headers).status_code == status


def test_a_form_without_proof_is_refused(light: FlaskClient) -> None:
    good = proof(light)
    for data in ({"name": "ab"}, {"name": "ab", "csrf_token": good[:-1]}, {"csrf_token": ""}):
        answer = light.post(FORM, data=data, headers={"Accept": "application/json"})
        assert answer.status_code == 403
        assert answer.get_json(force=True)["code"] == "csrf-failed"


def test_the_proof_of_another_session_is_refused(app: Flask, ground_app: Flask) -> None:
    stolen = proof(ground_app.test_client())
    victim = ground_app.test_client()
    proof(victim)
    assert victim.post(FORM, data={"csrf_token": stolen, "name": "ab"}).status_code == 403


def test_json_dressed_as_text_is_refused_by_pages_and_by_the_api(light: FlaskClient) -> None:
    proof(light)
    raw = '{"name": "ab"}'
    assert light.post(FORM, data=raw, content_type="text/plain").status_code == 403
    answer = light.post("/api/v1/probe/things", data=raw, content_type="text/plain")
    assert answer.status_code == 415


def test_a_script_of_ours_sends_the_proof_as_a_header(light: FlaskClient) -> None:
    answer = light.post(FORM, data={"name": "ab"}, headers={"X-CSRFToken": proof(light)})
    assert answer.status_code == 303


def sign_in(browser: FlaskClient, token: str) -> str:
    """Gives the new cookie as it was set."""
    answer = browser.post("/probe/sign-in", data={"csrf_token": proof(browser), "token": token})
    assert answer.status_code == 303
    return answer.headers["Set-Cookie"]


def test_signing_in_makes_a_new_session(ground_app: Flask) -> None:
    browser = ground_app.test_client()
    before = proof(browser)
    with ground_app.app_context():
        user = a_user()
        token = a_token(user, kind=TokenKind.PAGE)
    with browser.session_transaction() as session:
        session["planted"] = "by a stranger"
        session["cart"] = {"SKU": 1}
    cookie = sign_in(browser, token)
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "Secure" not in cookie
    with browser.session_transaction() as session:
        assert "planted" not in session
        assert session["cart"] == {"SKU": 1}
    assert browser.get("/probe/mine").get_json() == {"user_id": user}
    assert browser.post(FORM, data={"csrf_token": before, "name": "ab"}).status_code == 403


@pytest.mark.settings(base_url="https://shop.example")
def test_cookies_are_secure_where_the_shop_is_https(ground_app: Flask) -> None:
    browser = ground_app.test_client()
    answer = browser.get(FORM, base_url="https://shop.example")
    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith("__Host-shop=")
    assert "Secure" in cookie
    assert "Path=/" in cookie
    assert "Domain" not in cookie
    assert answer.headers["Strict-Transport-Security"].startswith("max-age=31536000")


def test_a_revoked_session_is_signed_out_everywhere(ground_app: Flask, clock: FixedClock) -> None:
    browser = ground_app.test_client()
    with ground_app.app_context():
        user = a_user()
        token = a_token(user, kind=TokenKind.PAGE)
    sign_in(browser, token)
    with ground_app.app_context():

        @transactional
        def end() -> None:
            accounts.revoke_tokens(user, now=clock())

        end()
    answer = browser.get("/probe/mine")
    assert answer.status_code == 303
    assert answer.headers["Location"] == "/sign-in?next=/probe/mine"


def test_a_page_for_members_leads_strangers_to_sign_in_and_back(light: FlaskClient) -> None:
    answer = light.get("/probe/mine?page=2&q=蘑菇")
    assert answer.status_code == 303
    assert answer.headers["Location"].startswith("/sign-in?next=/probe/mine")
    script = light.get("/probe/mine", headers={"Accept": "application/json"})
    assert script.status_code == 401


def test_a_form_with_a_wrong_row_says_so_at_its_field(ground_app: Flask) -> None:
    browser = ground_app.test_client()
    form = {
        "csrf_token": proof(browser),
        "name": "x",
        "rows-0-sku": "A",
        "rows-0-quantity": "5",
        "rows-1-sku": "",
        "rows-2-sku": "B",
        "is_admin": "1",
    }
    answer = browser.post(FORM, data=form)
    assert answer.status_code == 422
    assert answer.get_json()["values"]["name"] == "x"
    assert set(answer.get_json()["errors"]) == {"name", "rows-0-quantity", "rows-2-quantity"}


def test_a_name_that_is_sent_in_two_ways_is_read_in_one(light: FlaskClient) -> None:
    form = {"csrf_token": proof(light), "name": "ab", "name-0-x": "c", "rows": "d"}
    assert light.post(FORM, data=form).status_code == 303
    form |= {"rows-0-sku": "A", "rows-0-quantity": "0"}
    answer = light.post(FORM, data=form)
    assert (answer.status_code, set(answer.get_json()["errors"])) == (422, {"rows-0-quantity"})
