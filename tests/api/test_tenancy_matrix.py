"""FAULTS 67: every route × role × somebody else's id; a route unknown here fails.

The tables are in ``route_tables.py`` and ``named_tables.py``.
"""

import itertools
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from shop.web.fields import LotCode, Sku, Slug, Whole
from tests.api.bodies import Path, bodies, fields
from tests.api.calling import NOBODY, REFUSALS, address, fill, named_in, refusal, routes, send, told
from tests.api.county import County
from tests.api.named_tables import EVERYBODYS, NESTED, Named
from tests.api.route_tables import OTHERS, OWN, OWNED, SHARED
from tests.api.world import CANARIES, World

WAYS = {
    f"GET /api/v1/{many}": ({"as": "buyer"}, {"as": "host"}, {"as": "manager"}, {"as": "operator"})
    for many in ("orders", "live-sessions")
}
"""Lists that may be asked for in another role."""
NOTHING = {"cooperative": "no-such-thing", "sku": "NO-SUCH", "code": "2222-22222"}


def test_every_route_is_in_one_table(bare: Flask) -> None:
    there = set(routes(bare))
    tables = [SHARED, OWN, set(OWNED)]
    for one, two in itertools.combinations(tables, 2):
        assert one & two == set()
    assert there == set().union(*tables)
    assert {row.route for row in NESTED} <= there


def test_somebody_elses_thing_is_as_absent_as_nothing(county: County) -> None:
    client, world = county.client, county.world
    for route, body in OWNED.items():
        seen = set()
        theirs, nothing = address(route, world.ids), address(route, {})
        for role, who in world.outsiders():
            answer = send(client, route, theirs, body, world.credentials(who))
            assert refusal(answer) in REFUSALS, f"{role}: {route}: {answer.data!r}"
            seen.add(answer.status_code)
        header = world.header("third")
        foreign, absent = (send(client, route, path, body, header) for path in (theirs, nothing))
        assert told(foreign) == told(absent), route
        if 404 not in seen:
            seen.add(send(client, route, nothing, body, world.header("operator")).status_code)
        assert 404 in seen, f"nobody at all reaches {route}"
        assert send(client, route, theirs, body).status_code == 401, route


def test_every_owned_thing_is_there_for_its_owner(county: County) -> None:
    client, world = county.client, county.world
    for route, body in OWNED.items():
        if not route.startswith("GET "):
            continue
        found = [
            send(client, route, address(route, world.ids), body, world.header(role)).status_code
            for role in (*OTHERS, "operator")
        ]
        assert 200 in found, f"nobody reads {route}: {found}"


def test_what_is_named_of_others_is_as_absent_as_nothing(app: Flask, world: World) -> None:
    client = app.test_client()
    nothing = {name: NOTHING.get(name, NOBODY) for name in world.ids}
    nothing["public_sku"] = world.ids["public_sku"]
    for row in NESTED:
        theirs = call(client, world, row, fill(row.what, world.ids))
        absent = call(client, world, row, fill(row.what, nothing))
        assert shows_nothing(theirs), f"{row}: {theirs.data!r}"
        assert told(theirs) == told(absent), row
        whose = "third" if row.who == "third" else "other"
        own = {name: world.ids.get(f"{whose}_{name}") for name in world.ids}
        mine = fill(row.own, world.ids) if row.own else fill(row.what, own)
        answer = call(client, world, row, mine)
        assert answer.status_code < 400, f"{row} as one's own: {answer.data!r}"


def call(client: FlaskClient, world: World, row: Named, what: dict[str, Any]) -> TestResponse:
    """Call a row's route; what its path does not name goes into the body."""
    given = fill(row.rest, world.ids) | what
    in_path = named_in(row.route)
    body = {name: value for name, value in given.items() if name not in in_path}
    header = world.header(row.who, other=True)
    return send(client, row.route, address(row.route, given), body or None, header)


def shows_nothing(answer: TestResponse) -> bool:
    """Not found, unfit, not on offer, or a list without anything in it."""
    if answer.status_code == 200:
        return answer.get_json() == {"items": [], "next": None}
    return answer.status_code in (404, 409, 422)


def test_whatever_a_body_may_name_is_in_a_row(bare: Flask) -> None:
    """A field that takes an id and is in no row is a hole, unless its thing is everybody's."""
    tried = {(row.route, str(name)) for row in NESTED for name in names_in(row.what)}
    for route, schema in bodies(bare):
        for path, field in fields(schema) if schema else ():
            name = [step for step in path if isinstance(step, str)][-1]
            anybodys = name in EVERYBODYS and route in (EVERYBODYS[name] or {route})
            if is_id(path, field) and not anybodys:
                assert (route, name) in tried, f"{route} {path}"


def is_id(path: Path, field: object) -> bool:
    if isinstance(field, Sku | Slug | LotCode):
        return True
    names = {"picture", "pictures", "cover", "items", "lines"}
    return type(field) is Whole and (str(path[-1]).endswith("_id") or names & {*path[-2:]} != set())


def names_in(value: Any) -> set[str]:
    if isinstance(value, dict):
        return set(value) | {name for inner in value.values() for name in names_in(inner)}
    return (
        {name for inner in value for name in names_in(inner)} if isinstance(value, list) else set()
    )


def test_each_seller_of_a_shared_order_sees_its_own_part(county: County) -> None:
    client, world = county.client, county.world
    path = f"/api/v1/orders/{world.ids['mixed']}"
    for role, sku, strange in (("manager", "sku", "third_sku"), ("third", "third_sku", "sku")):
        answer = client.get(path, headers=world.header(role))
        assert [line["sku"] for line in answer.json["lines"]] == [world.ids[sku]]
        assert f'"{world.ids[strange]}"' not in answer.get_data(as_text=True)
        listed = client.get("/api/v1/orders?as=manager&limit=100", headers=world.header(role))
        (found,) = (o for o in listed.json["items"] if o["number"] == world.ids["mixed"])
        assert found["total_fen"] == answer.json["total_fen"]
    for role in OTHERS:
        assert client.get(path, headers=world.header(role, other=True)).status_code == 404


def test_nothing_of_another_stands_in_any_answer(county: County) -> None:
    client, world = county.client, county.world
    marks = (*CANARIES.values(), world.ids["number"], world.ids["waiting"])
    people = [{}, *(world.credentials(who) for _, who in world.outsiders())]
    for route in routes(county.app):
        if not route.startswith("GET ") or route.endswith("/events"):
            continue
        for header in people:
            path = address(route, world.ids)
            for query in WAYS.get(route, ({"wait": "0"},)):
                text = send(client, route, path, query, header).get_data(as_text=True)
                text = text.replace(path, "")
                assert not [mark for mark in marks if mark in text], f"{route} {query}"
