"""FAULTS 15 to 17: one key is one effect and one answer, whatever the network does."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from shop.app import create_app
from shop.config import Settings
from shop.db import db
from shop.domain.audit import service as answers
from shop.domain.audit.models import KeptAnswer
from shop.flows import answering
from tests.api.probe import Calls, add
from tests.conftest import NOON, FixedClock, Race

THINGS = "/api/v1/probe/things"
MONEY = "/api/v1/probe/money"
Bearer = Callable[..., dict[str, str]]


def keyed(key: str, **more: str) -> dict[str, str]:
    return {"Idempotency-Key": key, **more}


def test_the_same_key_and_body_give_the_first_answer(probing: FlaskClient, calls: Calls) -> None:
    first = probing.post(THINGS, json={"name": "a", "price_fen": 1}, headers=keyed("k1"))
    raw = b' {"price_fen":1,\n"name": "a"} '
    again = probing.post(THINGS, data=raw, content_type="application/json", headers=keyed("k1"))
    assert (first.status_code, again.status_code, calls.count) == (201, 201, 1)
    assert first.data == again.data
    assert first.headers["Location"] == again.headers["Location"]
    assert "Idempotency-Replayed" not in first.headers
    assert again.headers["Idempotency-Replayed"] == "true"


def test_the_same_key_and_another_body_are_refused(probing: FlaskClient, calls: Calls) -> None:
    probing.post(THINGS, json={"name": "a"}, headers=keyed("k1"))
    other = probing.post(THINGS, json={"name": "b"}, headers=keyed("k1"))
    assert other.status_code == 422
    assert other.get_json(force=True)["code"] == "idempotency-key-reused"
    assert calls.count == 1


def test_callers_do_not_share_keys(probing: FlaskClient, bearer: Bearer, calls: Calls) -> None:
    one, two = bearer(), bearer()
    first = probing.post(MONEY, json={"name": "a"}, headers=keyed("k1", **one))
    second = probing.post(MONEY, json={"name": "b"}, headers=keyed("k1", **two))
    assert (first.status_code, second.status_code, calls.count) == (201, 201, 2)
    assert "Idempotency-Replayed" not in second.headers


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({}, "idempotency-key-missing"),
        ({"Idempotency-Key": ""}, "idempotency-key-invalid"),
        ({"Idempotency-Key": "x" * 65}, "idempotency-key-invalid"),
        ({"Idempotency-Key": "two words"}, "idempotency-key-invalid"),
        ({"Idempotency-Key": "schlüssel"}, "idempotency-key-invalid"),
    ],
    ids=range(5),
)
def test_money_needs_a_good_key(
    probing: FlaskClient, bearer: Bearer, headers: dict[str, str], code: str
) -> None:
    answer = probing.post(MONEY, json={"name": "a"}, headers=bearer() | headers)
    assert (answer.status_code, answer.get_json(force=True)["code"]) == (400, code)


def test_the_view_learns_its_key(probing: FlaskClient, bearer: Bearer) -> None:
    answer = probing.post(MONEY, json={"name": "a"}, headers=keyed("my-key", **bearer()))
    assert answer.get_json()["name"] == "my-key"


def test_a_refusal_frees_the_key(probing: FlaskClient, calls: Calls) -> None:
    refused = probing.post(THINGS, json={"name": "refuse"}, headers=keyed("k1"))
    malformed = probing.post(THINGS, json={"name": 5}, headers=keyed("k1"))
    good = probing.post(THINGS, json={"name": "a"}, headers=keyed("k1"))
    assert (refused.status_code, malformed.status_code, good.status_code) == (409, 422, 201)
    assert calls.count == 2


def test_twenty_twins_have_one_effect(
    ground_app: Flask, bearer: Bearer, race: Race, calls: Calls
) -> None:
    results = _twins(ground_app, bearer(), race)
    assert calls.count == 1
    bodies = {answer.data for answer in results if answer.status_code == 201}
    assert len(bodies) == 1
    for answer in results:
        if answer.status_code != 201:
            assert answer.status_code == 409
            assert answer.get_json(force=True)["code"] == "idempotency-in-progress"
            assert int(answer.headers["Retry-After"]) >= 1


def test_without_the_claim_twins_have_several_effects(
    ground_app: Flask, bearer: Bearer, race: Race, calls: Calls, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answering, "claim", lambda *_args, **_more: None)
    _twins(ground_app, bearer(), race)
    assert calls.count > 1


def _twins(app: Flask, me: dict[str, str], race: Race) -> list[Any]:
    def send(_number: int) -> Any:
        return app.test_client().post(MONEY, json={"name": "a"}, headers=keyed("twin", **me))

    return race(20, send)


def test_a_twin_in_flight_waits_and_a_lapsed_lease_is_taken_over(
    ground_app: Flask, clock: FixedClock, calls: Calls
) -> None:
    client = ground_app.test_client()
    probed = {"name": "a"}
    client.post(THINGS, json=probed, headers=keyed("k1"))
    with ground_app.app_context():
        _reopen(ground_app)
    busy = client.post(THINGS, json=probed, headers=keyed("k1"))
    assert (busy.status_code, busy.get_json(force=True)["retryable"]) == (409, True)
    clock.tick(31)
    assert client.post(THINGS, json=probed, headers=keyed("k1")).status_code == 201
    assert calls.count == 2


def _reopen(app: Flask) -> None:
    """As if the worker had died between its effect and its answer."""
    with db.engines[None].begin() as connection:
        connection.execute(
            db.update(KeptAnswer).values(status=None, body=None, leased_until=NOON + answers.LEASE)
        )


def test_an_answer_is_kept_for_a_day(ground_app: Flask, clock: FixedClock, calls: Calls) -> None:
    client = ground_app.test_client()
    client.post(THINGS, json={"name": "a"}, headers=keyed("k1"))
    clock.tick(hours=23, minutes=59)
    again = client.post(THINGS, json={"name": "a"}, headers=keyed("k1"))
    assert again.headers["Idempotency-Replayed"] == "true"
    clock.tick(minutes=2)
    later = client.post(THINGS, json={"name": "b"}, headers=keyed("k1"))
    assert (later.status_code, calls.count) == (201, 2)
    with ground_app.app_context():
        clock.tick(days=2)
        assert answering.forget_old(now=clock()) == 1
        assert db.session.scalar(select(func.count()).select_from(KeptAnswer)) == 0


def test_a_secret_answer_is_kept_sealed(ground_app: Flask, calls: Calls) -> None:
    client = ground_app.test_client()
    first = client.post("/api/v1/probe/secrets", json={"name": "a"}, headers=keyed("k1"))
    with ground_app.app_context():
        kept = db.session.scalars(select(KeptAnswer)).one()
        assert kept.body is not None
        assert "hunter2" not in kept.body
    again = client.post("/api/v1/probe/secrets", json={"name": "a"}, headers=keyed("k1"))
    assert (again.data, again.status_code, calls.count) == (first.data, 201, 1)


def test_a_form_sent_twice_shows_the_first_result(ground_app: Flask, calls: Calls) -> None:
    browser = ground_app.test_client()
    proof = browser.get("/probe/form").get_data(as_text=True)
    form = {"csrf_token": proof, "idempotency_key": "once-0001", "name": "ab"}
    first = browser.post("/probe/form", data=form)
    again = browser.post("/probe/form", data=form)
    assert first.status_code == again.status_code == 303
    assert first.headers["Location"] == again.headers["Location"] == "/probe/done?name=ab&calls=1"
    wrong = browser.post("/probe/form", data={**form, "idempotency_key": "once-2", "name": "a"})
    right = browser.post("/probe/form", data={**form, "idempotency_key": "once-2", "name": "abc"})
    assert (wrong.status_code, right.status_code, calls.count) == (422, 303, 3)


def test_an_answer_survives_the_process(
    ground_app: Flask, settings: Settings, calls: Calls
) -> None:
    sent: dict[str, Any] = {"json": {"name": "a"}, "headers": keyed("k1")}
    first = ground_app.test_client().post(THINGS, **sent)
    later = create_app(settings, clock=FixedClock())
    add(later, calls)
    again = later.test_client().post(THINGS, **sent)
    assert (again.status_code, again.data, calls.count) == (201, first.data, 1)
    with later.app_context():
        db.engine.dispose()
