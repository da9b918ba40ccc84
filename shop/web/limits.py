"""How often a caller may do a thing; a refusal does not say which bucket ran over."""

import time
from collections.abc import Callable
from hashlib import sha256
from typing import TypeVar

from flask import Flask, current_app, g, request
from limits import RateLimitItem, parse_many
from limits.storage import MemoryStorage, RedisStorage, Storage
from limits.strategies import FixedWindowRateLimiter

from shop.config import Settings
from shop.kernel.circuit import Circuit
from shop.kernel.errors import DomainError, Unavailable
from shop.web.logs import log
from shop.web.views import view_at
from shop.web.who import person

ATTRIBUTE = "__shop_limit__"
RULES = {
    "default": "1200/minute",
    "sign-in": "60/minute;600/hour",
    "sign-in-phone": "30/15minute",
    "sms": "20/minute;100/hour",
    "comment": "20/minute;400/hour",
    "order": "30/minute;300/hour",
    "upload": "30/minute;300/hour",
    "hook": "60000/minute",
}

V = TypeVar("V")


class RateLimited(DomainError):
    """Too much in too short a time."""

    code = "rate-limited"


class Limits:
    """Counters in Redis where there is one, in this process where there is none or it is down."""

    def __init__(self, redis_url: str | None) -> None:
        self._local = FixedWindowRateLimiter(MemoryStorage())
        self._shared = FixedWindowRateLimiter(_redis(redis_url)) if redis_url else None
        self._circuit = Circuit("redis", failures=1, rest_s=5)
        self._rules = {name: parse_many(text) for name, text in RULES.items()}

    def hit(self, name: str, subject: str) -> None:
        """Count one; raises ``RateLimited`` with the seconds until the window turns."""
        for rule in self._rules[name]:
            if not self._count(rule, name, subject):
                window = rule.get_expiry()
                raise RateLimited(
                    "wait a little and try again",
                    retry_after=window - int(time.time()) % window,
                )

    def _count(self, rule: RateLimitItem, *key: str) -> bool:
        if self._shared is not None:
            try:
                with self._circuit.guard():
                    return self._shared.hit(rule, *key)
            except Unavailable:
                pass
            except Exception:
                log.warning("limits are counted in this process: redis does not answer")
        return self._local.hit(rule, *key)


def _redis(url: str) -> Storage:
    return RedisStorage(url, socket_timeout=0.5, socket_connect_timeout=0.5)


def install(app: Flask, settings: Settings) -> None:
    """Count before each view that names a limit; ``SHOP_LIMITS=off`` counts nothing."""
    if not settings.limits:
        return
    app.extensions["shop_limits"] = Limits(settings.redis_url)
    app.before_request(_before)


def limit(name: str) -> Callable[[V], V]:
    """Bound a view by a rule of ``RULES``, counted by account, else by address."""
    if name not in RULES:
        raise KeyError(name)

    def mark(view: V) -> V:
        setattr(view, ATTRIBUTE, name)
        return view

    return mark


def hit(name: str, subject: str) -> None:
    """Count one for a subject of the view's own, such as the phone number a code goes to."""
    counted: Limits | None = current_app.extensions.get("shop_limits")
    if counted is not None:
        counted.hit(name, f"s:{sha256(subject.encode()).hexdigest()[:32]}")


def caller() -> str:
    """The account, else the address: a whole village may stand behind one of those.

    Who shows no credential costs no look into the session, let alone a query.
    """
    shown = "person" in g or current_app.config["SESSION_COOKIE_NAME"] in request.cookies
    known = person() if shown else None
    return f"u:{known.user_id}" if known else f"a:{request.remote_addr}"


def _before() -> None:
    if request.endpoint is None or request.endpoint == "static" or request.blueprint == "ops":
        return
    counted: Limits = current_app.extensions["shop_limits"]
    view = view_at(current_app, request.endpoint, request.method)
    counted.hit(getattr(view, ATTRIBUTE, "default"), caller())
