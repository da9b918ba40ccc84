"""Accounts, tokens, addresses, regions and farmers over HTTP."""

import statistics
import time
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from shop.db import db
from shop.domain.accounts import texts
from shop.domain.accounts.models import AccessToken, AgreementAcceptance
from shop.domain.accounts.states import Role
from shop.domain.accounts.texts import AGREEMENTS
from shop.domain.notices.models import Message
from shop.domain.villages.models import Farmer
from shop.flows import people
from tests.builders import COUNTY, a_cooperative, a_farmer, a_phone, a_token, a_user, an_actor
from tests.conftest import NOON

PHONE, PASSWORD = "13900000001", "a fine password"
ADDRESS = {
    "name": "演示收货人",
    "phone": "13900000002",
    "region_code": COUNTY,
    "street": "演示路 1 号",
}


def bearer(user_id: int) -> dict[str, str]:
    return {"Authorization": f"Bearer {a_token(user_id)}"}


def sign_up(client: FlaskClient, **other: object) -> Any:
    body = {"phone": PHONE, "password": PASSWORD, "name": "演示买家", **other}
    return client.post("/api/v1/users", json=body)


def sign_in(client: FlaskClient, **proof: object) -> Any:
    return client.post("/api/v1/tokens", json={"phone": PHONE, **proof})


def the_code() -> str:
    db.session.rollback()
    message = db.session.scalars(select(Message).order_by(Message.id.desc())).first()
    assert message is not None
    code = str(message.variables["code"])
    db.session.rollback()
    return code


def test_sign_up_sign_in_me_and_sign_out(client: FlaskClient) -> None:
    made = sign_up(client)
    assert (made.status_code, made.json["phone"], made.json["roles"]) == (201, PHONE, ["buyer"])
    given = sign_in(client, password=PASSWORD)
    assert given.status_code == 201
    assert given.json["user"] == made.json
    assert given.headers["Cache-Control"] == "no-store"
    mine = {"Authorization": f"Bearer {given.json['token']}"}
    assert client.get("/api/v1/me", headers=mine).json == {**made.json, "cooperatives": []}
    assert client.delete("/api/v1/tokens/current", headers=mine).status_code == 204
    refused = client.get("/api/v1/me", headers=mine)
    assert (refused.status_code, refused.json["code"]) == (401, "token-invalid")


def test_a_taken_number_is_a_conflict_however_it_is_written(client: FlaskClient) -> None:
    sign_up(client)
    for phone in (PHONE, "+86" + PHONE):
        refused = sign_up(client, phone=phone)
        assert (refused.status_code, refused.json["code"]) == (409, "phone-taken")


@pytest.mark.parametrize(
    ("wrong", "status", "code"),
    [
        ({"phone": "12345"}, 422, "validation-error"),
        ({"password": "short"}, 422, "validation-error"),
        ({"name": " "}, 422, "validation-error"),
        ({"code": "12"}, 422, "validation-error"),
        ({"role": "operator"}, 422, "unknown-field"),
        ({"roles": ["operator"]}, 422, "unknown-field"),
        ({"phone_proven_at": "2026-01-01T00:00:00Z"}, 422, "unknown-field"),
        ({"status": "active"}, 422, "unknown-field"),
        ({"id": 1}, 422, "unknown-field"),
    ],
)
def test_what_does_not_belong_into_a_sign_up_is_refused(
    client: FlaskClient, wrong: dict[str, object], status: int, code: str
) -> None:
    refused = sign_up(client, **wrong)
    assert (refused.status_code, refused.json["code"]) == (status, code)


def test_every_wrong_pair_gets_the_same_answer(client: FlaskClient) -> None:
    sign_up(client)
    seen = set()
    for body in (
        {"phone": PHONE, "password": "wrong password"},
        {"phone": "13900000009", "password": PASSWORD},
        {"phone": PHONE, "code": "000000"},
        {"phone": "13900000009", "code": "000000"},
    ):
        refused = client.post("/api/v1/tokens", json=body)
        seen.add((refused.status_code, refused.json["code"], refused.headers["WWW-Authenticate"]))
    assert seen == {(401, "invalid-credentials", 'Bearer realm="shop"')}


def test_asking_for_a_code_tells_nothing_about_the_number(ctx: Flask, client: FlaskClient) -> None:
    sign_up(client)
    answers = [
        client.post("/api/v1/sms-codes", json={"phone": phone, "purpose": purpose})
        for phone, purpose in (
            (PHONE, "sign-in"),
            ("13900000009", "sign-in"),
            ("13900000008", "sign-up"),
        )
    ]
    assert {(one.status_code, one.get_data()) for one in answers} == {
        (202, b'{"status":"accepted"}')
    }


def test_a_code_makes_the_account_and_signs_in_once(ctx: Flask, client: FlaskClient) -> None:
    client.post("/api/v1/sms-codes", json={"phone": PHONE, "purpose": "sign-in"})
    code = the_code()
    assert sign_in(client, code=code).status_code == 201
    assert sign_in(client, code=code).status_code == 401


@pytest.mark.settings(limits=True)
def test_a_second_code_within_a_minute_waits(client: FlaskClient) -> None:
    body = {"phone": PHONE, "purpose": "sign-in"}
    assert client.post("/api/v1/sms-codes", json=body).status_code == 202
    refused = client.post("/api/v1/sms-codes", json=body)
    assert (refused.status_code, refused.json["code"]) == (429, "rate-limited")
    assert 0 < int(refused.headers["Retry-After"]) <= 61


@pytest.mark.settings(limits=True)
def test_guessing_one_number_ends_whatever_the_addresses(client: FlaskClient) -> None:
    seen = [
        client.post(
            "/api/v1/tokens",
            json={"phone": PHONE, "password": "a wrong password"},
            environ_base={"REMOTE_ADDR": f"192.0.2.{number}"},
        ).status_code
        for number in range(32)
    ]
    assert seen[:30] == [401] * 30
    assert seen[30:] == [429, 429]


@pytest.mark.settings(limits=True)
def test_guessing_many_numbers_from_one_address_ends(client: FlaskClient) -> None:
    seen = [
        client.post(
            "/api/v1/tokens",
            json={"phone": f"139{number:08d}", "password": "a wrong password"},
            headers={"X-Forwarded-For": f"192.0.2.{number}"},
        ).status_code
        for number in range(62)
    ]
    assert seen[0] == 401
    assert seen[-1] == 429


def test_an_unknown_number_takes_as_long_as_a_wrong_password(client: FlaskClient) -> None:
    sign_up(client)

    def seconds(phone: str) -> float:
        began = time.perf_counter()
        client.post("/api/v1/tokens", json={"phone": phone, "password": "a wrong password"})
        return time.perf_counter() - began

    seconds("13900000009")
    pairs = [(seconds(PHONE), seconds("13900000009")) for _ in range(25)]
    known, unknown = (statistics.median(column) for column in zip(*pairs, strict=True))
    assert abs(known - unknown) < max(0.010, known * 0.25)


@pytest.mark.parametrize("proof", [{}, {"password": "x", "code": "000000"}])
def test_a_sign_in_has_one_proof(client: FlaskClient, proof: dict[str, str]) -> None:
    assert sign_in(client, **proof).status_code == 422


@pytest.mark.settings(code_sign_in=False)
def test_code_sign_in_can_be_switched_off(client: FlaskClient) -> None:
    body = {"phone": PHONE, "purpose": "sign-in"}
    assert client.post("/api/v1/sms-codes", json=body).status_code == 403
    assert sign_in(client, code="000000").status_code == 403
    assert client.post("/api/v1/sms-codes", json={**body, "purpose": "sign-up"}).status_code == 202


def test_roles_are_read_with_every_request(ctx: Flask, client: FlaskClient) -> None:
    cooperative = a_cooperative(slug="demo-coop")
    where = cooperative.id
    user_id = a_user(seat=(Role.KEEPER, where), roles=(Role.HOST,))
    mine = bearer(user_id)
    found = client.get("/api/v1/me", headers=mine).json
    assert found["roles"] == ["buyer", "host", "keeper"]
    assert found["cooperatives"] == ["demo-coop"]
    manager = an_actor(a_user(seat=(Role.MANAGER, where)))
    from tests.conftest import NOON

    people.dismiss(actor=manager, cooperative_id=where, user_id=user_id, role=Role.KEEPER, now=NOON)
    assert client.get("/api/v1/me", headers=mine).json["roles"] == ["buyer", "host"]
    assert client.get("/api/v1/farmers", headers=mine).status_code == 403


def test_credentials_that_are_no_longer_good(ctx: Flask, client: FlaskClient) -> None:
    user_id = a_user()
    mine = bearer(user_id)
    people.suspend_user(actor=an_actor(roles=(Role.OPERATOR,)), user_id=user_id)
    for headers, code in (
        (mine, "token-invalid"),
        ({"Authorization": "Bearer unknown"}, "token-invalid"),
        ({"Authorization": "Basic dTpw"}, "token-invalid"),
        ({}, "unauthenticated"),
    ):
        refused = client.get("/api/v1/me", headers=headers)
        assert (refused.status_code, refused.json["code"]) == (401, code)
        assert refused.headers["WWW-Authenticate"].startswith("Bearer")


def test_a_token_stands_nowhere_in_the_database(ctx: Flask, client: FlaskClient) -> None:
    sign_up(client)
    token = sign_in(client, password=PASSWORD).json["token"]
    kept = db.session.scalars(select(AccessToken.token_hash)).all()
    assert kept
    assert token not in kept


def test_an_address_book(ctx: Flask, client: FlaskClient) -> None:
    mine = bearer(a_user())
    made = client.post("/api/v1/addresses", json=ADDRESS, headers=mine)
    assert made.status_code == 201
    assert made.json == {
        **ADDRESS,
        "id": made.json["id"],
        "region": "山西省 阳泉市 郊区",
        "is_default": True,
    }
    one = f"/api/v1/addresses/{made.json['id']}"
    changed = client.patch(one, json={"street": "演示路 9 号"}, headers=mine)
    assert changed.json == {**made.json, "street": "演示路 9 号"}
    listed = client.get("/api/v1/addresses", headers=mine)
    assert listed.json == {"items": [changed.json], "next": None}
    assert client.delete(one, headers=mine).status_code == 204
    assert client.get(one, headers=mine).status_code == 404


def test_anothers_address_is_as_absent_as_none(ctx: Flask, client: FlaskClient) -> None:
    theirs = client.post("/api/v1/addresses", json=ADDRESS, headers=bearer(a_user())).json["id"]
    mine = bearer(a_user())
    for verb in ("get", "patch", "delete"):
        answers = [
            getattr(client, verb)(
                f"/api/v1/addresses/{number}",
                headers=mine,
                **({"json": {"street": "别处"}} if verb == "patch" else {}),
            )
            for number in (theirs, 10**9)
        ]
        assert {one.status_code for one in answers} == {404}
        bodies = [
            {
                name: value
                for name, value in one.json.items()
                if name not in ("instance", "request_id")
            }
            for one in answers
        ]
        assert bodies[0] == bodies[1]


@pytest.mark.parametrize(
    ("wrong", "pointer"),
    [
        ({"region_code": "999999"}, "/region_code"),
        ({"region_code": "140300"}, "/region_code"),
        ({"region_code": 140311}, "/region_code"),
        ({"phone": "010-12345678"}, "/phone"),
        ({"user_id": 1}, "/user_id"),
        ({"is_default": "yes"}, "/is_default"),
    ],
)
def test_a_wrong_address_points_at_its_field(
    ctx: Flask, client: FlaskClient, wrong: dict[str, object], pointer: str
) -> None:
    refused = client.post("/api/v1/addresses", json={**ADDRESS, **wrong}, headers=bearer(a_user()))
    assert refused.status_code == 422
    assert refused.json["errors"][0]["pointer"] == pointer


def test_regions_lead_from_the_provinces_to_a_county(client: FlaskClient) -> None:
    provinces = client.get("/api/v1/regions").json
    assert len(provinces["items"]) == 31
    assert provinces["next"] is None
    cities = client.get("/api/v1/regions?parent=140000").json["items"]
    yangquan = next(one for one in cities if one["name"] == "阳泉市")
    assert not yangquan["deliverable"]
    counties = client.get(f"/api/v1/regions?parent={yangquan['code']}").json["items"]
    assert {"code": COUNTY, "name": "郊区", "level": "county", "deliverable": True} in counties
    first = client.get("/api/v1/regions?limit=30").json
    rest = client.get(f"/api/v1/regions?limit=30&after={first['next']}").json
    assert first["items"] + rest["items"] == provinces["items"]


@pytest.mark.parametrize("query", ["parent=999999", "parent=x", "limit=0", "after=tampered"])
def test_a_wrong_question_about_regions_is_400(client: FlaskClient, query: str) -> None:
    refused = client.get(f"/api/v1/regions?{query}")
    assert (refused.status_code, refused.json["code"]) == (400, "invalid-parameter")


def test_a_keeper_notes_farmers_of_the_own_cooperative(ctx: Flask, client: FlaskClient) -> None:
    cooperative = a_cooperative(slug="mine")
    from shop.domain.villages import queries as villages

    home = villages.villages_by_id([cooperative.village_id])[cooperative.village_id].slug
    keeper = bearer(a_user(seat=(Role.KEEPER, cooperative.id)))
    body = {"name": "演示农户甲", "phone": a_phone(), "village": home}
    made = client.post("/api/v1/farmers", json=body, headers=keeper)
    assert made.status_code == 201
    assert made.json == {
        **body,
        "id": made.json["id"],
        "cooperative": "mine",
        "consented": False,
        "status": "active",
    }
    assert client.get("/api/v1/farmers", headers=keeper).json["items"] == [made.json]
    refused = client.post("/api/v1/farmers", json={**body, "assisted": True}, headers=keeper)
    assert (refused.status_code, refused.json["code"]) == (422, "unknown-field")


def test_anothers_farmers_are_not_listed_and_not_added_to(ctx: Flask, client: FlaskClient) -> None:
    mine, other = a_cooperative(slug="mine"), a_cooperative(slug="other")
    a_farmer(other)
    keeper = bearer(a_user(seat=(Role.KEEPER, mine.id)))
    assert client.get("/api/v1/farmers", headers=keeper).json["items"] == []
    for slug in ("other", "no-such"):
        assert client.get(f"/api/v1/farmers?cooperative={slug}", headers=keeper).status_code == 404
        body = {"name": "演示", "village": "x", "cooperative": slug}
        assert client.post("/api/v1/farmers", json=body, headers=keeper).status_code == 404
    db.session.rollback()
    assert len(db.session.scalars(select(Farmer)).all()) == 1


@pytest.mark.parametrize("role", [None, Role.CLERK, Role.HOST, Role.OPERATOR])
def test_farmers_are_for_keepers_and_managers(
    ctx: Flask, client: FlaskClient, role: Role | None
) -> None:
    if role is Role.CLERK:
        user_id = a_user(seat=(role, a_cooperative().id))
    else:
        user_id = a_user(roles=(role,) if role else ())
    assert client.get("/api/v1/farmers", headers=bearer(user_id)).status_code == 403


def test_who_works_for_two_cooperatives_says_which(ctx: Flask, client: FlaskClient) -> None:
    first, second = a_cooperative(), a_cooperative(slug="second")
    user_id = a_user(phone=(phone := a_phone()), seat=(Role.MANAGER, first.id))
    a_user(phone=phone, seat=(Role.MANAGER, second.id))
    from shop.domain.villages import queries as villages

    body = {"name": "演示", "village": villages.villages()[0].slug}
    mine = bearer(user_id)
    assert client.post("/api/v1/farmers", json=body, headers=mine).status_code == 422
    body["cooperative"] = "second"
    assert client.post("/api/v1/farmers", json=body, headers=mine).status_code == 201


def test_what_a_program_says_was_accepted_is_kept_with_its_time(
    ctx: Flask, client: FlaskClient
) -> None:
    said = [{"kind": kind, "version": version} for kind, version in AGREEMENTS]
    made = sign_up(client, agreements=[*said, said[0]]).json["id"]
    assert texts.missing(made) == []
    rows = db.session.scalars(select(AgreementAcceptance)).all()
    assert {row.accepted_at for row in rows} == {NOON}
    other = a_phone()
    client.post("/api/v1/sms-codes", json={"phone": other, "purpose": "sign-in"})
    body = {"phone": other, "code": the_code(), "agreements": said}
    by_code = client.post("/api/v1/tokens", json=body)
    assert texts.missing(by_code.json["user"]["id"]) == []


def test_a_text_or_version_that_is_not_in_force_is_refused(client: FlaskClient) -> None:
    said = {"kind": "privacy", "version": dict(AGREEMENTS)["privacy"]}
    for wrong, pointer in (
        ([said, {**said, "kind": "cookies"}], "/agreements/1/kind"),
        ([{**said, "version": "1999-01-01"}], "/agreements/0/version"),
        ([{"kind": "privacy"}], "/agreements/0/version"),
    ):
        answer = sign_up(client, agreements=wrong)
        errors = answer.get_json(force=True)["errors"]
        assert (answer.status_code, errors[0]["pointer"]) == (422, pointer)
    assert sign_up(client).status_code == 201, "nothing was made before"
    assert sign_in(client, password=PASSWORD, agreements=[said]).status_code == 422
