"""FAULTS 73 and DESIGN law 11: who reads a telephone number, a street, and that help is given."""

from collections.abc import Iterator

import pytest
from werkzeug.test import TestResponse

from shop.flows import places
from tests.api.calling import address, routes, send
from tests.api.county import County
from tests.api.world import CANARIES
from tests.builders import an_actor
from tests.pages.visitors import Visitor, text_of
from tests.pages.walking import Walk

DESK = ("keeper", "clerk", "manager")
SENDERS = (*DESK, "operator")
OWN_PAGES = {"GET /account/export": ("buyer",), "GET /orders/<number:number>": ("buyer",)}
ORDERS = {
    "GET /api/v1/orders": ("buyer", *SENDERS),
    "GET /api/v1/orders/<number:number>": ("buyer", *SENDERS),
    "GET /coop/orders/<number:number>": SENDERS,
}
KEEPERS = ("keeper", "manager")
SLIPS = {"GET /coop/orders/slips": KEEPERS}
BOOK = {
    f"GET {path}": ("buyer",)
    for path in (
        "/account/addresses",
        "/account/addresses/<id:address_id>",
        "/api/v1/addresses",
        "/api/v1/addresses/<id:address_id>",
    )
}
READERS: dict[str, dict[str, tuple[str, ...]]] = {
    "street": OWN_PAGES | ORDERS | SLIPS | BOOK,
    "receiver": OWN_PAGES | ORDERS | SLIPS,
    "ship_phone": OWN_PAGES | ORDERS,
    "farmer": {
        "GET /api/v1/farmers": KEEPERS,
        "GET /coop/farmers/<slug:slug>": KEEPERS,
        "GET /coop/farmers/<slug:slug>/<id:farmer_id>": KEEPERS,
        "GET /coop/stock/lots/new": KEEPERS,
        "GET /coop/stock/pack": KEEPERS,
        "GET /coop/stock/scale": KEEPERS,
        "GET /coop/stock/slips/<slip:slip_no>": DESK,
        "GET /operator/cooperatives/<slug:slug>": ("operator",),
    },
    "phone": {
        "GET /account": ("buyer",),
        "GET /account/export": ("buyer",),
        "GET /account/password": ("buyer",),
        "GET /api/v1/me": ("buyer",),
        # Messages that did not leave, outside production and on this machine alone.
        "GET /outbox": ("stranger",),
    },
}
"""Where the first buyer's and the first household's data stand, and who is shown them there."""


def looked_at(county: County) -> Iterator[tuple[str, str, TestResponse]]:
    """Every page and answer that the first tenant's people and strangers get: route and role."""
    for visit in Walk(county.app, county.world).visits():
        yield visit.route, visit.role, visit.answer
    for route in routes(county.app):
        if not route.startswith("GET ") or route.endswith("/events"):
            continue
        path = address(route, county.world.ids)
        for role in ("stranger", *county.world.first):
            header = county.world.header(role) if role != "stranger" else {}
            hats = ("buyer", "manager", "operator") if path.endswith("/orders") else ("viewer",)
            for hat in hats:
                yield route, role, send(county.client, route, path, {"as": hat}, header)


def test_personal_data_is_shown_to_those_who_need_it_and_kept_by_no_cache(
    furnished: County, capsys: pytest.CaptureFixture[str]
) -> None:
    seen: dict[str, dict[str, set[str]]] = {name: {} for name in READERS}
    for route, role, answer in looked_at(furnished):
        text = answer.get_data(as_text=True)
        for name in READERS:
            if CANARIES[name] in text:
                seen[name].setdefault(route, set()).add(role)
                assert answer.headers["Cache-Control"] == "no-store", route
    expected = {
        name: {route: set(roles) for route, roles in where.items()}
        for name, where in READERS.items()
    }
    assert seen == expected
    logged = "".join(capsys.readouterr())
    assert "GET" in logged
    assert [name for name, word in CANARIES.items() if word in logged] == []


def test_an_unpaid_order_tells_its_seller_no_address(furnished: County) -> None:
    world = furnished.world
    path = f"/api/v1/orders/{world.ids['waiting']}"
    for role in DESK:
        answer = furnished.client.get(path, headers=world.header(role))
        assert answer.json["ship_to"] is None, role
    assert furnished.client.get(path, headers=world.header("buyer")).json["ship_to"]


def test_a_refusal_repeats_nothing_of_what_was_sent(
    furnished: County, capsys: pytest.CaptureFixture[str]
) -> None:
    sent = {
        "name": CANARIES["receiver"],
        "phone": CANARIES["ship_phone"],
        "street": CANARIES["street"],
        "region_code": "999999",
    }
    order = {"items": [{"sku": "NO-SUCH", "quantity": 1}], "note": CANARIES["note"]}
    tried = [
        ("POST /api/v1/addresses", sent),
        ("POST /api/v1/addresses", sent | {"who": CANARIES["street"]}),
        ("POST /api/v1/addresses", sent | {"street": CANARIES["street"] * 50}),
        ("POST /api/v1/orders", order | {"ship_to": sent}),
        ("POST /api/v1/users", {"phone": CANARIES["phone"], "password": "x", "name": "演示"}),
        ("POST /api/v1/tokens", {"phone": CANARIES["phone"], "password": CANARIES["street"]}),
    ]
    header, visitor = furnished.world.header("buyer"), Visitor(furnished.app)
    answers = [
        send(furnished.client, route, address(route, {}), body, header) for route, body in tried
    ]
    visitor.post("/sign-in", {"phone": CANARIES["phone"], "password": CANARIES["street"]})
    told = "".join(answer.get_data(as_text=True) for answer in answers)
    logged = "".join(capsys.readouterr())
    assert {answer.status_code // 100 for answer in answers} == {4}
    for where, text in (("answer", told), ("log", logged)):
        assert [name for name, word in CANARIES.items() if word in text] == [], where


def test_help_to_a_household_shows_on_the_operators_pages_alone(furnished: County) -> None:
    """Every page that names the household, and what is public, is the same with and without it."""
    ids, operator = furnished.world.ids, furnished.world.first["operator"]
    walk = Walk(furnished.app, furnished.world)
    told = {*READERS["farmer"], "GET /trace/<code:code>", "GET /board/<slug:village>"}
    shown: list[dict[tuple[str, str], str]] = []
    for assisted in (False, True, False):
        with furnished.app.app_context():
            places.set_assisted(
                actor=an_actor(operator), farmer_id=ids["farmer_id"], assisted=assisted
            )
        seen = {
            (visit.role, visit.route): text_of(visit.answer, path=visit.path)
            for visit in walk.visits(only=told)
        }
        listed = furnished.client.get("/api/v1/farmers", headers=furnished.world.header("keeper"))
        shown.append(seen | {("keeper", "farmers"): listed.get_data(as_text=True)})
    assert shown[0] == shown[2]
    apart = {where for where in shown[0] if shown[0][where] != shown[1][where]}
    assert apart == {("operator", "GET /operator/cooperatives/<slug:slug>")}
