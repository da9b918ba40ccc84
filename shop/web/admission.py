"""Who is let in when too much is under way: orders and payments before search and history.

A request that cannot be served soon is refused at once, with the time to come again; what waits in
line grows old and is answered to nobody. One caller has a bounded number under way, so that a
machine that sends a thousand a second leaves room for people.
"""

import threading
from collections import Counter
from collections.abc import Callable
from typing import TypeVar

from flask import Flask, current_app, request

from shop.config import Settings
from shop.kernel.errors import Overloaded
from shop.web.ops import deadline_of
from shop.web.views import view_at

MOST = {"first": 1200, "usual": 600, "later": 300}
"""Under way in one process when one more of a class is refused."""

CLASSES = {
    "first": {
        "api_hooks", "api_hooks_kuaidi100", "api_live_shelf", "api_payments", "checkout", "console",
        "pay",
    },
    "later": {
        "api_board", "api_inventory", "api_orders", "api_trace", "board", "coop_orders",
        "coop_statements", "coop_stock", "halls", "orders", "outbox", "review", "trace", "work",
    },
}  # fmt: skip
"""Blueprints whose views are served before, and after, the usual; a mark on a view goes before."""

MOST_OF_ONE = 64
"""Under way of one caller: an account, or an address that names none."""

LONG_S = 20.0
"""A view with a deadline like this waits for events, not for the shop."""

ATTRIBUTE = "__shop_class__"
KEPT = "shop.admitted"

V = TypeVar("V")


def first(view: V) -> V:
    """Mark a view that is served as long as anything is."""
    setattr(view, ATTRIBUTE, "first")
    return view


class Admission:
    """Counts of one process; ``fair`` bounds what one caller has under way."""

    def __init__(self, *, fair: bool) -> None:
        self._fair = fair
        self._lock = threading.Lock()
        self._all = 0
        self._of: Counter[str] = Counter()

    def enter(self, caller: str, kind: str) -> Callable[[], None]:
        """Let one in; gives what ends it. Raises ``Overloaded``."""
        with self._lock:
            if self._all >= MOST[kind]:
                raise Overloaded("too much is under way", retry_after=1)
            if self._fair and self._of[caller] >= MOST_OF_ONE:
                raise Overloaded("too much of yours is under way", retry_after=1)
            self._all += 1
            self._of[caller] += 1
        return lambda: self._leave(caller)

    def _leave(self, caller: str) -> None:
        with self._lock:
            self._all -= 1
            self._of[caller] -= 1
            if self._of[caller] <= 0:
                del self._of[caller]


def install(app: Flask, settings: Settings) -> None:
    """Stand before every view but health and the streams, which have bounds of their own."""
    app.extensions["shop_admission"] = Admission(fair=settings.limits)
    app.before_request(_enter)
    app.teardown_request(_leave)


def _enter() -> None:
    endpoint = request.endpoint
    if endpoint is None or endpoint == "static" or endpoint.startswith("ops."):
        return
    view = view_at(current_app, endpoint, request.method)
    if (deadline_of(view) or LONG_S) >= LONG_S:
        return
    door: Admission = current_app.extensions["shop_admission"]
    kind = getattr(view, ATTRIBUTE, None) or _class_of(request.blueprint)
    request.environ[KEPT] = door.enter(_caller(), kind)


def _class_of(blueprint: str | None) -> str:
    return next((kind for kind, names in CLASSES.items() if blueprint in names), "usual")


def _caller() -> str:
    named = request.headers.get("Authorization") or request.cookies.get(
        current_app.config["SESSION_COOKIE_NAME"]
    )
    return named or f"a:{request.remote_addr}"


def _leave(_error: BaseException | None) -> None:
    end: Callable[[], None] | None = request.environ.pop(KEPT, None)
    if end is not None:
        end()
