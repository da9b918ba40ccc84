"""FAULTS 69: every route × every role, and a role that is taken away."""

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from shop.domain.accounts.states import Role
from shop.domain.villages import queries as villages
from shop.flows import people
from shop.web.api.gate import forms_of
from shop.web.views import view_at
from shop.web.who import access_of
from tests.api.calling import address, send
from tests.api.county import County
from tests.builders import a_token, a_user, an_actor
from tests.conftest import NOON
from tests.pages.role_table import EVERYBODY, LINES, MEMBERS, who_may
from tests.pages.route_tables import WORDS_IN_PATHS
from tests.pages.visitors import Visitor

JSON = {"Accept": "application/json"}
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
END_IT = ("POST /sign-out", "DELETE /api/v1/tokens/current", "POST /account/sign-out-others")
"""What would end the caller's own sign-in."""
A_CODE = ("message", "outbox_message", "sms_code")
ASKED = {EVERYBODY: ("stranger",), MEMBERS: ("stranger", "buyer")}
"""Where nobody, or nobody with an account, is kept out, the least of them speaks for all."""


def all_routes(app: Flask) -> dict[str, str]:
    """``VERB rule`` of the whole shop with its endpoint."""
    return {
        f"{method} {rule.rule}": rule.endpoint
        for rule in app.url_map.iter_rules()
        for method in METHODS
        if method in (rule.methods or ()) and rule.endpoint != "static"
    }


def test_what_each_view_declares_is_what_the_table_says(bare: Flask) -> None:
    fitted = set()
    for route, endpoint in all_routes(bare).items():
        access = access_of(bare, endpoint, route.partition(" ")[0])
        assert access is not None
        if access.open or not access.roles:
            declared = EVERYBODY if access.open else MEMBERS
        else:
            # A manager stands in for every seat of a cooperative.
            seats = {"manager"} if {"keeper", "clerk"} & set(access.roles) else set()
            declared = frozenset(access.roles) | seats
        assert declared == who_may(route), route
        fitted.add(who_may(route))
    assert fitted == {people for _verb, _path, people in LINES}


@pytest.fixture
def staff(county: County) -> dict[str, int]:
    """A new person a role, all of them of the first tenant's places."""
    with county.app.app_context():
        place = an_actor(county.world.first["manager"]).cooperatives()[0]
        made = {role: a_user(seat=(Role(role), place)) for role in ("keeper", "clerk", "manager")}
        home = villages.village(county.world.ids["village"])
        assert home is not None
        for role in ("village", "supervisor"):
            made[role] = a_user()
            people.grant_role(
                actor=an_actor(county.world.first["operator"]),
                user_id=made[role],
                role=Role(role),
                village_id=home.id,
                now=NOON,
            )
        return made | {
            "buyer": a_user(),
            "host": a_user(roles=(Role.HOST,)),
            "operator": a_user(roles=(Role.OPERATOR,)),
        }


@pytest.mark.parametrize("county", ["sqlite"], indirect=True)
def test_each_role_opens_what_it_should_and_nothing_else(
    county: County, staff: dict[str, int]
) -> None:
    before = county.rows()
    visitors = {role: Visitor(county.app, user) for role, user in staff.items()}
    visitors["stranger"] = Visitor(county.app)
    with county.app.app_context():
        bearers = {
            role: {"Authorization": f"Bearer {a_token(user)}"} for role, user in staff.items()
        }
    for route in all_routes(county.app):
        if route in END_IT or "/hooks/" in route:
            continue
        allowed, path = who_may(route), address(route, WORDS_IN_PATHS)
        for role in ASKED.get(allowed, visitors):
            visitor = visitors[role]
            if route.partition(" ")[2].startswith("/api/v1/"):
                answer = send(visitor.client, route, path, None, bearers.get(role))
            else:
                answer = visitor.call(route, path, **JSON)
            let_in = allowed == EVERYBODY or role in allowed
            check(answer, let_in=let_in, known=role != "stranger", where=f"{role}: {route}")
    after = county.rows()
    written = {name for name in before if before[name] != after[name]}
    assert written <= {"access_token", *A_CODE}, "sign-ins, and a code to one's own number"


def check(answer: TestResponse, *, let_in: bool, known: bool, where: str) -> None:
    if let_in:
        assert answer.status_code < 500, where
        assert answer.status_code not in (401, 403), where
    elif known:
        assert answer.status_code in (403, 404), where
    else:
        assert answer.status_code == 401, where


def test_a_role_that_is_taken_away_is_gone_at_the_next_request(
    county: County, staff: dict[str, int]
) -> None:
    places = {
        "host": ("/api/v1/live-sessions?as=host", "/host/sessions"),
        "keeper": ("/api/v1/farmers", "/coop/stock/scale"),
        "clerk": ("/api/v1/inventory", "/coop/products/new"),
        "manager": ("/api/v1/inventory", "/coop/people"),
        "operator": ("/api/v1/orders?as=operator", "/operator/people"),
    }
    boss = an_operator = county.world.first
    for role, (api, page) in places.items():
        visitor = Visitor(county.app, staff[role])
        with county.app.app_context():
            header = {"Authorization": f"Bearer {a_token(staff[role])}"}
        assert visitor.get(page).status_code < 400
        assert visitor.client.get(api, headers=header).status_code == 200
        with county.app.app_context():
            if role in ("host", "operator"):
                people.revoke_role(
                    actor=an_actor(an_operator["operator"]),
                    user_id=staff[role],
                    role=Role(role),
                    now=NOON,
                )
            else:
                manager = an_actor(boss["manager"])
                people.dismiss(
                    actor=manager,
                    cooperative_id=manager.cooperatives()[0],
                    user_id=staff[role],
                    role=Role(role),
                    now=NOON,
                )
        assert visitor.get(page).status_code == 403, role
        assert visitor.client.get(api, headers=header).status_code == 403, role
        with county.app.app_context():
            people.suspend_user(actor=an_actor(an_operator["operator"]), user_id=staff[role])
        assert visitor.get(page).headers["Location"].startswith("/sign-in"), role
        assert visitor.client.get(api, headers=header).status_code == 401, role


def test_no_stream_is_for_one_role_alone(bare: Flask) -> None:
    """Whoever loses a role loses nothing that is still running: the only stream is public."""
    streams = {
        route
        for route, endpoint in all_routes(bare).items()
        if "text/event-stream"
        in forms_of(getattr(view_at(bare, endpoint, route.partition(" ")[0]), "_apidoc", {}))
    }
    assert streams == {"GET /api/v1/live-sessions/<id:session_id>/events"}
    assert {who_may(route) for route in streams} == {EVERYBODY}
