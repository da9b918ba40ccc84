"""FAULTS 92, 97: a session that dies late, when the answer is made already."""

import time

import pytest
from flask import Flask, Response
from flask.testing import FlaskClient
from sqlalchemy import func, select

from shop.db import db
from tests.servers.databases import Postgres


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_an_answer_stands_though_the_session_that_read_it_is_gone(
    app: Flask, client: FlaskClient, postgres: Postgres
) -> None:
    ended: list[int] = []

    @app.after_request
    def end_the_session(response: Response) -> Response:
        ended.append(db.session.scalar(select(func.pg_backend_pid())) or 0)
        with postgres.connect() as line:
            line.execute("SELECT pg_terminate_backend(%s, 5000)", (ended[-1],))
        time.sleep(0.1)
        return response

    for _ in range(2):
        assert client.get("/api/v1/products").status_code == 200
    assert len(set(ended)) == 2, "the lost connection is not used again"
