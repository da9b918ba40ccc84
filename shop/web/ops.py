"""Health, readiness, metrics, and the deadline of every request."""

import hmac
import os
import socket
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, TypeVar

import gevent
import redis
from flask import Blueprint, Flask, Response, current_app, g, json, request
from flask.ctx import RequestContext
from gevent import monkey
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Histogram,
    generate_latest,
    multiprocess,
)
from sqlalchemy import text

from shop.config import Settings
from shop.db import db, give_back
from shop.kernel.errors import DomainError, NotFound
from shop.tools import tools
from shop.web.errors import problem
from shop.web.logs import log
from shop.web.views import view_at
from shop.web.who import public

ATTRIBUTE = "__shop_deadline__"
DEADLINE_S = 4.5
PAYMENT_DEADLINE_S = 10.0
DISCARD_S = 0.5
TIMER = "shop.timer"
ASKED = "shop.asked"
REQUESTS = Counter("shop_requests_total", "Answered requests", ["method", "endpoint", "status"])
SECONDS = Histogram(
    "shop_request_seconds",
    "Time to the first byte of an answer",
    ["endpoint"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
)
REFUSED = Counter(
    "shop_hook_signatures_refused_total",
    "Messages to the hooks whose signature was refused",
    ["provider"],
)

V = TypeVar("V")
bp = Blueprint("ops", __name__)


def deadline(seconds: float | None) -> Callable[[V], V]:
    """Give a view another deadline than 4.5 s: 10 on payment calls, longer on a long poll."""

    def mark(view: V) -> V:
        setattr(view, ATTRIBUTE, seconds)
        return view

    return mark


def deadline_of(view: Any) -> float | None:
    """Seconds that a view may take, ``None`` for a stream."""
    seconds: float | None = getattr(view, ATTRIBUTE, DEADLINE_S)
    return seconds


@contextmanager
def counted_refusals(provider: str) -> Iterator[None]:
    """Count a message that this provider did not sign: of one nobody sent, no row is kept."""
    try:
        yield
    except DomainError as error:
        if error.code == "webhook-signature-invalid":
            REFUSED.labels(provider).inc()
        raise


def install(app: Flask, settings: Settings) -> None:
    """Hang the operator's addresses and, under gevent, the deadline on the app."""
    app.config["SHOP_METRICS_TOKEN"] = settings.metrics_token
    app.register_blueprint(bp)
    app.before_request(_begin)
    app.after_request(_measure)
    app.teardown_request(_let_go)
    wrapped = Deadline(app, app.wsgi_app)
    app.wsgi_app = wrapped  # type: ignore[method-assign]  # Flask's own documented way


class Deadline:
    """The outermost layer: a request that ran out of time gets a retryable 503."""

    def __init__(self, app: Flask, inner: Any) -> None:
        self.app, self.inner = app, inner

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        try:
            answer: Iterable[bytes] = self.inner(environ, start_response)
            return answer
        except gevent.Timeout as late:
            if late is not environ.get(TIMER):
                raise
            return self._too_late(environ)(environ, start_response)
        finally:
            if TIMER in environ:
                environ[TIMER].close()

    def _too_late(self, environ: dict[str, Any]) -> Response:
        """The same request, since its body is read already, in a context of its own."""
        reading = environ.get("shop.reading", False)
        with RequestContext(self.app, environ, request=environ[ASKED]):
            log.warning("a request ran out of time", path=request.path, reading=reading)
            if reading:
                _read_no_more(environ)
            code = "request-timeout" if reading else "overloaded"
            return self.app.process_response(problem(code))


def _read_no_more(environ: dict[str, Any]) -> None:
    """The rest of a body that stopped arriving is not waited for: the line closes behind us."""
    line = environ.get("gunicorn.socket")
    if line is not None:
        with suppress(OSError):
            line.shutdown(socket.SHUT_RD)


def _begin() -> None:
    g.started = time.monotonic()
    if not monkey.is_module_patched("socket") or TIMER in request.environ:
        return
    view = view_at(current_app, request.endpoint, request.method) if request.endpoint else None
    seconds = deadline_of(view)
    if seconds is not None:
        request.environ[ASKED] = request._get_current_object()  # type: ignore[attr-defined]
        request.environ[TIMER] = gevent.Timeout.start_new(seconds)


def _measure(response: Response) -> Response:
    if TIMER in request.environ:
        request.environ[TIMER].cancel()
    endpoint = request.endpoint or "none"
    REQUESTS.labels(request.method, endpoint, response.status_code).inc()
    SECONDS.labels(endpoint).observe(time.monotonic() - g.get("started", time.monotonic()))
    return response


def _let_go(error: BaseException | None) -> None:
    """The connection of a request that ran out of time may be stuck: it is thrown away.

    Any other is given back here, where its end cannot spoil an answer that is made.
    """
    if not isinstance(error, gevent.Timeout):
        give_back()
        return
    request.environ["shop.reading"] = g.get("reading", False)
    with gevent.Timeout(DISCARD_S, False):
        db.session().invalidate()


@bp.get("/healthz")
@public
def healthz() -> Response:
    """The process answers."""
    return _json({"status": "ok"})


@bp.get("/readyz")
@public
def readyz() -> Response:
    """Ready while the database is; Redis only degrades."""
    db.session.execute(text("SELECT 1"))
    db.session.rollback()
    return _json({"status": "ok", "database": "ok", "redis": _redis_state()})


@bp.get("/metrics")
@public
def metrics() -> Response:
    """Prometheus; absent without a token in the settings, and for who does not know it."""
    token = current_app.config["SHOP_METRICS_TOKEN"]
    given = request.headers.get("Authorization", "").removeprefix("Bearer ")
    if not token or not hmac.compare_digest(given.encode(), token.encode()):
        raise NotFound()
    if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
        return Response(generate_latest(), content_type=CONTENT_TYPE_LATEST)
    registry = CollectorRegistry()
    multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call]  # not typed
    return Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


def _redis_state() -> str:
    url = tools().settings.redis_url
    if url is None:
        return "off"
    try:
        client = redis.Redis.from_url(
            url, socket_timeout=0.5, socket_connect_timeout=0.5, retry=None
        )
        with client:
            client.ping()
    except (redis.RedisError, OSError):
        return "degraded"
    return "ok"


def _json(body: dict[str, str]) -> Response:
    return Response(json.dumps(body), content_type="application/json")
