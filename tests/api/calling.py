"""Calling any route of the API with any ids, as any of the world's people."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.api.county import County
from tests.api.route_tables import ABSENT, VERBS
from tests.api.world import ROLES

NOBODY = 9_007_199_254_740_990
"""An id that no row has."""

_keys = itertools.count()


def routes(app: Flask) -> Iterator[str]:
    """``VERB rule`` of the whole API."""
    for rule in app.url_map.iter_rules():
        if rule.rule.startswith("/api/v1/"):
            for verb in VERBS:
                if verb in (rule.methods or ()):
                    yield f"{verb} {rule.rule}"


def named_in(route: str) -> set[str]:
    """What the path of a route names."""
    return {part.partition(">")[0].rpartition(":")[2] for part in route.split("<")[1:]}


def address(route: str, ids: dict[str, Any]) -> str:
    """The route's path with these ids; what is not among them is an id of nothing."""
    path = route.split(" ", 1)[1]
    while "<" in path:
        head, _, rest = path.partition("<")
        kind, _, tail = rest.partition(">")
        converter, _, name = kind.rpartition(":")
        path = f"{head}{ids.get(name, ABSENT.get(converter, NOBODY))}{tail}"
    return path


def send(
    client: FlaskClient,
    route: str,
    path: str,
    body: Any = None,
    header: dict[str, str] | None = None,
    *,
    raw: bytes | None = None,
) -> TestResponse:
    """Call a route with a JSON body (``raw``: with these bytes), or with a query where it reads."""
    verb = route.split(" ", 1)[0]
    headers = {
        **(header or {}),
        **({"Idempotency-Key": f"k{next(_keys)}"} if verb == "POST" else {}),
    }
    if raw is not None:
        return client.open(
            path, method=verb, data=raw, content_type="application/json", headers=headers
        )
    if verb == "GET":
        return client.get(path, query_string=body, headers=headers)
    return client.open(path, method=verb, json=body, headers=headers)


REFUSALS = {(404, "not-found", "这里什么也没有"), (403, "forbidden", "您的角色没有这项权限")}
"""What may be said of another's thing: nothing in it is about the thing."""


def refusal(answer: TestResponse) -> tuple[int, str, str]:
    """All that a refusal says of its reason."""
    body = answer.get_json(force=True)
    assert body["errors"] == []
    return answer.status_code, body["code"], body["detail"]


def told(answer: TestResponse) -> dict[str, Any]:
    """A problem document without what names this request."""
    body = dict(answer.get_json(force=True))
    return {k: v for k, v in body.items() if k not in ("instance", "request_id")}


def fill(value: Any, ids: dict[str, Any]) -> Any:
    """``{name}`` as this id, at any depth."""
    if isinstance(value, dict):
        return {name: fill(inner, ids) for name, inner in value.items()}
    if isinstance(value, list):
        return [fill(inner, ids) for inner in value]
    if isinstance(value, str) and value.startswith("{"):
        return ids[value.strip("{}")]
    return value


@dataclass(frozen=True)
class Entrance:
    """How somebody got in, and what they were told."""

    path: str
    header: dict[str, str]
    answer: TestResponse


def let_in(county: County, route: str, body: Any = None, *, raw: bytes | None = None) -> Entrance:
    """As the first person whom the view lets in."""
    path = address(route, county.world.ids)
    known = county.entrances.get(route)
    for role in (known, *ROLES) if known else ROLES:
        header = county.world.header(role)
        answer = send(county.client, route, path, body, header, raw=raw)
        if answer.status_code not in (401, 403):
            county.entrances[route] = role
            return Entrance(path, header, answer)
    raise AssertionError(f"nobody may call {route}")
