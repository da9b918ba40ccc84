"""正在排队 in a real browser: with scripts and without, the order goes through once."""

import re
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import func, select
from werkzeug.serving import make_server

import shop.db as ground
from shop.db import db
from shop.domain.orders.models import Order
from shop.web import problems
from tests.naive import on_sqlite
from tests.pages.waiting import Checkout


@contextmanager
def serving(app: Flask) -> Iterator[str]:
    """The app of this test at an address."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join(10)
    server.server_close()


@contextmanager
def busy(database_url: str) -> Iterator[None]:
    """Somebody else writes and does not end."""
    writer = sqlite3.connect(database_url.removeprefix("sqlite:///"), isolation_level=None)
    writer.execute("BEGIN IMMEDIATE")
    yield
    writer.execute("ROLLBACK")
    writer.close()


def at_checkout(browser: Browser, url: str, buying: Checkout, *, scripts: bool) -> Page:
    context = browser.new_context(locale="en-GB", java_script_enabled=scripts)
    for name in ("shop", "lang"):
        cookie = buying.reader.client.get_cookie(name)
        assert cookie is not None
        context.add_cookies([{"name": name, "value": cookie.value, "url": url}])
    page = context.new_page()
    page.goto(f"{url}/checkout?sku={buying.sku}")
    return page


def orders() -> int:
    db.session.rollback()
    found = db.session.scalar(select(func.count(Order.id))) or 0
    db.session.rollback()
    return found


@on_sqlite
def test_an_order_in_the_queue_goes_through_by_itself_and_once(
    browser: Browser, ctx: Flask, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    kind = replace(problems.KINDS["dependency-unavailable"], retry_after=1)
    monkeypatch.setitem(problems.KINDS, "dependency-unavailable", kind)  # type: ignore[arg-type]
    monkeypatch.setattr(ground, "SQLITE_PATIENCE_S", 0.2)
    buying = Checkout(ctx)
    with serving(ctx) as url:
        for count, scripts in enumerate((True, False), start=1):
            page = at_checkout(browser, url, buying, scripts=scripts)
            with busy(database_url):
                page.get_by_role("button", name="Place the order").click()
                expect(page.get_by_role("heading", name="In the queue")).to_be_visible()
            page.wait_for_url(re.compile("/orders/[0-9A-Z-]+/pay"))
            assert orders() == count
            page.context.close()
