"""Signing in, one's account, and the operator's and cooperative's people pages."""

import re

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from shop.db import db
from shop.domain.accounts import passwords
from shop.domain.accounts import queries as accounts
from shop.domain.accounts.models import AgreementAcceptance
from shop.domain.accounts.states import Role, TokenKind
from shop.domain.accounts.texts import AGREEMENTS
from shop.domain.logistics import freight
from shop.domain.notices.models import Message
from shop.domain.villages import licences
from shop.domain.villages import queries as villages
from tests.builders import COUNTY, a_cooperative, a_farmer, a_user, a_village
from tests.conftest import NOON

PHONE, PASSWORD = "13900000001", "a fine password"
SESSION = "shop"
CHECKOUT = "/checkout?sku=MG-1&quantity=3&live_item=7"


def post(
    browser: FlaskClient, path: str, *, at: str | None = None, **fields: object
) -> TestResponse:
    """Send a form of the page ``at`` (default: the form's own address) with its token."""
    page = browser.get(at or path).get_data(as_text=True)
    token = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert token is not None, page[:300]
    return browser.post(path, data={"csrf_token": token[1], **fields})


def sign_in(browser: FlaskClient, phone: str = PHONE, **more: str) -> TestResponse:
    return post(browser, "/sign-in", phone=phone, password=PASSWORD, **more)


def somebody(**about: object) -> int:
    given: dict[str, object] = {"phone": PHONE, "password_hash": passwords.hashed(PASSWORD)}
    return a_user(**{**given, **about})  # type: ignore[arg-type]


def the_code() -> str:
    db.session.rollback()
    found = db.session.scalars(select(Message).order_by(Message.id.desc())).first()
    assert found is not None
    code = str(found.variables["code"])
    db.session.rollback()
    return code


def cookie(browser: FlaskClient) -> str:
    found = browser.get_cookie(SESSION)
    return found.value if found else ""


def test_sign_in_leads_back_to_the_same_item_and_quantity(ctx: Flask, client: FlaskClient) -> None:
    somebody()
    wrong = post(client, "/sign-in", phone=PHONE, password="wrong password", next=CHECKOUT)
    assert wrong.status_code == 401
    assert CHECKOUT.replace("&", "&amp;") in wrong.get_data(as_text=True)
    assert "wrong password" not in wrong.get_data(as_text=True)
    right = sign_in(client, next=CHECKOUT)
    assert (right.status_code, right.headers["Location"]) == (303, CHECKOUT)


@pytest.mark.parametrize("elsewhere", ["//evil.example", "/\\evil.example", "https:evil.example"])
def test_sign_in_never_leads_to_another_site(
    ctx: Flask, client: FlaskClient, elsewhere: str
) -> None:
    somebody()
    assert "evil" not in sign_in(client, next=elsewhere).headers["Location"]


def test_the_session_is_new_after_sign_in_and_ends_at_sign_out(
    ctx: Flask, client: FlaskClient
) -> None:
    somebody()
    client.get("/sign-in")
    before = cookie(client)
    answer = sign_in(client)
    kept = cookie(client)
    assert kept != before
    flags = answer.headers["Set-Cookie"]
    assert "HttpOnly" in flags
    assert "SameSite=Lax" in flags
    assert client.get("/account").status_code == 200
    post(client, "/sign-out", at="/account")
    assert client.get("/account").status_code == 303
    client.set_cookie(SESSION, kept)
    assert client.get("/account").status_code == 303, "the old cookie is dead in the database"


def test_a_sign_in_from_another_site_is_refused(ctx: Flask, client: FlaskClient) -> None:
    somebody()
    assert client.post("/sign-in", data={"phone": PHONE, "password": PASSWORD}).status_code == 403


def test_a_visitor_is_led_to_sign_in_and_back(client: FlaskClient) -> None:
    answer = client.get("/account/addresses/new?next=/cart")
    assert answer.headers["Location"] == "/sign-in?next=/account/addresses/new?next%3D/cart"


def test_a_code_signs_in_without_javascript(ctx: Flask, client: FlaskClient) -> None:
    asked = post(client, "/sign-in/code", at="/sign-in?way=code", phone=PHONE, next=CHECKOUT)
    assert asked.status_code == 200
    fields = {"phone": PHONE, "code": the_code(), "next": CHECKOUT}
    refused = post(client, "/sign-in/with-code", at="/sign-in?way=code", **fields)
    assert refused.status_code == 422, "nobody accepts the texts for the reader"
    answer = post(client, "/sign-in/with-code", at="/sign-in?way=code", agreed="1", **fields)
    assert (answer.status_code, answer.headers["Location"]) == (303, CHECKOUT)


def test_signing_up_keeps_which_texts_were_accepted(ctx: Flask, client: FlaskClient) -> None:
    fields = {"phone": PHONE, "name": "演示买家", "password": PASSWORD}
    assert post(client, "/sign-up", at="/sign-in?way=new", **fields).status_code == 422
    answer = post(client, "/sign-up", at="/sign-in?way=new", agreed="1", **fields)
    assert answer.status_code == 303
    rows = db.session.scalars(select(AgreementAcceptance)).all()
    assert {(row.kind, row.version) for row in rows} == set(AGREEMENTS)
    assert {row.accepted_at for row in rows} == {NOON}


def test_a_form_that_comes_back_keeps_what_was_typed_but_no_password(client: FlaskClient) -> None:
    answer = post(
        client, "/sign-up", at="/sign-in?way=new", phone="123", name="演示甲", password=PASSWORD
    )
    page = answer.get_data(as_text=True)
    assert 'value="演示甲"' in page
    assert PASSWORD not in page


def test_the_outbox_is_open_on_this_machine_only(ctx: Flask, client: FlaskClient) -> None:
    post(client, "/sign-in/code", at="/sign-in?way=code", phone=PHONE)
    assert the_code() in client.get("/outbox").get_data(as_text=True)
    assert "/outbox" in client.get("/sign-in").get_data(as_text=True)
    far = {"REMOTE_ADDR": "192.0.2.7"}
    assert client.get("/outbox", environ_base=far).status_code == 404
    assert "/outbox" not in client.get("/sign-in", environ_base=far).get_data(as_text=True)
    assert client.get("/outbox", headers={"X-Forwarded-For": "127.0.0.1"}).status_code == 404


@pytest.mark.settings(sms_url="http://127.0.0.1:9/sms")
def test_with_a_real_door_there_is_no_outbox(client: FlaskClient) -> None:
    assert client.get("/outbox").status_code == 404


def test_every_text_is_there_in_both_languages(client: FlaskClient) -> None:
    for kind, version in AGREEMENTS:
        for lang, word in (("zh", "运营"), ("en", "The Chinese text is the binding one")):
            answer = client.get(f"/legal/{kind}?lang={lang}")
            page = answer.get_data(as_text=True)
            assert answer.status_code == 200
            assert version in page
            assert word in page
    assert client.get("/legal/nothing").status_code == 404


def test_my_account_tells_corrects_and_exports(ctx: Flask, client: FlaskClient) -> None:
    somebody(name="演示旧名")
    sign_in(client)
    post(client, "/account/name", at="/account", name="演示新名")
    assert "演示新名" in client.get("/account").get_data(as_text=True)
    export = client.get("/account/export")
    assert export.json["account"]["phone"] == PHONE
    assert "attachment" in export.headers["Content-Disposition"]
    assert export.headers["Cache-Control"] == "no-store"


def test_another_password_keeps_this_browser_and_ends_the_other(
    ctx: Flask, app: Flask, client: FlaskClient
) -> None:
    somebody()
    other = app.test_client()
    sign_in(client)
    sign_in(other)
    fields = {"current": PASSWORD, "new_password": "another fine password"}
    assert post(client, "/account/password", **fields).status_code == 303
    assert client.get("/account").status_code == 200
    assert other.get("/account").status_code == 303


def test_erasing_the_account_on_its_page(ctx: Flask, client: FlaskClient) -> None:
    somebody()
    sign_in(client)
    assert post(client, "/account/erase", password=PASSWORD).status_code == 422
    assert post(client, "/account/erase", password="wrong", sure="1").status_code == 403
    answer = post(client, "/account/erase", password=PASSWORD, sure="1")
    assert answer.status_code == 303
    assert client.get("/account").status_code == 303
    assert accounts.user_by_phone("+86" + PHONE) is None


def test_an_address_is_chosen_without_javascript(ctx: Flask, client: FlaskClient) -> None:
    user_id = somebody()
    sign_in(client)
    typed = {"name": "演示收货人", "phone": PHONE, "street": "演示路 1 号"}
    new = "/account/addresses/new"
    page = post(client, new, pick="1", province="140000", **typed).get_data(as_text=True)
    assert ">阳泉市</option>" in page
    assert 'value="演示收货人"' in page
    page = post(client, new, pick="1", province="140000", city="140300", **typed).get_data(
        as_text=True
    )
    assert f'value="{COUNTY}"' in page
    done = post(client, new, region_code=COUNTY, next="/cart", **typed)
    assert (done.status_code, done.headers["Location"]) == (303, "/cart")
    (kept,) = accounts.addresses(user_id)
    db.session.rollback()
    page = client.get(f"/account/addresses/{kept.id}").get_data(as_text=True)
    assert f'value="{COUNTY}" selected' in page
    theirs = a_user()
    from tests.api.test_accounts import ADDRESS, bearer

    other = client.post("/api/v1/addresses", json=ADDRESS, headers=bearer(theirs)).json["id"]
    assert client.get(f"/account/addresses/{other}").status_code == 404


def test_the_operator_enters_a_village_and_a_cooperative(ctx: Flask, client: FlaskClient) -> None:
    somebody(roles=(Role.OPERATOR,))
    sign_in(client)
    village = {"name": "演示村", "name_en": "Demo", "slug": "demo-village", "region_code": COUNTY}
    assert post(client, "/operator/places/villages/new", **village).status_code == 303
    fields = {
        "name": "演示粗粮合作社",
        "slug": "demo-grains",
        "seller_kind": "cooperative",
        "licence_no": licences.demo_licence(7),
        "village": "demo-village",
        "address": "演示路 2 号",
        "contact": "0353-0000000",
        "manager_phone": "13900000007",
        "farmer_bp": "62.5",
        "village_bp": "5",
        "platform_bp": "2",
        "first_grams": "1",
        "next_grams": "0.5",
        "first_fen": "8.00",
        "next_fen": "2",
        "far": ["65", "54"],
        "far_first_fen": "20",
        "far_next_fen": "9",
        "undelivered": ["54"],
    }
    new = "/operator/cooperatives/new"
    wrong = post(client, new, **{**fields, "licence_no": "123"})
    assert wrong.status_code == 422
    assert 'value="65" checked' in wrong.get_data(as_text=True), "ticks are kept"
    assert post(client, new, **fields).headers["Location"] == "/operator/cooperatives/demo-grains"
    made = villages.cooperative("demo-grains")
    assert made is not None
    rule = freight.current_rules([made.id])[made.id]
    prices = {
        code: freight.freight_fen(rule, region_code=code, grams=1400, goods_fen=1)
        for code in (COUNTY, "650102", "540102")
    }
    assert prices == {COUNTY: 1000, "650102": 2900, "540102": None}
    page = client.get("/operator/cooperatives/demo-grains").get_data(as_text=True)
    assert "62.5%" in page


def test_an_assisted_household_is_noted_on_the_operators_page_only(
    ctx: Flask, app: Flask, client: FlaskClient
) -> None:
    cooperative = a_cooperative(slug="mine")
    farmer_id = a_farmer(cooperative, name="演示农户乙").id
    somebody(roles=(Role.OPERATOR,))
    sign_in(client)
    where = f"/operator/cooperatives/mine/farmers/{farmer_id}/assisted"
    post(client, where, at="/operator/cooperatives/mine", to="yes")
    db.session.rollback()
    household = villages.farmer(farmer_id, cooperative_ids=[cooperative.id])
    assert household is not None
    assert household.assisted
    manager = app.test_client()
    somebody(phone="13900000002", seat=(Role.MANAGER, cooperative.id))
    sign_in(manager, "13900000002")
    assert post(manager, where, at="/coop/farmers/mine", to="no").status_code == 403
    for path in ("/coop/farmers/mine", f"/coop/farmers/mine/{farmer_id}"):
        page = manager.get(path + "?lang=en").get_data(as_text=True)
        assert "演示农户乙" in page
        assert "ssisted" not in page


def test_a_manager_invites_and_dismisses_on_the_page(
    ctx: Flask, app: Flask, client: FlaskClient
) -> None:
    cooperative = a_cooperative(slug="mine")
    where = cooperative.id
    somebody(seat=(Role.MANAGER, where))
    clerk_id = somebody(phone="13900000002")
    sign_in(client)
    assert client.get("/coop/people").headers["Location"] == "/coop/people/mine"
    post(client, "/coop/people/mine", phone="13900000002", role="clerk")
    clerk = app.test_client()
    sign_in(clerk, "13900000002")
    db.session.rollback()
    assert {seat[1].id for seat in accounts.seats_of(where)} >= {clerk_id}
    assert clerk.get("/coop/people/mine").status_code == 403
    gone = post(client, f"/coop/people/mine/seats/{clerk_id}/clerk/dismiss", at="/coop/people/mine")
    assert gone.status_code == 303
    db.session.rollback()
    assert clerk_id not in {seat[1].id for seat in accounts.seats_of(where)}


def test_anothers_cooperative_is_not_found_on_any_page(ctx: Flask, client: FlaskClient) -> None:
    mine = a_cooperative(slug="mine")
    farmer_id = a_farmer(a_cooperative(slug="other")).id
    somebody(seat=(Role.MANAGER, mine.id))
    sign_in(client)
    for path in (
        "/coop/people/other",
        "/coop/people/other/freight",
        "/coop/farmers/other",
        "/coop/farmers/other/new",
        f"/coop/farmers/other/{farmer_id}",
        f"/coop/farmers/mine/{farmer_id}",
    ):
        assert client.get(path).status_code == 404, path


def test_the_operator_finds_suspends_and_restores_somebody(
    ctx: Flask, app: Flask, client: FlaskClient
) -> None:
    somebody(roles=(Role.OPERATOR,))
    other_id = somebody(phone="13900000002")
    sign_in(client)
    other = app.test_client()
    sign_in(other, "13900000002")
    found = post(client, "/operator/people/find", at="/operator/people", phone="139 0000 0002")
    assert found.headers["Location"] == f"/operator/people?user={other_id}"
    listed = client.get("/operator/people").get_data(as_text=True)
    assert "13900000002" not in listed, "numbers are masked in lists"
    one = f"/operator/people/{other_id}"
    post(client, f"{one}/suspend", at="/operator/people")
    assert other.get("/account").status_code == 303
    post(client, f"{one}/restore", at="/operator/people")
    assert other.get("/account").status_code == 200
    post(client, f"{one}/grant/host", at="/operator/people")
    person = accounts.person(other_id)
    assert person is not None
    assert person.actor.is_host
    db.session.rollback()
    post(client, f"{one}/sign-out", at="/operator/people")
    assert other.get("/account").status_code == 303


def test_places_and_people_are_the_operators(ctx: Flask, client: FlaskClient) -> None:
    a_village(slug="demo")
    somebody(roles=(Role.HOST,))
    sign_in(client)
    for path in (
        "/operator/places",
        "/operator/places/villages/demo",
        "/operator/cooperatives/new",
        "/operator/people",
    ):
        assert client.get(path).status_code == 403, path


def test_a_page_token_opens_no_api_and_an_api_token_no_page(
    ctx: Flask, client: FlaskClient
) -> None:
    somebody()
    sign_in(client)
    assert client.get("/api/v1/me").status_code == 401
    assert TokenKind.PAGE != TokenKind.API
