"""When too much is under way: orders before history, people before machines, and no waiting."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from flask import Flask

from shop.reads import orders as order_reads
from shop.web import admission
from shop.web.admission import CLASSES
from tests.builders import a_sku, a_token, an_actor
from tests.servers.ground import until


@pytest.fixture
def stuck(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """Everybody's list of orders takes until the event is set."""
    gate = threading.Event()
    of_buyer = order_reads.of_buyer

    def slowly(buyer_id: int | None) -> Any:
        assert gate.wait(20)
        return of_buyer(buyer_id)

    monkeypatch.setattr(order_reads, "of_buyer", slowly)
    yield gate
    gate.set()


@contextmanager
def under_way(
    app: Flask, headers: list[dict[str, str]], gate: threading.Event
) -> Iterator[list[int]]:
    """One slow list of orders for each of ``headers``; gives their statuses when they are over."""
    statuses: list[int] = []

    def ask(header: dict[str, str]) -> None:
        statuses.append(app.test_client().get("/api/v1/orders", headers=header).status_code)

    threads = [threading.Thread(target=ask, args=(one,), daemon=True) for one in headers]
    for thread in threads:
        thread.start()
    until(lambda: app.extensions["shop_admission"]._all == len(headers), what="requests under way")
    yield statuses
    gate.set()
    for thread in threads:
        thread.join(20)


def people(app: Flask, count: int) -> list[dict[str, str]]:
    with app.app_context():
        return [
            {"Authorization": f"Bearer {a_token(person)}"}
            for person in (an_actor().user_id for _ in range(count))
            if person is not None
        ]


Get = Callable[..., Any]


def test_what_can_wait_is_refused_first_and_orders_last(
    app: Flask, stuck: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(admission, "MOST", {"first": 4, "usual": 3, "later": 2})
    with app.app_context():
        sku = a_sku()
    quote = {"items": [{"sku": sku, "quantity": 1}]}
    client = app.test_client()
    with under_way(app, people(app, 2), stuck) as statuses:
        late = client.get("/api/v1/orders", headers=people(app, 1)[0])
        assert (late.status_code, late.get_json()["code"]) == (503, "overloaded")
        assert (late.headers["Retry-After"], late.get_json()["retryable"]) == ("1", True)
        assert client.post("/api/v1/quotes", json=quote).status_code == 200
        assert client.get("/healthz").status_code == 200
        monkeypatch.setitem(admission.MOST, "usual", 2)
        assert client.post("/api/v1/quotes", json=quote).status_code == 503
        assert client.post("/api/hooks/sandbox", data=b"{}").status_code == 400
        monkeypatch.setitem(admission.MOST, "first", 2)
        assert client.post("/api/hooks/sandbox", data=b"{}").status_code == 503
    assert statuses == [200, 200]
    assert client.get("/api/v1/orders", headers=people(app, 1)[0]).status_code == 200
    assert app.extensions["shop_admission"]._all == 0


@pytest.mark.settings(limits=True)
def test_one_caller_leaves_room_for_the_others(
    app: Flask, stuck: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(admission, "MOST_OF_ONE", 2)
    machine, person = people(app, 2)
    with under_way(app, [machine, machine], stuck):
        assert app.test_client().get("/api/v1/me", headers=machine).status_code == 503
        assert app.test_client().get("/api/v1/me", headers=person).status_code == 200


def test_every_class_names_blueprints_that_exist(app: Flask) -> None:
    assert set().union(*CLASSES.values()) <= set(app.blueprints)
    assert CLASSES["first"].isdisjoint(CLASSES["later"])
