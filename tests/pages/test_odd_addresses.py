"""FAULTS 81, 84 and 86 in addresses: what no link of ours says is no accident on any page."""

import inspect

from flask import Flask

from shop.db import db
from shop.web.views import view_at
from tests.api.calling import address, routes, send
from tests.api.county import County
from tests.pages.walking import ASKED, Walk, ids_for, pages

VALUES = {
    "sqlite": (str(2**63), "²"),
    "postgresql": ("1:1:a\x00b", "9" * 5000),
}
"""What each database, or Python before it, trips over."""
PATHS = (
    "/coop/stock/slips/W%00",
    "/coop/stock/slips/" + "9" * 3000,
    "/pay-for-me/%00",
    "/pay-for-me/" + "9" * 15 + "-x",
    "/pictures/" + "%00" * 32 + "/s.webp",
    "/static/%00",
    "/trace/%F0%9F%8D%84",
    "/%ED%A0%80",
)


def asks(app: Flask, route: str) -> bool:
    """Whether a page's module, or an answer's schema, reads what stands after the question mark."""
    rule = next(rule for rule in app.url_map.iter_rules() if f"GET {rule.rule}" == route)
    view = view_at(app, rule.endpoint, "GET")
    if route.startswith("GET /api/"):
        return bool(getattr(view, "_apidoc", {}).get("arguments"))
    return "request" in inspect.getsource(inspect.getmodule(view) or inspect)


def test_no_address_is_odd_enough_for_an_accident(furnished: County) -> None:
    walk, world = Walk(furnished.app, furnished.world), furnished.world
    before = furnished.rows()
    with furnished.app.app_context():
        kind = db.engine.dialect.name
    for value in VALUES[kind]:
        query = dict.fromkeys(ASKED, value) | ({"line": value} if ":" in value else {})
        for route in sorted(pages(furnished.app)):
            if route.startswith("GET ") and asks(furnished.app, route):
                path = address(route, ids_for(route, world.ids))
                answer = walk.visitors[walk.readers(route)[0]].get(path, query)
                assert answer.status_code < 500, f"{route} {value[:30]!r}"
        for route in routes(furnished.app):
            if route.endswith("/events") or not route.startswith("GET "):
                continue
            if asks(furnished.app, route):
                path = address(route, world.ids)
                answer = send(furnished.client, route, path, query, world.header("manager"))
                assert answer.status_code < 500, f"{route} {value[:30]!r}"
    for path in PATHS:
        assert walk.visitors["keeper"].get(path).status_code == 404, path
    assert furnished.rows() == before
