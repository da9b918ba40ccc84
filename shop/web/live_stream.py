"""A room's events over HTTP: as a stream that resumes by number, and by long poll.

Neither holds a database connection while it waits. A caller more than ``FAR_BEHIND`` events behind,
or ahead of the room, is given its newest event only: the jump in its number is the gap after which
clients take the snapshot. A room that was stopped tells that and nothing else of itself.
"""

import random
import socket
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

from flask import Response, current_app, request

from shop.db import db
from shop.domain.live import queries
from shop.domain.live.bus import CLOSING, Frame, Listener, frame
from shop.domain.live.states import SessionStatus
from shop.kernel.errors import NotFound
from shop.tools import tools
from shop.web import live_ticker
from shop.web.limits import RateLimited
from shop.web.parsing import InvalidParameter

FAR_BEHIND = 500
HEARTBEAT_S = 15.0
SEND_BUFFER = 16 * 1024
MOST_AN_ADDRESS = 300
MAX_SEQ = 2**53
HEADERS = {
    "Cache-Control": "no-store",
    "X-Accel-Buffering": "no",
}

_open: Counter[str] = Counter()
_open_lock = threading.Lock()


@dataclass(frozen=True)
class Joined:
    """A caller in a room: what they missed, and the queue that brings the rest."""

    listener: Listener
    backlog: list[Frame]
    last: int
    gap: bool
    over: bool


def last_event_id() -> int | None:
    """What a browser says after a break; raises ``InvalidParameter`` for what we never gave out."""
    given = request.headers.get("Last-Event-ID", "").strip()
    if not given:
        return None
    if not (given.isascii() and given.isdigit() and len(given) <= 16 and int(given) <= MAX_SEQ):
        raise InvalidParameter(
            errors=[{"pointer": "/Last-Event-ID", "code": "invalid", "detail": "not an event id"}]
        )
    return int(given)


def stream(session_id: int, after: int | None) -> Response:
    """Server-sent events above ``after``, or from now on; 204 where a show that is over has none.

    Raises ``NotFound``, ``Overloaded``, ``RateLimited``.
    """
    address = _enter()
    try:
        joined = join(session_id, after)
    except BaseException:
        _leave(address)
        raise
    if joined.over and not joined.backlog:
        joined.listener.leave()
        _leave(address)
        return Response(status=204, headers=HEADERS)
    _tie_to_socket(joined.listener)
    response = Response(_frames(joined), content_type="text/event-stream", headers=HEADERS)
    response.call_on_close(joined.listener.leave)
    response.call_on_close(lambda: _leave(address))
    return response


def changes(session_id: int, after: int | None, *, wait_s: float) -> Response:
    """The same events as JSON, as soon as there is one, at the latest after ``wait_s``."""
    joined = join(session_id, after)
    found, last = joined.backlog, joined.last
    try:
        if not found and not joined.over:
            found = _wait(joined, until=time.monotonic() + wait_s)
            last = found[-1].seq if found else last
    finally:
        joined.listener.leave()
    body = b'{"events":[%s],"seq":%d,"gap":%s}' % (
        b",".join(one.json for one in found),
        last,
        b"true" if joined.gap else b"false",
    )
    return Response(body, content_type="application/json", headers=HEADERS)


def join(session_id: int, after: int | None) -> Joined:
    """Listen first, then read what was missed, so that nothing falls between the two."""
    session = queries.session(session_id)
    if session is None or not queries.is_public(session):
        raise NotFound
    seq, over = session.seq, session.status in CLOSING
    stopped = session.status is SessionStatus.BANNED
    db.session.rollback()
    listener = tools().bus.subscribe(session_id, seen=seq)
    try:
        gap = after is not None and (after > seq or seq - after > FAR_BEHIND)
        start = seq - 1 if gap else seq if after is None else after
        if stopped:
            events = queries.last_status(session_id, after=-1 if gap else start)
        else:
            events = queries.events_after(session_id, max(start, 0), FAR_BEHIND)
    except BaseException:
        listener.leave()
        raise
    finally:
        db.session.remove()
    live_ticker.ensure(current_app._get_current_object())  # type: ignore[attr-defined]
    backlog = [frame(event) for event in events]
    return Joined(listener, backlog, backlog[-1].seq if backlog else start, gap, over)


def _frames(joined: Joined) -> Iterator[bytes]:
    """Retry after 1.5 to 4 s, so that a herd does not come back at once."""
    yield b"retry: %d\n\n" % random.randint(1500, 4000)
    if joined.gap:
        yield b": gap, take the snapshot\n\n"
    waiting, last = joined.backlog, joined.last
    if waiting:
        yield b"".join(one.event for one in waiting)
    while not joined.over and not any(one.closing for one in waiting):
        waiting = joined.listener.take(HEARTBEAT_S)
        if joined.listener.dropped:
            return
        waiting, had = [one for one in waiting if one.seq > last], bool(waiting)
        if waiting and waiting[0].seq != last + 1:
            return
        if waiting:
            last = waiting[-1].seq
            yield b"".join(one.event for one in waiting)
        elif not had:
            yield b": here\n\n"


def _wait(joined: Joined, *, until: float) -> list[Frame]:
    while (left := until - time.monotonic()) > 0 and not joined.listener.dropped:
        fresh = [one for one in joined.listener.take(left) if one.seq > joined.last]
        if fresh:
            return fresh
    return []


def _tie_to_socket(listener: Listener) -> None:
    """A viewer who does not read fills a small buffer soon, and is cut off when dropped."""
    connection = request.environ.get("gunicorn.socket")
    if connection is None:
        return
    with suppress(OSError):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)
    listener.on_drop = lambda: connection.shutdown(socket.SHUT_RDWR)


def _enter() -> str:
    """Count one stream of an address; raises ``RateLimited`` when it has too many."""
    address = request.remote_addr or ""
    with _open_lock:
        if tools().settings.limits and _open[address] >= MOST_AN_ADDRESS:
            raise RateLimited("too many open streams", retry_after=30)
        _open[address] += 1
    return address


def _leave(address: str) -> None:
    with _open_lock:
        _open[address] -= 1
        if _open[address] <= 0:
            del _open[address]
