"""Messages: written once, carried once, short, and forgotten."""

import json
import threading
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import func, select

from shop.db import db, transactional
from shop.domain.notices import wording
from shop.domain.notices.messengers import HttpMessenger, OutboxPage
from shop.domain.notices.models import Message
from shop.domain.outbox.models import OutboxMessage
from shop.flows import telling
from shop.kernel.circuit import Circuit
from shop.kernel.errors import Invalid, Unavailable
from tests.conftest import NOON, FixedClock

PHONE = "+8613900000001"
SHOP = Path(__file__).resolve().parents[2] / "shop"


@transactional
def tell(**other: object) -> None:
    given: dict[str, object] = {
        "user_id": None,
        "phone": PHONE,
        "template": "order-shipped",
        "variables": {"number": "260302-AAAA", "carrier": "演示快递", "waybill_no": "YT1"},
        "dedupe_key": "shipped:1",
        "now": NOON,
    }
    telling.tell(**{**given, **other})  # type: ignore[arg-type]


class Provider:
    """An SMS provider on loopback that answers as it is told."""

    def __init__(self) -> None:
        self.status = 200
        self.heard: list[tuple[Mapping[str, str], dict[str, object]]] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                outer.heard.append((dict(self.headers), body))
                self.send_response(outer.status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_address[1]}/sms"

    def messenger(self) -> HttpMessenger:
        return HttpMessenger(url=self.url, token="a token", circuit=Circuit("sms", failures=2))

    def close(self) -> None:
        self.server.shutdown()
        self.thread.join(5)
        self.server.server_close()


@pytest.fixture
def provider() -> Iterator[Provider]:
    made = Provider()
    yield made
    made.close()


def the_message() -> Message:
    db.session.rollback()
    return db.session.scalars(select(Message)).one()


def test_one_cause_is_told_once(ctx: Flask) -> None:
    tell()
    tell()
    tell(phone=None, dedupe_key="to nobody")
    assert db.session.scalar(select(func.count()).select_from(Message)) == 1
    assert db.session.scalar(select(func.count()).select_from(OutboxMessage)) == 1


def test_a_message_leaves_with_its_template_and_key_and_forgets_its_words(
    ctx: Flask, provider: Provider
) -> None:
    tell()
    for _ in range(2):
        telling.carry(the_message().id, messenger=provider.messenger(), now=NOON)
    ((headers, body),) = provider.heard
    assert headers["Authorization"] == "Bearer a token"
    assert body == {
        "phone": PHONE,
        "template": "order-shipped",
        "variables": {"number": "260302-AAAA", "carrier": "演示快递", "waybill_no": "YT1"},
        "key": "shipped:1",
    }
    assert (the_message().variables, the_message().sent_at) == ({}, NOON)


def test_a_provider_that_fails_leaves_the_message_waiting(ctx: Flask, provider: Provider) -> None:
    tell()
    messenger = provider.messenger()
    provider.status = 500
    for _ in range(3):
        with pytest.raises(Unavailable):
            telling.carry(the_message().id, messenger=messenger, now=NOON)
    assert len(provider.heard) == 2, "the circuit opened after two failures"
    assert the_message().sent_at is None
    provider.status = 200
    telling.carry(the_message().id, messenger=provider.messenger(), now=NOON)
    assert the_message().sent_at == NOON


def test_the_outbox_page_keeps_the_words(ctx: Flask) -> None:
    tell()
    telling.carry(the_message().id, messenger=OutboxPage(), now=NOON)
    kept = the_message()
    assert "YT1" in wording.rendered(kept.template, kept.variables)


def test_a_code_that_is_no_longer_good_is_not_sent(
    ctx: Flask, provider: Provider, clock: FixedClock
) -> None:
    tell(template="sign-in-code", variables={"code": "123456", "minutes": 10})
    late = clock.tick(minutes=10)
    telling.carry(the_message().id, messenger=provider.messenger(), now=late)
    assert provider.heard == []


def test_variables_are_short_single_lines_and_complete(ctx: Flask) -> None:
    tell(variables={"number": "x" * 200, "carrier": "a\nb\u202e c", "waybill_no": 7, "more": "no"})
    kept = the_message().variables
    assert set(kept) == {"number", "carrier", "waybill_no"}
    assert len(kept["number"]) == wording.VARIABLE_LENGTH
    assert kept["carrier"] == "a b c"
    with pytest.raises(Invalid):
        tell(variables={"number": "1"}, dedupe_key="another")
    with pytest.raises(Invalid):
        tell(template="no-such", dedupe_key="another")


def test_old_messages_are_forgotten(ctx: Flask, clock: FixedClock) -> None:
    tell()
    assert telling.forget_old(now=clock.tick(days=180)) == 0
    assert telling.forget_old(now=clock.tick(days=1)) == 1


def test_every_template_that_the_shop_names_exists() -> None:
    import re

    named = {
        name
        for path in SHOP.rglob("*.py")
        for name in re.findall(r"template=\"([a-z-]+)\"", path.read_text(encoding="utf-8"))
    }
    assert named
    assert named <= set(wording.TEXTS), named - set(wording.TEXTS)
