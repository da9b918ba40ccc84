"""A buyer at the checkout of a shop that may be busy, and what the waiting view must be."""

import re
from collections.abc import Mapping
from datetime import datetime
from html import unescape
from typing import Any

from flask import Flask

from shop.db import db
from shop.flows import addresses
from tests.builders import COUNTY, a_sku, an_actor
from tests.conftest import NOON
from tests.pages.goods_reader import Reader, fields_of

REFRESH = re.compile(
    r'<noscript><meta http-equiv="refresh" content="(\d+);url=([^"]+)"></noscript>'
)


class Checkout:
    """A buyer with the filled form of the checkout in hand."""

    def __init__(self, app: Flask, *, now: datetime = NOON) -> None:
        buyer, self.sku = an_actor(), a_sku(on_hand=5)
        addresses.add(
            actor=buyer,
            name="演示买家",
            phone="13800000099",
            region_code=COUNTY,
            street="演示街 9 号",
            now=NOON,
        )
        self.reader = Reader(app, buyer, now=now)
        self.reader.get("/?lang=en")
        page = self.reader.get(f"/checkout?sku={self.sku}&source=card")
        self.form = fields_of(page) | {"note": "两袋一包 & 多谢"}
        db.session.rollback()

    def send(self) -> Any:
        return self.reader.client.post("/checkout", data=self.form)

    def refresh(self) -> Any:
        return self.reader.client.get("/checkout/queue")


def waits(status: int, headers: Mapping[str, str], page: str, form: dict[str, str]) -> None:
    """It is the waiting view, and what it sends again is what was sent, with the same key."""
    assert (status, "In the queue" in page) == (503, True), page[:2000]
    assert 1 <= int(headers["Retry-After"]) <= 30
    again = fields_of(page)
    assert again.pop("csrf_token")
    assert again == {name: value for name, value in form.items() if name != "csrf_token"}
    found = REFRESH.search(page)
    assert found is not None
    assert 2 <= int(found[1]) <= 5
    assert unescape(found[2]) == "/checkout/queue"
    assert 'data-limit="30"' in page
