"""Commands for people and for cron."""

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskCliRunner

from shop import jobs
from shop.db import db
from shop.demo import renewal
from shop.domain.accounts import queries
from shop.flows import people
from shop.jobs import Job
from tests.builders import a_user, an_operator
from tests.conftest import FixedClock
from tests.structure.rows import Rows

PHONE = "13912345678"


@pytest.fixture
def run(app: Flask) -> FlaskCliRunner:
    return app.test_cli_runner()


def roles(phone: str) -> set[str]:
    user = queries.user_by_phone(f"+86{phone}")
    assert user is not None
    person = queries.person(user.id)
    assert person is not None
    return set(person.actor.roles)


def test_the_first_operator_gets_a_password_shown_once(app: Flask, run: FlaskCliRunner) -> None:
    made = run.invoke(args=["operator", "create", "--phone", PHONE])
    assert made.exit_code == 0, made.output
    password = made.output.strip().rpartition(" ")[2]
    answer = app.test_client().post("/api/v1/tokens", json={"phone": PHONE, "password": password})
    assert answer.status_code == 201
    assert answer.get_json()["user"]["roles"] == ["buyer", "operator"]


def test_a_known_number_becomes_operator_and_keeps_its_password(
    app: Flask, run: FlaskCliRunner
) -> None:
    first = ["operator", "create", "--phone", PHONE, "--password", "three-green-melons"]
    assert run.invoke(args=first).exit_code == 0
    again = run.invoke(args=["operator", "create", "--phone", PHONE])
    assert again.exit_code == 0
    assert "password" not in again.output
    body = {"phone": PHONE, "password": "three-green-melons"}
    assert app.test_client().post("/api/v1/tokens", json=body).status_code == 201
    with app.app_context():
        assert roles(PHONE) == {"buyer", "operator"}


def test_a_stranger_with_the_operators_number_gets_neither_hat_nor_way_in(
    app: Flask, run: FlaskCliRunner
) -> None:
    client = app.test_client()
    stranger = {"phone": PHONE, "password": "a stranger's password"}
    client.post("/api/v1/users", json={**stranger, "name": "陌生人"})
    token = client.post("/api/v1/tokens", json=stranger).get_json()["token"]
    made = run.invoke(args=["operator", "create", "--phone", PHONE, "--password", "three-melons"])
    assert made.exit_code == 0, made.output
    assert client.post("/api/v1/tokens", json=stranger).status_code == 401
    old = client.get("/api/v1/me", headers={"Authorization": f"Bearer {token}"})
    assert old.status_code == 401
    owner = client.post("/api/v1/tokens", json={"phone": PHONE, "password": "three-melons"})
    assert owner.get_json()["user"]["roles"] == ["buyer", "operator"]


def test_an_unproven_number_without_a_given_password_gets_one_shown_once(
    app: Flask, run: FlaskCliRunner
) -> None:
    client = app.test_client()
    stranger = {"phone": PHONE, "password": "a stranger's password"}
    client.post("/api/v1/users", json={**stranger, "name": "陌生人"})
    made = run.invoke(args=["operator", "create", "--phone", PHONE])
    password = made.output.strip().rpartition(" ")[2]
    assert client.post("/api/v1/tokens", json=stranger).status_code == 401
    answer = client.post("/api/v1/tokens", json={"phone": PHONE, "password": password})
    assert answer.status_code == 201


def test_a_given_password_replaces_a_known_operators(app: Flask, run: FlaskCliRunner) -> None:
    for word in ("three-green-melons", "four-green-melons"):
        made = run.invoke(args=["operator", "create", "--phone", PHONE, "--password", word])
        assert made.exit_code == 0, made.output
    client = app.test_client()
    answers = [
        client.post("/api/v1/tokens", json={"phone": PHONE, "password": word}).status_code
        for word in ("three-green-melons", "four-green-melons")
    ]
    assert answers == [401, 201]


def test_a_suspended_account_becomes_no_operator(app: Flask, run: FlaskCliRunner) -> None:
    with app.app_context():
        user_id = a_user(phone=PHONE)
        people.suspend_user(actor=an_operator(), user_id=user_id)
    done = run.invoke(args=["operator", "create", "--phone", PHONE])
    assert done.exit_code == 1
    assert "suspended" in done.output
    with app.app_context():
        assert [str(grant.role) for grant in queries.grants([user_id])] == []


def test_a_number_that_is_none_is_refused_in_plain_words(run: FlaskCliRunner) -> None:
    done = run.invoke(args=["operator", "create", "--phone", "12"])
    assert done.exit_code == 1
    assert "Traceback" not in done.output


def test_demo_buyers_bring_one_token_a_line(app: Flask, run: FlaskCliRunner) -> None:
    done = run.invoke(args=["demo", "buyers", "--count", "3"])
    tokens = done.output.split()
    assert len(set(tokens)) == 3
    client = app.test_client()
    names = set()
    for token in tokens:
        me = client.get("/api/v1/me", headers={"Authorization": f"Bearer {token}"})
        assert me.status_code == 200
        names.add(me.get_json()["name"])
    assert len(names) == 3
    assert all("演示" in name for name in names)


@pytest.mark.settings(env="production")
@pytest.mark.parametrize("words", ["load", "top-up", "buyers --count 1"])
def test_there_are_no_demonstrations_in_production(run: FlaskCliRunner, words: str) -> None:
    done = run.invoke(args=["demo", *words.split()])
    assert done.exit_code == 1
    assert "production" in done.output


def test_audit_says_that_everything_holds(run: FlaskCliRunner) -> None:
    done = run.invoke(args=["audit"])
    assert (done.exit_code, done.output) == (0, "every invariant holds\n")


def test_audit_prints_each_violation_with_its_rows_and_fails(
    app: Flask, run: FlaskCliRunner
) -> None:
    with app.app_context(), db.engine.begin() as line:
        sku = Rows(line)("stock", on_hand=5)["sku"]
    done = run.invoke(args=["audit"])
    assert done.exit_code == 1
    assert "I2: " in done.output
    assert "broken by 1 row(s)" in done.output
    assert sku in done.output


@pytest.mark.parametrize("name", sorted(jobs.JOBS))
def test_every_job_runs_on_an_empty_database(run: FlaskCliRunner, name: str) -> None:
    done = run.invoke(args=["jobs", "run", name])
    assert done.exit_code == 0, done.output
    assert done.output.startswith(f"{name}: ")


def test_jobs_are_listed_with_their_times(run: FlaskCliRunner) -> None:
    done = run.invoke(args=["jobs", "list"])
    assert len(done.output.splitlines()) == len(jobs.JOBS)


def test_a_job_that_fails_becomes_a_task_and_the_next_run_goes_on(
    app: Flask, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    from shop.cli import worker

    def fails() -> int:
        raise LookupError("nothing there")

    monkeypatch.setitem(jobs.JOBS, "lame", Job(run=fails, every_seconds=1))
    worker.run_once(app, "lame")
    worker.run_once(app, "lame")
    with app.app_context():
        found = db.session.execute(sa.text("SELECT kind, summary FROM task")).all()
    assert [tuple(row) for row in found] == [("failed_job", "lame: LookupError('nothing there')")]


def test_a_demo_that_cannot_be_renewed_is_told_in_a_sentence_and_stops_no_start(
    app: Flask, run: FlaskCliRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    with app.app_context():
        a_user()
    monkeypatch.setattr(renewal, "top_up", lambda: ["no demo room is on air: suspended"])
    done = run.invoke(args=["prepare"])
    assert done.exit_code == 0, done.output
    assert "no demo room is on air: suspended" in done.output
    assert "Ctrl-C ends it" in done.output
