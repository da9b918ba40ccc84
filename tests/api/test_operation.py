"""The operator's addresses: alive, ready, measured."""

from dataclasses import replace

import pytest
from flask import Flask
from flask.testing import FlaskClient

from shop.app import create_app
from shop.config import Settings
from shop.db import db
from tests.servers.ground import free_port


def test_the_process_answers_and_is_ready(client: FlaskClient) -> None:
    assert client.get("/healthz").get_json() == {"status": "ok"}
    ready = client.get("/readyz")
    assert (ready.status_code, ready.get_json()["redis"]) == (200, "off")


def test_redis_down_only_degrades(settings: Settings) -> None:
    lame = replace(settings, redis_url=f"redis://127.0.0.1:{free_port()}/0")
    made = create_app(lame)
    answer = made.test_client().get("/readyz")
    with made.app_context():
        db.engine.dispose()
    assert (answer.status_code, answer.get_json()["redis"]) == (200, "degraded")


def test_a_database_that_is_gone_is_not_ready(settings: Settings) -> None:
    lost = replace(
        settings, database_url=f"postgresql+psycopg://nobody@127.0.0.1:{free_port()}/none"
    )
    client = create_app(lost).test_client()
    answer = client.get("/readyz")
    body = answer.get_json(force=True)
    assert (answer.status_code, body["code"]) == (503, "dependency-unavailable")
    assert answer.headers["Retry-After"].isdigit()
    assert client.get("/healthz").status_code == 200
    page = client.get("/nowhere", headers={"Accept": "text/html"})
    assert page.status_code == 404


def test_metrics_are_absent_without_a_token(client: FlaskClient) -> None:
    assert client.get("/metrics").status_code == 404
    assert client.get("/metrics", headers={"Authorization": "Bearer "}).status_code == 404


@pytest.mark.settings(metrics_token="only-for-tests")
def test_metrics_are_for_who_knows_the_token(app: Flask) -> None:
    client = app.test_client()
    client.get("/healthz")
    good = client.get("/metrics", headers={"Authorization": "Bearer only-for-tests"})
    assert good.status_code == 200
    assert b'shop_requests_total{endpoint="ops.healthz"' in good.data
    for header in ("Bearer only-for-test", "only-for-tests-x", "Bearer \xe9"):
        assert client.get("/metrics", headers={"Authorization": header}).status_code == 404
