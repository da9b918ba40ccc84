"""Every refusal is an RFC 9457 document, and says no more than it may."""

import logging
from collections.abc import Callable

import pytest
from flask.testing import FlaskClient

from shop.web.problems import KINDS

MEMBERS = {
    "type",
    "title",
    "status",
    "detail",
    "instance",
    "code",
    "request_id",
    "retryable",
    "errors",
}
THINGS = "/api/v1/probe/things"


def test_a_refusal_has_every_member_and_its_facts(light: FlaskClient) -> None:
    answer = light.post(THINGS, json={"name": "refuse"})
    body = answer.get_json(force=True)
    assert answer.status_code == 409
    assert answer.content_type == "application/problem+json; charset=utf-8"
    assert MEMBERS | {"total_fen"} == body.keys()
    assert body["type"] == "http://127.0.0.1:8000/problems/price-changed"
    assert (body["code"], body["status"], body["total_fen"]) == ("price-changed", 409, 5)
    assert body["instance"] == THINGS
    assert body["request_id"] == answer.headers["X-Request-ID"]
    assert answer.headers["Cache-Control"] == "no-store"


def test_the_type_of_every_problem_leads_to_a_page(light: FlaskClient) -> None:
    for code in KINDS:
        assert light.get(f"/problems/{code}").status_code == 200
    assert light.get("/problems/no-such").status_code == 404


def test_absent_malformed_and_foreign_are_the_same_answer(
    probing: FlaskClient, bearer: Callable[..., dict[str, str]]
) -> None:
    me = bearer()
    bodies = []
    for path in ("things/2", "things/0", "things/007", "things/x", "things/9007199254740993", "no"):
        answer = probing.get(f"/api/v1/probe/{path}", headers=me)
        body = answer.get_json(force=True)
        assert answer.status_code == 404
        bodies.append({k: v for k, v in body.items() if k not in ("instance", "request_id")})
    assert all(body == bodies[0] for body in bodies)
    assert "owner" not in bodies[0]


@pytest.mark.parametrize(
    ("method", "path", "headers", "body", "status", "code"),
    [
        ("PUT", THINGS, {}, b"", 405, "method-not-allowed"),
        ("POST", THINGS, {"Content-Type": "text/plain"}, b"{}", 415, "unsupported-media-type"),
        ("POST", THINGS, {"Content-Type": "application/xml"}, b"<a/>", 415, None),
        (
            "POST",
            THINGS,
            {"Content-Type": "application/json; charset=utf-16"},
            b"{}",
            415,
            "unsupported-media-type",
        ),
        ("POST", THINGS, {"Content-Type": "application/json"}, b"", 400, "malformed-body"),
        ("GET", "/api/v1/probe/users", {"Accept": "text/html"}, b"", 406, "not-acceptable"),
        ("GET", "/api/v1/probe/users?limit=0", {}, b"", 400, "invalid-parameter"),
        ("GET", "/api/v1/probe/users?limit=101", {}, b"", 400, "invalid-parameter"),
        ("GET", "/api/v1/probe/users?limit=1e1", {}, b"", 400, "invalid-parameter"),
        ("GET", "/api/v1/probe/users?after=abc", {}, b"", 400, "invalid-parameter"),
        ("POST", THINGS, {"Content-Type": "application/json"}, b" " * 1_100_000, 413, None),
        ("GET", "/api/v1//probe/users", {}, b"", 404, "not-found"),
        ("GET", "/api/v1/probe/users/", {}, b"", 404, "not-found"),
    ],
)
def test_each_class_of_bad_request_has_its_status(
    light: FlaskClient,
    method: str,
    path: str,
    headers: dict[str, str],
    body: bytes,
    status: int,
    code: str | None,
) -> None:
    answer = light.open(path, method=method, headers=headers, data=body)
    found = answer.get_json(force=True)
    assert answer.status_code == status
    assert code is None or found["code"] == code
    if status == 405:
        assert "POST" in answer.headers["Allow"]


@pytest.mark.parametrize(
    ("kind", "status", "code", "retry"),
    [
        ("integrity", 409, "conflict", False),
        ("operational", 503, "dependency-unavailable", True),
        ("pool", 503, "dependency-unavailable", True),
        ("full", 507, "storage-full", True),
        ("database-full", 507, "storage-full", True),
        ("refused", 503, "dependency-unavailable", True),
        ("data", 422, "validation-error", False),
        ("unknown", 500, "internal-error", False),
    ],
)
def test_accidents_are_answered_and_logged_once(
    light: FlaskClient,
    caplog: pytest.LogCaptureFixture,
    kind: str,
    status: int,
    code: str,
    retry: bool,
) -> None:
    caplog.set_level(logging.WARNING)
    answer = light.get(f"/api/v1/probe/accident/{kind}")
    body = answer.get_json(force=True)
    assert (answer.status_code, body["code"], body["retryable"]) == (status, code, retry)
    assert answer.headers.get("Retry-After", "0").isdigit()
    assert ("Retry-After" in answer.headers) is retry
    assert "secret" not in answer.get_data(as_text=True)
    told = [record for record in caplog.records if "exc_info" in str(record.msg)]
    assert len(told) == 1


def test_a_page_gets_a_kind_page_and_a_script_a_document(light: FlaskClient) -> None:
    page = light.get("/nowhere", headers={"Accept": "text/html,*/*;q=0.8"})
    assert page.status_code == 404
    assert page.content_type == "text/html; charset=utf-8"
    script = light.get("/nowhere", headers={"Accept": "application/json"})
    assert script.get_json(force=True)["code"] == "not-found"


def test_a_request_keeps_a_sane_id_and_loses_an_insane_one(light: FlaskClient) -> None:
    kept = light.get("/healthz", headers={"X-Request-ID": "my-request-0001"})
    assert kept.headers["X-Request-ID"] == "my-request-0001"
    for bad in ("short", "a" * 65, "with space 123", 'quote"12345678'):
        answer = light.get("/healthz", headers={"X-Request-ID": bad})
        assert answer.headers["X-Request-ID"] != bad


def test_titles_follow_the_language_that_is_asked_for(light: FlaskClient) -> None:
    english = light.get("/api/v1/none", headers={"Accept-Language": "en"})
    assert english.get_json(force=True)["title"] == "Nothing is here"


def test_messages_of_a_body_point_at_the_field(light: FlaskClient) -> None:
    rows = [{"sku": "A", "quantity": 1}, {"sku": "A/~", "quantity": 0, "price_fen": 1}]
    answer = light.post(THINGS, json={"price_fen": 0.5, "rows": rows, "a/b~c": 1})
    body = answer.get_json(force=True)
    found = {entry["pointer"]: entry["code"] for entry in body["errors"]}
    assert (answer.status_code, body["code"]) == (422, "unknown-field")
    assert found == {
        "/name": "required",
        "/price_fen": "not-an-integer",
        "/rows/1/sku": "bad-form",
        "/rows/1/quantity": "out-of-range",
        "/rows/1/price_fen": "unknown-field",
        "/a~1b~0c": "unknown-field",
    }
