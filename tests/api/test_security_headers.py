"""FAULTS 73 and 106: what every answer tells a browser, and what no log line tells anybody."""

import json
import logging

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import insert
from sqlalchemy.exc import IntegrityError

from shop import logs
from shop.db import db
from shop.domain.accounts.models import Address, User
from shop.web import errors
from shop.web.security import content_policy
from tests.builders import COUNTY
from tests.conftest import NOON


@pytest.mark.parametrize(
    "path", ["/healthz", "/problems/not-found", "/api/v1/none", "/api/openapi.json", "/api/docs"]
)
def test_every_answer_carries_the_headers(light: FlaskClient, path: str) -> None:
    headers = light.get(path).headers
    policy = dict(part.split(" ", 1) for part in headers["Content-Security-Policy"].split("; "))
    assert policy["default-src"] == "'self'"
    assert policy["object-src"] == policy["base-uri"] == policy["frame-ancestors"] == "'none'"
    assert policy["form-action"] == "'self'"
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    assert "camera=()" in headers["Permissions-Policy"]
    assert "Strict-Transport-Security" not in headers


def test_only_media_may_come_from_the_named_origins() -> None:
    policy = content_policy(("https://cdn.example",))
    assert "img-src 'self' https://cdn.example" in policy
    assert "media-src 'self' https://cdn.example" in policy
    assert policy.count("cdn.example") == 2


def test_pages_hold_no_inline_script_or_style(light: FlaskClient) -> None:
    for path in ("/problems/not-found", "/api/docs", "/nowhere"):
        page = light.get(path).get_data(as_text=True)
        assert "<style" not in page
        assert " style=" not in page
        assert " onclick=" not in page
        assert "<script>" not in page
        assert "http://" not in page.replace("http://127.0.0.1:8000", "").replace(
            "http://www.w3.org/2000/svg", ""
        )


def test_personal_answers_are_not_stored(light: FlaskClient) -> None:
    assert light.get("/probe/form").headers["Cache-Control"] == "no-store"
    assert light.get("/api/v1/none").headers["Cache-Control"] == "no-store"
    assert "no-store" not in light.get("/api/openapi.json").headers.get("Cache-Control", "")


def test_a_request_is_one_line_without_secrets(
    probing: FlaskClient, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    probing.post(
        "/api/v1/probe/things?phone=13800000001",
        json={"name": "a", "phone": "13800000001"},
        headers={"Authorization": "Bearer tok-secret", "X-Request-ID": "abcdefgh{}"},
    )
    probing.get("/probe/now%0d%0aFAKE")
    text = capsys.readouterr().err
    found = [json.loads(line) for line in text.splitlines()]
    assert [one["status"] for one in found if one["event"] == "request"] == [401, 404]
    assert "13800000001" not in text
    assert "tok-secret" not in text
    assert "FAKE" not in [one.get("event") for one in found]


def test_logs_mask_by_name_and_by_look(app: Flask, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    log = logging.getLogger("somebody")
    log.warning("sent to 13800000001\nINJECTED with Bearer abc.def and sk_live_abc")
    log.warning("postgresql://shop:hunter2@db/shop +8613912345678")
    text = capsys.readouterr().err
    found = [json.loads(line) for line in text.splitlines()]
    assert len(found) == 2
    for secret in ("13800000001", "abc.def", "sk_live_abc", "hunter2", "13912345678"):
        assert secret not in text
    masked = logs.mask(
        None, "info", {"phone": "1", "ship_to": {"street": "x"}, "n": [{"token": 1}]}
    )
    assert masked == {"phone": "***", "ship_to": "***", "n": [{"token": "***"}]}


@pytest.mark.settings(trusted_proxies=1)
def test_only_a_trusted_proxy_names_the_caller(ground_app: Flask) -> None:
    seen: list[str | None] = []

    @ground_app.before_request
    def look() -> None:
        from flask import request

        seen.append(request.remote_addr)

    spoofed = {"X-Forwarded-For": "6.6.6.6, 9.9.9.9", "X-Forwarded-Host": "evil.example"}
    ground_app.test_client().get("/healthz", headers=spoofed)
    assert seen == ["9.9.9.9"]


def test_a_database_error_tells_what_failed_and_nothing_of_the_row(
    ctx: Flask, capsys: pytest.CaptureFixture[str]
) -> None:
    """FAULTS 73: neither the parameters nor the row that PostgreSQL repeats reach the log."""
    canary = {"name": "canary-name-71", "street": "canary-street-72", "phone": "+8613700000073"}
    row = {**canary, "region_code": COUNTY, "created_at": NOON, "updated_at": NOON}
    twin = {"phone": canary["phone"], "name": canary["name"], "created_at": NOON}
    for table, rows in (
        (Address, [{**row, "user_id": 10**9}]),
        (Address, [row]),
        (User, [twin] * 2),
    ):
        with pytest.raises(IntegrityError) as refused, ctx.test_request_context("/"):
            db.session.execute(insert(table), rows)
        with ctx.test_request_context("/"):
            logs.configure()
            errors.database_error(refused.value)
        said = capsys.readouterr().err
        assert "constraint" in said, "what failed is told"
        assert "IntegrityError" in json.loads(said.splitlines()[0])["exception"]
        assert not [word for word in (*canary.values(), "13700000073") if word in said]


def test_a_long_text_keeps_its_end(app: Flask) -> None:
    told = logs.masked("Traceback " + "x" * 9000 + " ValueError: called by 13800000001")
    assert (told[:9], told[-21:]) == ("Traceback", "called by 138****0001")
    assert len(told) <= logs.MAX_TEXT
