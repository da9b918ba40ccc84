"""What all visitors share is worked out once a second in a rush, before Flask is even asked.

Only GETs without credentials, only views marked ``shared``. One request works an answer out while
the others of the rush are given the one before, for one second more.
"""

import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from flask import Flask, Response, current_app, request

from shop.web.logs import HEADER, name_of, say
from shop.web.ops import REQUESTS
from shop.web.rush import MOST_KEYS, Rush
from shop.web.views import view_at

ATTRIBUTE = "__shop_shared__"
MARK = "X-Shop-Shared"
FRESH_S = 1.0
WORK_S = 2.0
MOST_BYTES = 256 * 1024
CREDENTIALS = frozenset({"HTTP_AUTHORIZATION", "HTTP_COOKIE"})
VARIES = ("PATH_INFO", "QUERY_STRING", "HTTP_ACCEPT", "HTTP_ACCEPT_LANGUAGE")

V = TypeVar("V")
Key = tuple[str, ...]
Headers = list[tuple[str, str]]


def shared(view: V) -> V:
    """Mark a view whose answer is the same for every visitor without credentials."""
    setattr(view, ATTRIBUTE, True)
    return view


def install(app: Flask) -> None:
    """Stand before the app: the outermost layer."""
    app.after_request(_mark)
    app.wsgi_app = MicroCache(app.wsgi_app)  # type: ignore[method-assign]  # Flask's own way


def _mark(response: Response) -> Response:
    if request.method == "GET" and request.endpoint and response.status_code == 200:
        view = view_at(current_app, request.endpoint, "GET")
        if getattr(view, ATTRIBUTE, False):
            if "ETag" not in response.headers:
                response.add_etag(weak=True)
            response.headers[MARK] = request.endpoint
            response.make_conditional(request)
    return response


@dataclass
class _Entry:
    endpoint: str
    headers: Headers
    body: bytes
    etag: str
    at: float


@dataclass
class _Slot:
    """One answer; who holds ``work`` is working out the next."""

    entry: _Entry
    work: threading.Lock = field(default_factory=threading.Lock)


class MicroCache:
    """Answers from memory in a rush; ``inner`` otherwise."""

    def __init__(self, inner: Any) -> None:
        self.inner = inner
        self._slots: dict[Key, _Slot] = {}
        self._rush = Rush()

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        if environ["REQUEST_METHOD"] != "GET" or not CREDENTIALS.isdisjoint(environ):
            return self._plainly(environ, start_response)
        key = tuple(environ.get(name, "") for name in VARIES)
        slot = self._slots.get(key)
        if slot is None or not self._rush.asked(key):
            return self._work(key, environ, start_response)
        if known := self._known(slot):
            return _serve(known, environ, start_response)
        try:
            return self._work(key, environ, start_response)
        finally:
            slot.work.release()

    def _known(self, slot: _Slot) -> _Entry | None:
        """What the rush is given; ``None`` makes this request the one that works it out."""
        if _age(slot.entry) < FRESH_S:
            return slot.entry
        late = _age(slot.entry) > 2 * FRESH_S
        if not slot.work.acquire(timeout=WORK_S if late else 0):
            return slot.entry
        if _age(slot.entry) < FRESH_S:
            slot.work.release()
            return slot.entry
        return None

    def _plainly(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        def begin(status: str, headers: Headers, exc_info: Any = None) -> Any:
            kept = [pair for pair in headers if pair[0] != MARK]
            return start_response(status, kept, exc_info)

        answer: Iterable[bytes] = self.inner(environ, begin)
        return answer

    def _work(self, key: Key, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        said: list[tuple[str, Headers]] = []

        def begin(status: str, headers: Headers, exc_info: Any = None) -> Any:
            said.append((status, headers))
            kept = [pair for pair in headers if pair[0] != MARK]
            return start_response(status, kept, exc_info)

        chunks = self.inner(environ, begin)
        endpoint = dict(said[-1][1]).get(MARK) if said else None
        if endpoint is None or not said[-1][0].startswith("200"):
            return chunks  # type: ignore[no-any-return]
        body = b"".join(chunks)
        if hasattr(chunks, "close"):
            chunks.close()
        self._keep(key, endpoint, said[-1][1], body)
        return [body]

    def _keep(self, key: Key, endpoint: str, headers: Headers, body: bytes) -> None:
        if len(body) > MOST_BYTES:
            return
        if len(self._slots) >= MOST_KEYS and key not in self._slots:
            self._slots.clear()
        kept = [(n, v) for n, v in headers if n not in (MARK, HEADER)]
        entry = _Entry(endpoint, kept, body, dict(kept).get("ETag", ""), time.monotonic())
        self._slots.setdefault(key, _Slot(entry)).entry = entry


def _age(entry: _Entry) -> float:
    return time.monotonic() - entry.at


def _serve(entry: _Entry, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    name = name_of(environ.get("HTTP_X_REQUEST_ID", ""))
    asked = environ.get("HTTP_IF_NONE_MATCH", "")
    same = entry.etag != "" and entry.etag.removeprefix("W/") in asked
    status = 304 if same else 200
    REQUESTS.labels("GET", entry.endpoint, status).inc()
    say("request", request_id=name, method="GET", endpoint=entry.endpoint, status=status)
    headers = [pair for pair in entry.headers if not (same and pair[0] in _OF_BODY)]
    start_response("304 NOT MODIFIED" if same else "200 OK", [*headers, (HEADER, name)])
    return [] if same else [entry.body]


_OF_BODY = frozenset({"Content-Length", "Content-Type"})
