"""FAULTS 13 and 103: SQLite with many writers, and somebody who holds everything and never pays."""

import time
from collections import Counter
from collections.abc import Callable
from datetime import timedelta

import requests
from flask import Flask
from sqlalchemy import select, text, update

from shop.db import db, transactional
from shop.domain.inventory.models import StockHold
from shop.domain.inventory.states import HoldState
from shop.domain.orders.models import Order
from shop.kernel.clock import utc_now
from tests.faults.crowd import SHIP_TO, Crowd, statuses
from tests.lengths import FULL, on_both_or, rounds
from tests.naive import on_sqlite
from tests.seen import stock
from tests.servers.ground import until
from tests.servers.shop import ShopServer

Start = Callable[..., ShopServer]
WRITERS = 32
SWEPT_S = 5.0 + (1.0 if FULL else 20.0)


@on_sqlite
def test_thirty_two_writers_of_sqlite_never_see_a_locked_database(
    start_shop: Start, database_url: str
) -> None:
    """FAULTS 103: web and worker are two processes on one file."""
    server = start_shop(DATABASE_URL=database_url)
    each = rounds(2, 60)
    crowd = Crowd(server.url, database_url, server, people=WRITERS, most=each, within_s=120)
    with crowd:
        until(lambda: not crowd.busy(), within_s=rounds(60, 600), what="everybody's orders")
    assert crowd.placed() == WRITERS * each
    assert set(statuses(crowd.log.times)) <= {200, 201, 503}
    assert statuses(crowd.log.times)[503] <= crowd.placed() / 20
    assert "locked" not in server.log.read_text()
    crowd.assert_nothing_lost()
    with crowd.app.app_context():
        facts = {
            name: db.session.execute(text(f"PRAGMA {name}")).scalar()
            for name in ("foreign_keys", "synchronous", "journal_mode")
        }
        db.session.remove()
        db.engine.dispose()
    assert facts == {"foreign_keys": 1, "synchronous": 2, "journal_mode": "wal"}


@transactional
def let_time_pass() -> None:
    """Every promise has lasted its time."""
    before = utc_now() - timedelta(seconds=1)
    db.session.execute(update(Order).values(expires_at=before))
    held = update(StockHold).where(StockHold.state == HoldState.HELD)
    db.session.execute(held.values(expires_at=before))


def held(app: Flask, sku: str) -> int:
    with app.app_context():
        found = stock(sku)[1]
        db.session.remove()
    return found


@on_both_or("sqlite")
def test_who_holds_everything_and_pays_nothing_is_bounded_and_gives_it_back(
    start_shop: Start, database_url: str
) -> None:
    """FAULTS 13: thirty orders a minute of one account, and the shelf is full again in time."""
    server = start_shop(DATABASE_URL=database_url, SHOP_LIMITS="on")
    crowd = Crowd(server.url, database_url, server, people=1)
    (bot,) = crowd.shoppers
    told: Counter[int] = Counter()
    for number in range(rounds(36, 200)):
        found = requests.post(
            f"{server.url}/api/v1/orders",
            json={"items": [{"sku": crowd.sku, "quantity": 99}], "ship_to": SHIP_TO},
            headers={"Authorization": f"Bearer {bot._token}", "Idempotency-Key": f"k{number}"},
            timeout=10,
        )
        told[found.status_code] += 1
        assert found.status_code != 429 or found.headers["Retry-After"].isdigit()
    assert set(told) == {201, 429}
    assert told[201] <= 2 * 30, "a minute may turn meanwhile"
    assert held(crowd.app, crowd.sku) == told[201] * 99
    with crowd.app.app_context():
        let_time_pass()
        db.engine.dispose()
    began = time.monotonic()
    until(lambda: held(crowd.app, crowd.sku) == 0, within_s=SWEPT_S, what="the full shelf")
    print(f"given back after {time.monotonic() - began:.1f} s")
    with crowd.app.app_context():
        left = set(db.session.scalars(select(Order.status).where(Order.buyer_id.is_not(None))))
        db.session.remove()
        db.engine.dispose()
    assert left == {"cancelled"}
