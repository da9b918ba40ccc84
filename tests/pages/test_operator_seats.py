"""The operator repairs a cooperative's seats; a sign-in ends the one that it replaces."""

from flask import Flask
from flask.testing import FlaskClient

from shop.db import db
from shop.domain.accounts import queries as accounts
from shop.domain.accounts.states import Role
from shop.flows import people
from tests.builders import a_cooperative, a_user, an_operator
from tests.conftest import NOON
from tests.pages.test_people_pages import SESSION, cookie, post, sign_in, somebody

HOME = "/operator/cooperatives/mine"
WRONG, RIGHT = "13900000011", "13900000012"


def test_a_wrong_managers_number_is_repaired_on_the_operators_page(
    ctx: Flask, client: FlaskClient
) -> None:
    mine, other = a_cooperative(slug="mine"), a_cooperative(slug="other")
    operator = an_operator()
    wrong, theirs = (
        people.invite(
            actor=operator,
            cooperative_id=where,
            phone=WRONG,
            role=Role.MANAGER,
            now=NOON,
        )
        for where in (mine.id, other.id)
    )
    somebody(roles=(Role.OPERATOR,))
    sign_in(client)
    assert f"{HOME}/invitations/{wrong}/withdraw" in client.get(HOME).get_data(as_text=True)
    assert post(client, f"{HOME}/invitations/{theirs}/withdraw", at=HOME).status_code == 404
    assert post(client, f"{HOME}/invitations/{wrong}/withdraw", at=HOME).status_code == 303
    refused = post(client, f"{HOME}/invitations", at=HOME, phone="12", role="manager")
    assert (refused.status_code, 'value="12"' in refused.get_data(as_text=True)) == (422, True)
    asked = post(client, f"{HOME}/invitations", at=HOME, phone=RIGHT, role="manager")
    assert asked.status_code == 303
    db.session.rollback()
    waiting = accounts.open_invitations(cooperative_id=mine.id, now=NOON)
    assert [(one.phone, one.role) for one in waiting] == [("+86" + RIGHT, Role.MANAGER)]


def test_a_stranger_who_took_the_managers_seat_loses_it_to_the_right_one(
    ctx: Flask, client: FlaskClient
) -> None:
    mine = a_cooperative(slug="mine")
    stranger = a_user(seat=(Role.MANAGER, mine.id))
    somebody(roles=(Role.OPERATOR,))
    sign_in(client)
    out = f"{HOME}/seats/{stranger}/manager/dismiss"
    post(client, out, at=HOME)
    db.session.rollback()
    assert accounts.seats_of(mine.id), "a cooperative keeps a manager"
    right = a_user(seat=(Role.MANAGER, mine.id))
    post(client, out, at=HOME)
    db.session.rollback()
    assert [user.id for _, user in accounts.seats_of(mine.id)] == [right]


def test_signing_in_over_a_session_ends_it_in_the_database(ctx: Flask, client: FlaskClient) -> None:
    for phone in (WRONG, RIGHT):
        somebody(phone=phone)
    sign_in(client, WRONG)
    kept = cookie(client)
    page = client.get("/account").get_data(as_text=True)
    token = page.split('name="csrf_token" value="')[1].split('"')[0]
    fields = {"csrf_token": token, "phone": RIGHT, "password": "a fine password"}
    assert client.post("/sign-in", data=fields).status_code == 303
    assert client.get("/account").status_code == 200
    client.set_cookie(SESSION, kept)
    assert client.get("/account").status_code == 303, "the former sign-in is dead"
