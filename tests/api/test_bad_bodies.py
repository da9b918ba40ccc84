"""FAULTS 70 and 81: what no route of the API may take, sent to every one of them."""

from flask import Flask
from sqlalchemy import inspect

from shop.db import db
from shop.models import known
from tests.api.bodies import at, bodies, objects, placed
from tests.api.calling import let_in, send
from tests.api.county import County
from tests.api.route_tables import VERBS

MALFORMED = {
    "half": b'{"a": "b"',
    "trailing": b"{} x",
    "two": b"{}{}",
    "nan": b'{"a": NaN}',
    "1e999": b'{"a": 1e999}',
    "5000-digits": b'{"a": ' + b"9" * 5000 + b"}",
    "twice": b'{"a": 1, "a": 2}',
    "twice-inside": b'{"items": [{"sku": "a", "sku": "b"}]}',
    "depth-100k": b'{"a": ' * 100_000 + b"1" + b"}" * 100_000,
    "bom": b"\xef\xbb\xbf{}",
    "utf-16": '{"a": 1}'.encode("utf-16"),
}
UNFIT = {
    "array": b"[]",
    "null": b"null",
    "lone-surrogate": b'{"a": "\\ud800"}',
    "lone-surrogate-key": b'{"\\udfff": 1}',
    "nul": b'{"a": "b\\u0000"}',
    "nul-inside": b'{"a": [{"b": "\\u0000"}]}',
}
NOT_COLUMNS = {"role", "is_admin", "coop_id", "state", "paid_at", "is_assisted"}


def test_no_route_takes_json_that_two_readers_understand_differently(county: County) -> None:
    before = county.rows()
    expected = dict.fromkeys(MALFORMED.values(), (400, "malformed-body"))
    expected |= dict.fromkeys(UNFIT.values(), (422, "validation-error"))
    names = {raw: name for name, raw in (MALFORMED | UNFIT).items()}
    for route, _schema in bodies(county.app):
        entrance = let_in(county, route, raw=b"[]")
        for raw, meant in expected.items():
            answer = send(county.client, route, entrance.path, header=entrance.header, raw=raw)
            told = (answer.status_code, answer.get_json(force=True)["code"])
            assert told == meant, f"{route}: {names[raw]}"
    assert county.rows() == before


def columns() -> set[str]:
    """Every column name of every table."""
    known()
    return {column.name for table in db.metadata.tables.values() for column in table.columns}


def test_no_object_of_a_body_takes_a_column_that_is_not_its_field(county: County) -> None:
    before = county.rows()
    names, inner = columns() | NOT_COLUMNS, 0
    for route, schema in bodies(county.app):
        for path, own in objects(schema):
            extra = names - own
            answer = let_in(county, route, placed({}, path, dict.fromkeys(extra, 1))).answer
            body = answer.get_json(force=True)
            assert (answer.status_code, body["code"]) == (422, "unknown-field"), f"{route}: {body}"
            told = {e["pointer"] for e in body["errors"] if e["code"] == "unknown-field"}
            asked = {at((*path, name)) for name in extra}
            assert told <= asked, route
            assert len(told) >= min(len(extra), 80), f"{route} {path}"
            inner += bool(path)
    assert inner >= 15, "nested objects are walked"
    assert county.rows() == before


def test_every_route_that_changes_something_is_among_them(bare: Flask) -> None:
    walked = {route for route, _ in bodies(bare)}
    there = {
        f"{verb} {rule.rule}"
        for rule in bare.url_map.iter_rules()
        for verb in set(VERBS) & (rule.methods or set())
        if rule.rule.startswith("/api/v1/") and verb not in ("GET", "DELETE")
    }
    assert there - walked == {"POST /api/v1/pictures"}


def test_the_column_list_is_the_databases(ctx: Flask) -> None:
    assert set(inspect(db.engine).get_table_names()) >= set(db.metadata.tables)
