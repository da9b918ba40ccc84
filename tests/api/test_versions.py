"""FAULTS 20: ETags on what has a version; consoles must say which one they change."""

from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.api.test_accounts import ADDRESS
from tests.api.test_tenancy_matrix import address, routes, send
from tests.api.world import ROLES, build
from tests.builders import a_sku, a_token, a_user, an_actor
from tests.paid_orders import an_order

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


LIVE = "/api/v1/live-sessions/<id:session_id>"


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_every_single_thing_carries_a_tag_and_a_list_a_weak_one_at_most(app: Flask) -> None:
    with app.app_context():
        world = build()
    client, tagged = app.test_client(), set()
    for route in sorted(routes(app)):
        if not route.startswith("GET ") or route in (f"GET {LIVE}/events", f"GET {LIVE}/changes"):
            continue
        query = {"cooperative": world.ids["cooperative"]} if "settlements" in route else {}
        for role in ROLES:
            answer = send(client, route, address(route, world.ids), query, world.header(role))
            if answer.status_code != 200:
                continue
            is_list = {"items", "next"} <= answer.get_json().keys()
            if is_list:
                assert answer.headers.get("ETag", "W/").startswith("W/"), route
                break
            same = world.header(role) | {"If-None-Match": answer.headers["ETag"]}
            again = send(client, route, address(route, world.ids), query, same)
            assert (again.status_code, again.data) == (304, b""), route
            tagged.add(route.rsplit("/api/v1/", 1)[1])
            break
    assert {"me", "addresses/<id:address_id>", "payments/<id:payment_id>", "settlements"} <= tagged
    assert {"trace/<code:code>", "board/<slug:village>", "products/<slug:slug>"} <= tagged
    assert {"live-sessions/<id:session_id>/checklist", "orders/<number:number>"} <= tagged


def test_an_address_changes_only_for_who_saw_it_as_it_is(client: FlaskClient, ctx: Flask) -> None:
    me = {"Authorization": f"Bearer {a_token(a_user())}"}
    made = client.post("/api/v1/addresses", json=ADDRESS, headers=me)
    one = f"/api/v1/addresses/{made.json['id']}"
    seen = client.get(one, headers=me).headers["ETag"]
    assert seen == made.headers["ETag"]
    first = client.patch(one, json={"street": "演示路 2 号"}, headers=me | {"If-Match": seen})
    assert first.status_code == 200
    late = client.patch(one, json={"street": "演示路 3 号"}, headers=me | {"If-Match": seen})
    assert (late.status_code, late.get_json(force=True)["code"]) == (412, "precondition-failed")
    assert client.delete(one, headers=me | {"If-Match": seen}).status_code == 412
    assert client.get(one, headers=me).json["street"] == "演示路 2 号"
    client.post("/api/v1/addresses", json={**ADDRESS, "is_default": True}, headers=me)
    moved = client.get(one, headers=me)
    assert moved.headers["ETag"] != first.headers["ETag"], "it is no longer the default"
    foreign = {"Authorization": f"Bearer {a_token(a_user())}", "If-Match": seen}
    assert client.patch(one, json={"street": "别处"}, headers=foreign).status_code == 404
    assert client.patch(one, json={"street": "演示路 4 号"}, headers=me).status_code == 200
    now = client.get(one, headers=me).headers["ETag"]
    assert client.delete(one, headers=me | {"If-Match": now}).status_code == 204


def test_an_order_is_cancelled_or_confirmed_only_as_it_was_seen(
    client: FlaskClient, ctx: Flask
) -> None:
    buyer = an_actor()
    waiting = an_order({a_sku(on_hand=5): 1}, buyer=buyer)
    assert buyer.user_id is not None
    me = {"Authorization": f"Bearer {a_token(buyer.user_id)}"}
    one = f"/api/v1/orders/{waiting.number}"
    seen = client.get(one, headers=me).headers["ETag"]
    stale = me | {"If-Match": '"99"'}
    for act in ("cancel", "confirm-receipt"):
        answer = client.post(f"{one}/{act}", headers=stale)
        assert (answer.status_code, answer.get_json(force=True)["code"]) == (
            412,
            "precondition-failed",
        )
    assert client.get(one, headers=me).json["status"] == "pending_payment"
    done = client.post(f"{one}/cancel", headers=me | {"If-Match": seen})
    assert (done.status_code, done.json["status"]) == (200, "cancelled")
    assert client.post(f"{one}/cancel", headers=me | {"If-Match": seen}).status_code == 412
