"""FAULTS 95: workers die and sleep in the middle of a batch; each message has one effect."""

import json
import signal
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import requests
from flask import Flask
from sqlalchemy import func, select, update

from shop.app import create_app
from shop.cli.worker import DRAINS
from shop.db import db, transactional
from shop.domain.outbox.models import OutboxMessage
from shop.domain.outbox.states import OutboxStatus
from shop.kernel.clock import utc_now
from tests.lengths import FULL, on_both_or, rounds
from tests.servers.databases import settings_for
from tests.servers.ground import until
from tests.servers.shop import ShopServer

MESSAGES = rounds(36, 400)
LEASE_S = 60.0
HELD = 2 * DRAINS * 4
"""Two workers, each with its threads, and what a thread takes at a time."""


class Provider:
    """A text message provider: slow, and it knows a message that it has carried by its key."""

    def __init__(self) -> None:
        self.heard: dict[str, list[str]] = defaultdict(list)
        self.slow = threading.Event()
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                length = int(self.headers["Content-Length"])
                raw = self.rfile.read(length)
                if len(raw) < length:
                    return  # who sent it was killed
                provider.heard[self.headers["Idempotency-Key"]].append(json.loads(raw)["phone"])
                provider.slow.wait(0.15)
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_args: object) -> None:
                return

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def carried(self) -> int:
        return len(self.heard)

    def close(self) -> None:
        self.slow.set()
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def provider() -> Iterator[Provider]:
    made = Provider()
    yield made
    made.close()


@on_both_or("postgresql")
def test_workers_that_die_and_sleep_in_a_batch_leave_one_effect_of_each_message(
    start_shop: Callable[..., ShopServer], database_url: str, provider: Provider
) -> None:
    """On SQLite nobody sleeps: a process that stands still there may hold the one lock."""
    server = start_shop(
        worker=False, DATABASE_URL=database_url, SHOP_SMS_URL=provider.url, SHOP_SMS_TOKEN="t"
    )
    phones = [f"139{number:08d}" for number in range(MESSAGES)]
    for phone in phones:
        body = {"phone": phone, "purpose": "sign-up"}
        told = requests.post(f"{server.url}/api/v1/sms-codes", json=body, timeout=10)
        assert told.status_code == 202
    server.start_worker()
    sleeper = server.worker
    server.start_worker()
    assert sleeper is not None
    assert server.worker is not None
    beside = create_app(settings_for(database_url, server.folder.parent / "beside"))
    try:
        until(lambda: provider.carried() >= 4, within_s=30, what="the first messages")
        sleeps = not database_url.startswith("sqlite")
        server.signal(sleeper, signal.SIGSTOP if sleeps else signal.SIGKILL)
        server.signal(server.worker, signal.SIGKILL)
        server.worker.wait()
        assert provider.carried() < MESSAGES
        server.start_worker()
        until(lambda: waiting(beside) <= HELD, within_s=90, what="all but what they held")
        if not FULL:
            with beside.app_context():
                help_the_clock_on()
        until(lambda: waiting(beside) == 0, within_s=LEASE_S + 60, what="every message")
    finally:
        server.signal(sleeper, signal.SIGCONT)
        sleeper.terminate()
        sleeper.wait(20)
        with beside.app_context():
            db.engine.dispose()
    heard = list(provider.heard.values())
    assert all(len(set(one)) == 1 for one in heard), "a key carried two messages"
    assert sorted(one[0][-11:] for one in heard) == phones
    again = sum(len(one) - 1 for one in heard)
    assert again <= 2 * DRAINS, "only what two workers were carrying is carried again"
    assert "every invariant holds" in server.flask("audit")


def waiting(app: Flask) -> int:
    """Messages that are not carried yet."""
    with app.app_context():
        found = db.session.scalar(
            select(func.count(OutboxMessage.id)).where(OutboxMessage.status == OutboxStatus.WAITING)
        )
    return found or 0


@transactional
def help_the_clock_on() -> None:
    """The leases of those who died have lapsed, and so has the sleeper's."""
    db.session.execute(
        update(OutboxMessage)
        .where(OutboxMessage.status == OutboxStatus.WAITING)
        .values(leased_until=utc_now() - timedelta(seconds=LEASE_S))
    )
