"""FAULTS 24, 61 and 86: numbers, texts, phones and times are taken as written, or refused."""

import json
from typing import Any

import marshmallow as ma
import pytest
from flask.testing import FlaskClient

from shop.web.fields import (
    Bp,
    Day,
    Fen,
    Flag,
    LotCode,
    Phone,
    QueryInt,
    Sku,
    Slug,
    Text,
    Utc,
    Whole,
)
from shop.web.form_fields import Checkbox, Kilos, LocalTime, Percent, Yuan

THINGS = "/api/v1/probe/things"


@pytest.mark.parametrize(
    "value", [0, -1, 1.5, 2**31, 2**63, 2**70, "1e3", "5", None, True, False, [], {}, 1.0, 1e2]
)
def test_a_quantity_is_a_whole_number_within_its_range(light: FlaskClient, value: Any) -> None:
    rows = [{"sku": "A", "quantity": value}]
    raw = json.dumps({"name": "a", "rows": rows})
    answer = light.post(THINGS, data=raw, content_type="application/json")
    body = answer.get_json(force=True)
    assert (answer.status_code, body["code"]) == (422, "validation-error")
    assert [entry["pointer"] for entry in body["errors"]] == ["/rows/0/quantity"]


@pytest.mark.parametrize("value", [-1, 0.1, 1e2, "1.00", "100", 10**12 + 1, True, None, [1]])
def test_money_is_whole_fen(light: FlaskClient, value: Any) -> None:
    answer = light.post(THINGS, json={"name": "a", "price_fen": value})
    assert answer.status_code == 422


def load(field: ma.fields.Field[Any], value: Any) -> Any:
    return field.deserialize(value)


GOOD: list[tuple[ma.fields.Field[Any], Any, Any]] = [
    (Whole(0, 5), 5, 5),
    (Fen(), 10**12, 10**12),
    (Bp(), 10_000, 10_000),
    (Flag(), False, False),
    (QueryInt(1, 100), "24", 24),
    (Text(1, 5), "  蘑 菇  ", "蘑 菇"),
    (Text(1, 5), "e\u0301", "é"),
    (Text(1, 5), "a\u200bb\ufeff", "ab"),
    (Text(1, 5), "👨\u200d👩", "👨\u200d👩"),
    (Text(1, 9), "a\nb\t c", "a b c"),
    (Text(1, 9, lines=True), " a\r\nb\rc ", "a\nb\nc"),
    (Slug(), "bei-yang", "bei-yang"),
    (Sku(), "MG-500.A_1", "MG-500.A_1"),
    (Phone(), "138 0000 0001", "+8613800000001"),
    (Phone(), "+86 138-0000-0001", "+8613800000001"),
    (Day(), "2026-02-28", "2026-02-28"),
    (Utc(), "2026-02-01T08:00:00+08:00", "2026-02-01T00:00:00+00:00"),
    (Utc(), "2026-02-01T08:00:00.123456789Z", "2026-02-01T08:00:00.123456+00:00"),
    (Yuan(), "36.8", 3680),
    (Yuan(), "¥1,036.80", 103680),
    (Kilos(), "2.5", 2500),
    (Percent(), "12.5%", 1250),
    (Checkbox(), "on", True),
    (LocalTime(), "2026-02-01T08:00", "2026-02-01T00:00:00+00:00"),
]
BAD: list[tuple[ma.fields.Field[Any], Any]] = [
    (Flag(), 1),
    (Flag(), "true"),
    (QueryInt(1, 100), "1e1"),
    (QueryInt(1, 100), "٣"),
    (QueryInt(1, 100), "007"),
    (QueryInt(1, 10**9), "9" * 5000),
    (Text(1, 5), "   "),
    (Text(1, 5), "\u200b\ufeff"),
    (Text(1, 5), "abcdef"),
    (Text(1, 5), "x" * 10**6),
    (Text(1, 5), "a\x00"),
    (Text(1, 5), "a\x1b[1m"),
    (Text(1, 5), "\u202eabc"),
    (Text(1, 5), "\u2066a"),
    (Text(1, 5), "\ud800"),
    (Text(1, 5), 5),
    (Slug(), "Bei"),
    (Slug(), "a b"),
    (Slug(), "-a"),
    (Slug(), "a\n"),
    (Sku(), "a/b"),
    (Sku(), "x" * 41),
    (Phone(), "12345"),
    (Phone(), "23800000001"),
    (Phone(), "１３８００００００００１"),
    (Phone(), "1" * 10_000),
    (Phone(), 13800000001),
    (Day(), "2026-02-30"),
    (Day(), "2026-2-3"),
    (Day(), "20260203"),
    (Utc(), "2026-02-01T08:00:00"),
    (Utc(), "2026-02-01 08:00:00Z"),
    (Utc(), "2026-13-01T08:00:00Z"),
    (Utc(), "0001-01-01T00:00:00+08:00"),
    (Utc(), 1769904000),
    (LotCode(), "AAAA-AAAAA"),
    (LotCode(), None),
    (Yuan(), "0.001"),
    (Yuan(), "-1"),
    (Yuan(), "1e3"),
    (Yuan(), "٣"),
    (Percent(), "100.01"),
    (LocalTime(), "2026-02-30T08:00"),
]


@pytest.mark.parametrize(("field", "value", "meant"), GOOD, ids=range(len(GOOD)))
def test_what_people_mean_is_read(field: ma.fields.Field[Any], value: Any, meant: Any) -> None:
    found = load(field, value)
    assert (found.isoformat() if hasattr(found, "isoformat") else found) == meant


@pytest.mark.parametrize(("field", "value"), BAD, ids=range(len(BAD)))
def test_what_is_doubtful_is_refused(field: ma.fields.Field[Any], value: Any) -> None:
    with pytest.raises(ma.ValidationError):
        load(field, value)


def test_a_phone_leaves_as_people_write_it(light: FlaskClient) -> None:
    answer = light.post(THINGS, json={"name": "a", "phone": "+8613800000001"})
    assert answer.get_json()["phone"] == "13800000001"
