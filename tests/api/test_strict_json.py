"""FAULTS 81: JSON that two readers could understand differently is refused, on every route."""

import json
import time
from contextlib import suppress

import pytest
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st

from shop.kernel.errors import Invalid
from shop.web.strict_json import MAX_DEPTH, MalformedBody, parse, parse_object

THINGS = "/api/v1/probe/things"

MALFORMED = {
    "not-json": b"{name: 1}",
    "half": b'{"name": "a"',
    "trailing": b'{"name": "a"} x',
    "two": b'{"name": "a"}{"name": "b"}',
    "nan": b'{"name": "a", "price_fen": NaN}',
    "infinity": b'{"name": "a", "price_fen": -Infinity}',
    "1e999": b'{"name": "a", "price_fen": 1e999}',
    "5000-digits": b'{"name": "a", "price_fen": ' + b"9" * 5000 + b"}",
    "twice": b'{"name": "a", "name": "b"}',
    "twice-inside": b'{"rows": [{"sku": "a", "sku": "b"}]}',
    "twice-by-escape": b'{"name": "a", "n\\u0061me": "b"}',
    "depth-33": b"[" * 33 + b"]" * 33,
    "depth-100k": b"[" * 100_000 + b"]" * 100_000,
    "depth-objects": b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
    "bom": b'\xef\xbb\xbf{"name": "a"}',
    "utf-16": '{"name": "a"}'.encode("utf-16"),
    "utf-16-le": '{"name": "a"}'.encode("utf-16-le"),
    "latin-1": '{"name": "\xe9"}'.encode("latin-1"),
    "overlong": b'{"name": "\xc0\xaf"}',
    "surrogate-bytes": b'{"name": "\xed\xa0\x80"}',
    "raw-nul": b'{"name": "a\x00"}',
    "raw-newline": b'{"name": "a\n"}',
    "comment": b'{"name": "a" /* b */}',
    "trailing-comma": b'{"name": "a",}',
    "single-quotes": b"{'name': 'a'}",
    "empty": b" ",
}
UNFIT = {
    "array": b"[]",
    "null": b"null",
    "number": b"5",
    "text": b'"a"',
    "lone-surrogate": b'{"name": "\\ud800"}',
    "lone-surrogate-key": b'{"\\udfff": 1}',
    "nul": b'{"name": "a\\u0000b"}',
    "nul-inside": b'{"name": "a", "rows": [{"sku": "\\u0000", "quantity": 1}]}',
    "2^63": b'{"name": "a", "price_fen": 9223372036854775808}',
    "float-money": b'{"name": "a", "price_fen": 1.0}',
    "exponent-money": b'{"name": "a", "price_fen": 1e2}',
}


@pytest.mark.parametrize("name", MALFORMED)
@pytest.mark.parametrize("path", [THINGS, "/api/v1/probe/maybe", "/api/v1/probe/bare"])
def test_bytes_that_are_no_json_are_400(light: FlaskClient, path: str, name: str) -> None:
    answer = light.post(path, data=MALFORMED[name], content_type="application/json")
    assert (answer.status_code, answer.get_json(force=True)["code"]) == (400, "malformed-body")


@pytest.mark.parametrize("name", UNFIT)
@pytest.mark.parametrize("path", [THINGS, "/api/v1/probe/maybe", "/api/v1/probe/bare"])
def test_json_with_unfit_values_is_422(light: FlaskClient, path: str, name: str) -> None:
    answer = light.post(path, data=UNFIT[name], content_type="application/json")
    assert answer.status_code == 422


def test_a_key_makes_no_difference_to_a_bad_body(light: FlaskClient) -> None:
    for body in MALFORMED.values():
        answer = light.post(
            THINGS, data=body, content_type="application/json", headers={"Idempotency-Key": "k"}
        )
        assert answer.status_code == 400


def test_an_empty_body_is_enough_where_nothing_is_required(light: FlaskClient) -> None:
    for path in ("/api/v1/probe/maybe", "/api/v1/probe/bare"):
        assert light.post(path).status_code == 200
        assert light.post(path, content_type="application/json").status_code == 200
        assert light.post(path, json={}).status_code == 200
    assert light.post("/api/v1/probe/bare", json={"a": 1}).status_code == 422


def test_what_the_shop_reads_is_what_json_means() -> None:
    raw = '{"a": [1, -2, 0.5, true, null], "中": "文 \\u4e2d \\ud83c\\udf44", "b": {}}'.encode()
    assert parse(raw) == json.loads(raw)
    assert parse(b"[" * MAX_DEPTH + b"]" * MAX_DEPTH) is not None
    brackets = json.dumps({"a": "[{" * 50_000, "b": '\\"[' * 50}).encode()
    assert parse_object(brackets)["a"] == "[{" * 50_000


@pytest.mark.parametrize(
    "raw",
    [
        b'"' + b'\\"' * 500_000,
        b'{"a": "' + b"\\" * 999_999,
        b"[]" * 500_000,
        b'["' * 16 + b'\\"[' * 300_000,
        b'"[' * 500_000,
    ],
    ids=range(5),
)
def test_a_hostile_megabyte_is_refused_quickly(raw: bytes) -> None:
    began = time.process_time()
    with pytest.raises(MalformedBody):
        parse(raw)
    assert time.process_time() - began < 1


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=20,
)


@given(VALUES)
def test_every_honest_value_comes_back(value: object) -> None:
    raw = json.dumps(value, ensure_ascii=False).encode()
    if "\x00" in str(value) or "\\x00" in repr(value):
        return
    assert parse(raw) == value


@given(st.binary(max_size=200))
def test_any_bytes_are_parsed_or_refused(raw: bytes) -> None:
    with suppress(MalformedBody, Invalid):
        parse(raw)
