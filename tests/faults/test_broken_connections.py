"""FAULTS 97: a database connection that breaks at an odd moment spoils no answer that is made."""

import pytest
from flask import Flask
from sqlalchemy import exc as sql
from sqlalchemy import text

from shop.db import db
from shop.web.who import public
from tests.naive import on_postgresql
from tests.servers.databases import Postgres


def end_own_backend(postgres: Postgres) -> None:
    """Somebody ends the connection that this request has read through."""
    pid = db.session.execute(text("SELECT pg_backend_pid()")).scalar_one()
    with postgres.connect() as line:
        line.execute("SELECT pg_terminate_backend(%s, 5000)", (pid,))


@on_postgresql
def test_an_answer_that_is_made_survives_the_end_of_its_connection(
    app: Flask, postgres: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Giving the connection back fails: the caller has the answer, the pool throws it away."""

    @public
    def view() -> dict[str, str]:
        end_own_backend(postgres)
        return {"status": "ok"}

    monkeypatch.setitem(app.view_functions, "ops.healthz", view)
    client = app.test_client()
    for _ in range(2):
        assert client.get("/healthz").get_json() == {"status": "ok"}
    assert client.get("/readyz").status_code == 200


@on_postgresql
def test_a_view_whose_connection_breaks_is_answered_503_and_the_next_is_served(
    app: Flask, postgres: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    @public
    def view() -> dict[str, str]:
        end_own_backend(postgres)
        db.session.execute(text("SELECT 1"))
        return {}

    monkeypatch.setitem(app.view_functions, "ops.healthz", view)
    client = app.test_client()
    answer = client.get("/healthz")
    assert (answer.status_code, answer.get_json(force=True)["code"]) == (
        503, "dependency-unavailable",
    )  # fmt: skip
    assert client.get("/readyz").status_code == 200


@on_postgresql
def test_a_connection_that_breaks_while_its_error_is_handled_is_no_accident(
    app: Flask, postgres: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The view fails for another reason, and the handler cannot even roll back."""

    @public
    def view() -> dict[str, str]:
        end_own_backend(postgres)
        raise sql.TimeoutError("no connection is free")

    monkeypatch.setitem(app.view_functions, "ops.healthz", view)
    app.testing = False
    client = app.test_client()
    answer = client.get("/healthz")
    assert (answer.status_code, answer.get_json(force=True)["retryable"]) == (503, True)
    assert client.get("/readyz").status_code == 200
