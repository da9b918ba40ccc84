"""正在排队: a busy shop answers an order with a page that sends it again, and places it once."""

import re
import sqlite3
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha512
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import exc, select

import shop.db as ground
from shop.db import db
from shop.domain.orders.models import Order
from shop.flows import checkout
from shop.kernel.errors import Unavailable
from shop.reads import pricing
from shop.web import ops, who
from tests.conftest import FixedClock
from tests.naive import on_sqlite
from tests.pages.waiting import REFRESH, Checkout, waits

KEY = re.compile(r'name="idempotency_key" value="([^"]+)"')
LATE = "Nothing was charged; your cart and address are kept."
CAUSES: dict[str, Exception] = {
    "SQLite busy, or a commit whose end is unknown": Unavailable("the database is busy"),
    "no connection free": exc.TimeoutError("QueuePool limit reached"),
    "a connection broken": exc.InterfaceError("SELECT 1", {}, Exception("closed")),
    "a lock or a statement too slow": exc.OperationalError("SELECT 1", {}, Exception("timeout")),
}


@pytest.fixture
def buying(ctx: Flask) -> Checkout:
    return Checkout(ctx)


@contextmanager
def failing(target: Any, name: str, error: Exception) -> Iterator[None]:
    def fail(*_args: object, **_named: object) -> None:
        raise error

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(target, name, fail)
        yield


def waiting(buying: Checkout, answer: Any) -> None:
    waits(answer.status_code, answer.headers, answer.get_data(as_text=True), buying.form)


def orders() -> list[Order]:
    db.session.rollback()
    return list(db.session.scalars(select(Order)))


def test_whatever_keeps_the_shop_busy_the_order_waits_and_is_placed_once(
    buying: Checkout,
) -> None:
    for cause, error in CAUSES.items():
        for target, name in ((checkout, "_place_together"), (who, "people_by_tokens")):
            with failing(target, name, error):
                waiting(buying, buying.send())
                waiting(buying, buying.refresh())
        assert orders() == [], cause
    placed = buying.refresh()
    assert (placed.status_code, placed.headers["Location"][-4:]) == (303, "/pay")
    assert [order.note for order in orders()] == ["两袋一包 & 多谢"]
    pressed = buying.send()
    assert (pressed.status_code, pressed.headers["Location"]) == (303, placed.headers["Location"])
    assert len(orders()) == 1
    assert buying.refresh().headers["Location"] == "/cart"


@on_sqlite
def test_after_half_a_minute_it_says_what_was_kept_and_sends_nothing_by_itself(
    buying: Checkout, clock: FixedClock
) -> None:
    with failing(checkout, "_place_together", Unavailable("busy")):
        waiting(buying, buying.send())
        clock.tick(29)
        waiting(buying, buying.send())
    clock.tick(2)
    page = buying.refresh().get_data(as_text=True)
    shown = page.split('data-slot="kept"')[1]
    assert shown.startswith("><p>The shop is still busy.")
    assert LATE in shown
    assert REFRESH.search(page) is None
    assert "data-waiting" not in page
    assert orders() == []
    with failing(checkout, "_place_together", Unavailable("busy")):
        waiting(buying, buying.send())
    assert buying.send().status_code == 303
    assert len(orders()) == 1


@on_sqlite
def test_a_form_too_long_for_the_session_waits_with_its_button(buying: Checkout) -> None:
    """A cookie above 4 KB is dropped by browsers, and with it the sign-in."""
    skus = {
        f"items-{n}-sku": b64encode(sha512(f"{n}".encode()).digest()).decode()[:60]
        for n in range(1, 50)
    }
    long = buying.form | skus
    with failing(who, "people_by_tokens", Unavailable("busy")):
        page = buying.reader.client.post("/checkout", data=long).get_data(as_text=True)
    assert KEY.findall(page) == [buying.form["idempotency_key"]]
    assert REFRESH.search(page) is None
    assert len(buying.reader.client.get_cookie("shop").value) < 1000  # type: ignore[union-attr]


@on_sqlite
def test_a_refusal_is_shown_and_does_not_wait(buying: Checkout) -> None:
    with failing(checkout, "_place_together", Unavailable("busy")):
        waiting(buying, buying.send())
    with failing(pricing, "quote_from", pricing.OutOfStock("gone", sku=buying.sku)):
        refused = buying.refresh()
    assert refused.status_code == 409
    assert buying.refresh().headers["Location"] == "/cart"


@on_sqlite
def test_a_writer_that_does_not_end_leads_to_the_waiting_view_within_the_requests_time(
    buying: Checkout, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert ground.SQLITE_PATIENCE_S < ops.DEADLINE_S
    monkeypatch.setattr(ground, "SQLITE_PATIENCE_S", 0.2)
    path = database_url.removeprefix("sqlite:///")
    with _holding_the_lock(path):
        waiting(buying, buying.send())
    assert buying.send().status_code == 303
    assert len(orders()) == 1


@contextmanager
def _holding_the_lock(path: str) -> Iterator[None]:
    writer = sqlite3.connect(path, isolation_level=None)
    try:
        writer.execute("BEGIN IMMEDIATE")
        yield
        writer.execute("ROLLBACK")
    finally:
        writer.close()


@on_sqlite
def test_other_pages_of_a_failing_database_are_whole_and_look_nobody_up(buying: Checkout) -> None:
    """The head of a page counts the cart: not while the database is what fails."""
    count: list[str] = []

    def fail(*_args: object) -> None:
        count.append("asked")
        raise exc.OperationalError("SELECT 1", {}, Exception("gone"))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("shop.domain.orders.queries.cart", fail)
        answer = buying.reader.client.get("/cart")
    assert answer.status_code == 503
    assert "<main" in answer.get_data(as_text=True)
    assert count == ["asked"]
