"""A crowd that orders while a part of the shop is hurt: answers are timed, orders counted."""

import itertools
import random
import threading
import time
from collections import Counter
from types import TracebackType
from typing import Self

from flask import Flask
from sqlalchemy import func, select

from shop.app import create_app
from shop.db import db
from shop.domain.orders.models import Order
from shop.kernel.clock import utc_now
from tests.builders import COUNTY, a_sku, a_token, a_user
from tests.chaos.caller import Caller, Log, Over, Try
from tests.invariants import assert_sound
from tests.servers.databases import settings_for
from tests.servers.ground import until
from tests.servers.shop import ShopServer

SHIP_TO = {
    "name": "演示收件人", "phone": "13800000099", "region_code": COUNTY, "street": "演示街 9 号",
}  # fmt: skip


class Shopper(threading.Thread):
    """Orders one unit after the other, each with a key of its own, until told to stop."""

    def __init__(self, url: str, log: Log, *, token: str, sku: str, most: int | None) -> None:
        super().__init__(daemon=True)
        self.caller = Caller(url, log, random.Random(token))
        self.stopped = threading.Event()
        self.numbers: list[str] = []
        self.failed: BaseException | None = None
        self._token, self._most = token, most
        self._body = {"items": [{"sku": sku, "quantity": 1}], "ship_to": SHIP_TO}

    def run(self) -> None:
        try:
            for place in itertools.count():
                if self.stopped.is_set() or place == self._most:
                    return
                self._order(f"wish-{place}")
        except Over:
            return
        except BaseException as error:
            self.failed = error

    def _order(self, key: str) -> None:
        quoted = self.caller.send("POST", "/api/v1/quotes", {"items": self._body["items"]})
        placed = self.caller.send("POST", "/api/v1/orders", self._body, token=self._token, key=key)
        assert (quoted.status, placed.status) == (200, 201), (quoted, placed)
        self.numbers.append(placed.body["number"])


class Crowd:
    """So many shoppers at one address; leaving it waits until each has its last answer."""

    def __init__(
        self, url: str, database_url: str, server: ShopServer, *, people: int = 6,
        most: int | None = None, within_s: float = 40,
    ) -> None:  # fmt: skip
        self.log = Log()
        self.within_s = within_s
        folder = server.folder.parent / f"{server.folder.name}-crowd-{time.monotonic_ns()}"
        self.app: Flask = create_app(settings_for(database_url, folder))
        with self.app.app_context():
            self.sku = a_sku(on_hand=100_000, now=utc_now())
            self.before = db.session.scalar(select(func.count(Order.id))) or 0
            tokens = [a_token(a_user(now=utc_now()), now=utc_now()) for _ in range(people)]
            db.session.rollback()
            db.engine.dispose()
        self.shoppers = [
            Shopper(url, self.log, token=token, sku=self.sku, most=most) for token in tokens
        ]

    def __enter__(self) -> Self:
        for shopper in self.shoppers:
            shopper.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        for shopper in self.shoppers:
            shopper.stopped.set()
        try:
            if error is None:
                until(lambda: not self.busy(), within_s=self.within_s, what="the last answers")
        finally:
            for shopper in self.shoppers:
                shopper.caller.over.set()
            for shopper in self.shoppers:
                shopper.join(20)

    def busy(self) -> bool:
        return any(shopper.is_alive() for shopper in self.shoppers)

    def placed(self) -> int:
        return sum(len(shopper.numbers) for shopper in self.shoppers)

    def until_placed(self, more: int, *, within_s: float = 20) -> float:
        """Wait for so many more orders; gives the seconds it took."""
        began, goal = time.monotonic(), self.placed() + more
        until(lambda: self.placed() >= goal, within_s=within_s, what=f"{more} more orders")
        return time.monotonic() - began

    def tries_since(self, moment: float) -> list[Try]:
        """What was under way at a moment of ``time.monotonic``, or came later."""
        return [one for one in list(self.log.times) if one.began + one.took >= moment]

    def assert_nothing_lost(self) -> None:
        """Each order that was told of is there, once, and nothing else is; the books are sound."""
        for shopper in self.shoppers:
            if shopper.failed is not None:
                raise shopper.failed
        assert not self.log.wrong, "\n".join(self.log.wrong[:20])
        told = [number for shopper in self.shoppers for number in shopper.numbers]
        with self.app.app_context():
            found = Counter(db.session.scalars(select(Order.number)))
            db.session.rollback()
            assert set(told) <= set(found), "an acknowledged order is not there"
            assert len(told) == len(set(told)) == sum(found.values()) - self.before
            assert_sound()
            db.engine.dispose()


def statuses(tries: list[Try]) -> Counter[int]:
    """How often each status was seen; 0: no answer."""
    return Counter(one.status for one in tries)


def slowest(tries: list[Try]) -> float:
    """Seconds."""
    return max((one.took for one in tries), default=0.0)
