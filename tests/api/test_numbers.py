"""FAULTS 24: every number of every route, with what no number may be in its place."""

from typing import Any

import marshmallow as ma
from flask import Flask

from tests.api.bodies import Path, at, bodies, fields, placed
from tests.api.calling import address, fill, let_in, send
from tests.api.county import County
from tests.api.named_tables import SHIP_TO
from tests.api.number_tables import BODIES, FITS, MAY_BE_NULL, ODD
from tests.builders import COUNTY, a_sku


def numbers(app: Flask) -> list[tuple[str, Path]]:
    """Every number of every body: its route and where it stands."""
    return [
        (route, path)
        for route, schema in bodies(app)
        for path, field in (fields(schema) if schema else ())
        if isinstance(field, ma.fields.Number)
    ]


def name_of(path: Path) -> str:
    return [step for step in path if isinstance(step, str)][-1]


def fits(path: Path, value: Any) -> bool:
    name = name_of(path)
    if value is None:
        # An empty farmer of a contribution, and an empty element of a list, are nobody's.
        return name in MAY_BE_NULL and path[-1] != 0 and path[:1] != ("contributions",)
    return type(value) is int and value in FITS.get(name, set())


def test_every_route_with_a_number_is_in_the_table(bare: Flask) -> None:
    assert {route for route, _ in numbers(bare)} == set(BODIES)
    assert len(numbers(bare)) >= 50


def test_what_is_no_number_of_the_field_is_refused_and_changes_nothing(county: County) -> None:
    before = county.rows()
    for route, path in numbers(county.app):
        for value in ODD:
            if fits(path, value):
                continue
            body = placed(fill(BODIES[route], county.world.ids), path, value)
            answer = let_in(county, route, body).answer
            told = answer.get_json(force=True)
            assert answer.status_code == 422, f"{route} {at(path)}: {value!r}: {told}"
            assert at(path) in {entry["pointer"] for entry in told["errors"]}, f"{route}: {told}"
    assert county.rows() == before


def test_odd_numbers_that_a_field_may_hold_are_taken_for_numbers(county: County) -> None:
    for route, path in numbers(county.app):
        for value in ODD:
            if not fits(path, value):
                continue
            body = placed(fill(BODIES[route], county.world.ids), path, value)
            answer = let_in(county, route, body).answer
            told = answer.get_json(force=True) if answer.data else {}
            assert answer.status_code < 500, f"{route} {at(path)}: {value!r}: {told}"
            codes = {e["code"] for e in told.get("errors", ()) if e["pointer"] == at(path)}
            assert not codes & {"not-an-integer", "null"}, f"{route} {at(path)}: {value!r}"


def test_the_dearest_order_there_may_be_is_exact(county: County) -> None:
    with county.app.app_context():
        sku = a_sku(on_hand=999, price_fen=100_000_000, weight_grams=10_000_000)
    items, header = [{"sku": sku, "quantity": 999}], county.world.header("buyer")
    for route, body in (
        ("POST /api/v1/quotes", {"items": items, "ship_to": {"region_code": COUNTY}}),
        ("POST /api/v1/orders", {"items": items, "ship_to": SHIP_TO}),
    ):
        told = send(county.client, route, address(route, {}), body, header).get_json()
        assert told["goods_fen"] == 999 * 100_000_000
        assert told["freight_fen"] == 800 + (9_990_000 - 1) * 200
        assert told["total_fen"] == told["goods_fen"] + told["freight_fen"]
