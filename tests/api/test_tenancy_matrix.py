"""FAULTS 67 and 70: every route × role × somebody else's id; a route unknown here fails.

The tables are in ``route_tables.py``.
"""

import itertools
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import inspect
from werkzeug.test import TestResponse

from shop.db import db
from shop.models import known
from shop.web.views import view_at
from tests.api.route_tables import ABSENT, NESTED, OTHERS, OWN, OWNED, SHARED, VERBS
from tests.api.world import CANARIES, World, build


@pytest.fixture
def world(app: Flask) -> World:
    """Everybody and everything, on a fresh database."""
    with app.app_context():
        return build()


def routes(app: Flask) -> Iterator[str]:
    """``VERB rule`` of the whole API."""
    for rule in app.url_map.iter_rules():
        if rule.rule.startswith("/api/v1/"):
            for verb in VERBS:
                if verb in (rule.methods or ()):
                    yield f"{verb} {rule.rule}"


def test_every_route_is_in_one_table(app: Flask) -> None:
    tables = [SHARED, OWN, set(OWNED), set(NESTED)]
    for one, two in itertools.combinations(tables, 2):
        assert one & two == set()
    assert set(routes(app)) == set().union(*tables)


def address(route: str, ids: dict[str, Any]) -> str:
    """The route's path with these ids."""
    path = route.split(" ", 1)[1]
    while "<" in path:
        head, _, rest = path.partition("<")
        kind, _, tail = rest.partition(">")
        converter, _, name = kind.partition(":")
        path = f"{head}{ids.get(name, ABSENT.get(converter, 9_007_199_254_740_990))}{tail}"
    return path


def send(
    client: FlaskClient, route: str, path: str, body: Any, header: dict[str, str]
) -> TestResponse:
    verb = route.split(" ", 1)[0]
    header = header | ({"Idempotency-Key": f"k{next(COUNT)}"} if verb == "POST" else {})
    if verb == "GET":
        return client.get(path, query_string=body, headers=header)
    return client.open(path, method=verb, json=body, headers=header)


COUNT = itertools.count()


def told(answer: TestResponse) -> dict[str, Any]:
    body = dict(answer.get_json(force=True))
    return {k: v for k, v in body.items() if k not in ("instance", "request_id")}


def test_somebody_elses_thing_is_as_absent_as_nothing(app: Flask, world: World) -> None:
    client = app.test_client()
    for route, body in OWNED.items():
        reached = False
        for role in OTHERS:
            header = world.header(role, other=True)
            foreign = send(client, route, address(route, world.ids), body, header)
            absent = send(client, route, address(route, {}), body, header)
            assert foreign.status_code in (403, 404), f"{role}: {route}: {foreign.data!r}"
            assert told(foreign) == told(absent), f"{role}: {route}"
            reached = reached or foreign.status_code == 404
        strangers = send(client, route, address(route, world.ids), body, {})
        assert strangers.status_code == 401, route
        owners = {*OTHERS, "operator"}
        seen = [
            send(client, route, address(route, {}), body, world.header(role)).status_code
            for role in owners
        ]
        assert 404 in seen, f"nobody at all reaches {route}"


def test_every_owned_thing_is_there_for_its_owner(app: Flask, world: World) -> None:
    client = app.test_client()
    for route, body in OWNED.items():
        if not route.startswith("GET "):
            continue
        found = [
            send(client, route, address(route, world.ids), body, world.header(role)).status_code
            for role in (*OTHERS, "operator")
        ]
        assert 200 in found, f"nobody reads {route}: {found}"


def fill(value: Any, ids: dict[str, Any]) -> Any:
    """``{name}`` as this id."""
    if isinstance(value, dict):
        return {name: fill(inner, ids) for name, inner in value.items()}
    if isinstance(value, list):
        return [fill(inner, ids) for inner in value]
    if isinstance(value, str) and value.startswith("{"):
        return ids[value.strip("{}")]
    return value


def test_nested_ids_of_others_are_as_absent_as_nothing(app: Flask, world: World) -> None:
    client = app.test_client()
    nothing = {
        "cooperative": "no-such-thing",
        "sku": "NO-SUCH",
        "farmer_id": 9_007_199_254_740_990,
        "code": "2222-22222",
    }
    for route, cases in NESTED.items():
        for role, body, foreign in cases:
            header = world.header(role, other=True)
            path = route.split(" ", 1)[1]
            good = fill(body, world.ids)
            theirs = send(client, route, path, good | fill(foreign, world.ids), header)
            absent = send(client, route, path, good | fill(foreign, nothing), header)
            assert theirs.status_code in (404, 422), f"{route}: {theirs.data!r}"
            assert told(theirs) == told(absent), route


def test_nothing_of_another_stands_in_any_answer(app: Flask, world: World) -> None:
    client = app.test_client()
    marks = (*CANARIES.values(), world.ids["number"], world.ids["waiting"])
    for route in routes(app):
        if not route.startswith("GET ") or route.endswith("/events"):
            continue
        for header in [{}, *(world.header(role, other=True) for role in OTHERS)]:
            path = address(route, world.ids | {"village": world.ids["village"]})
            for query in ({"wait": "0"}, {"as": "manager"}, {"as": "operator"}):
                text = send(client, route, path, query, header).get_data(as_text=True)
                text = text.replace(path, "")
                assert not [mark for mark in marks if mark in text], f"{route} {query}"


def columns() -> set[str]:
    """Every column name of every table."""
    known()
    return {column.name for table in db.metadata.tables.values() for column in table.columns}


def fields_of(app: Flask, endpoint: str, verb: str) -> set[str] | None:
    """The names that a body may have, or ``None`` where it is not JSON."""
    documented = getattr(view_at(app, endpoint, verb), "_apidoc", {})
    for parameter in documented.get("arguments", {}).get("parameters", ()):
        if parameter["in"] == "files":
            return None
        if parameter["in"] == "json":
            schema = parameter["schema"]
            schema = schema() if isinstance(schema, type) else schema
            return {field.data_key or name for name, field in schema.fields.items()}
    return set()


def test_no_body_takes_a_column_that_is_not_its_field(app: Flask, world: World) -> None:
    client = app.test_client()
    names = columns() | {"role", "is_admin", "coop_id", "state", "paid_at", "is_assisted"}
    for rule in app.url_map.iter_rules():
        for verb in {"POST", "PUT", "PATCH"} & (rule.methods or set()):
            route = f"{verb} {rule.rule}"
            if not rule.rule.startswith("/api/v1/"):
                continue
            fields = fields_of(app, rule.endpoint, verb)
            if fields is None:
                continue
            extra = names - fields
            answer = _first_inside(client, route, dict.fromkeys(extra, 1), world)
            body = answer.get_json(force=True)
            assert (answer.status_code, body["code"]) == (422, "unknown-field"), f"{route}: {body}"
            refused = {e["pointer"] for e in body["errors"] if e["code"] == "unknown-field"}
            assert len(refused) >= min(len(extra), 80), route


def _first_inside(client: FlaskClient, route: str, body: Any, world: World) -> TestResponse:
    """As the first person whom the view lets in."""
    for role in ("buyer", "host", "keeper", "clerk", "manager", "operator"):
        answer = send(client, route, address(route, world.ids), body, world.header(role))
        if answer.status_code not in (401, 403):
            return answer
    raise AssertionError(f"nobody may call {route}")


def test_the_column_list_is_the_databases(ctx: Flask) -> None:
    assert set(inspect(db.engine).get_table_names()) >= set(db.metadata.tables)
