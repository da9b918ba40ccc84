"""A name for every request, and one log line when it is answered."""

import re
import secrets
import time

import structlog
from flask import Flask, Response, g, has_request_context, request

from shop import logs

SANE = re.compile(r"[A-Za-z0-9._-]{8,64}")
HEADER = "X-Request-ID"
KEPT = "shop.request_id"
QUIET = frozenset({"static", "ops.healthz", "ops.readyz", "ops.metrics"})

log = structlog.get_logger("shop.request")
say = logs.write


def install(app: Flask) -> None:
    """Log in JSON; the id is in the environ, so that an answer made outside a view has it too."""
    logs.configure()
    app.before_request(_begin)
    app.after_request(_end)


def request_id() -> str:
    """The id of the request at hand: the caller's own where it is sane, else a new one."""
    if not has_request_context():
        return ""
    if KEPT not in request.environ:
        request.environ[KEPT] = name_of(request.headers.get(HEADER, ""))
    return str(request.environ[KEPT])


def name_of(given: str) -> str:
    """A request's name: the one given where it is sane, else a new one."""
    return given if SANE.fullmatch(given) else secrets.token_hex(12)


def _begin() -> None:
    g.began = time.monotonic()
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(request_id=request_id())


def _end(response: Response) -> Response:
    response.headers[HEADER] = request_id()
    if request.endpoint in QUIET and response.status_code < 500:
        return response
    actor = g.get("actor")
    say(
        "request",
        request_id=request_id(),
        method=request.method,
        route=str(request.url_rule) if request.url_rule else None,
        endpoint=request.endpoint,
        status=response.status_code,
        ms=round((time.monotonic() - g.get("began", time.monotonic())) * 1000, 1),
        user_id=actor.user_id if actor else None,
    )
    return response
