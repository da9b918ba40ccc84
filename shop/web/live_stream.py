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
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Generic

from flask import Flask, Response, current_app, request

from shop.db import db
from shop.domain.live import queries
from shop.domain.live.bus import E, Leave
from shop.domain.live.listeners import CLOSING, Frame, Listener, frame
from shop.domain.live.queries import RoomNow
from shop.domain.live.states import SessionStatus
from shop.kernel.errors import NotFound
from shop.tools import tools
from shop.web import live_lines, live_ticker
from shop.web.limits import RateLimited
from shop.web.live_lines import HEARTBEAT, HEARTBEAT_S, SEND_BUFFER, Line, LineResponse
from shop.web.parsing import InvalidParameter
from shop.web.together import Together

FAR_BEHIND = 500
HERD = 20_000
MOST_BEHIND = 2 * FAR_BEHIND
"""What those at one moment may have missed, and what happens while they are told."""

MOST_AN_ADDRESS = 300
MAX_SEQ = 2**53
HEADERS = {
    "Cache-Control": "no-store",
    "X-Accel-Buffering": "no",
}

_open: Counter[str] = Counter()
_open_lock = threading.Lock()


@dataclass(frozen=True)
class Joined(Generic[E]):
    """A caller in a room: what they missed, and who brings the rest."""

    listener: E
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
        if live_lines.can_be_taken_over(request.environ):
            return _on_a_line(join(session_id, after, ear=Line), lambda: _leave(address))
        return _as_it_comes(join(session_id, after, ear=Listener), lambda: _leave(address))
    except BaseException:
        _leave(address)
        raise


def _nothing_more(joined: Joined[Any], on_end: Callable[[], None]) -> Response:
    joined.listener.leave()
    on_end()
    return Response(status=204, headers=HEADERS)


def _on_a_line(joined: Joined[Line], on_end: Callable[[], None]) -> Response:
    """The server lets the connection go, and the bus writes to it."""
    if joined.over and not joined.backlog:
        return _nothing_more(joined, on_end)

    def begin(fd: int, head: bytes) -> None:
        joined.listener.open(
            fd, head + _prelude(joined), joined.backlog,
            last=joined.last, over=joined.over, on_end=on_end,
        )  # fmt: skip

    def lost() -> None:
        joined.listener.drop()
        on_end()

    return LineResponse(begin, lost, content_type="text/event-stream", headers=HEADERS)


def _as_it_comes(joined: Joined[Listener], on_end: Callable[[], None]) -> Response:
    """For any other server: its thread waits for the events."""
    if joined.over and not joined.backlog:
        return _nothing_more(joined, on_end)
    _tie_to_socket(joined.listener)
    response = Response(_frames(joined), content_type="text/event-stream", headers=HEADERS)
    response.call_on_close(joined.listener.leave)
    response.call_on_close(on_end)
    return response


def changes(session_id: int, after: int | None, *, wait_s: float) -> Response:
    """The same events as JSON, as soon as there is one, at the latest after ``wait_s``."""
    joined = join(session_id, after, ear=Listener)
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


def join(session_id: int, after: int | None, *, ear: Callable[[Leave], E]) -> Joined[E]:
    """Listen first, then read what was missed, so that nothing falls between the two."""
    herd: _Herd = current_app.extensions["shop_viewers"]
    room = herd.rooms.submit(session_id)
    if room is None:
        raise NotFound
    over = room.status in CLOSING
    listener = tools().bus.subscribe(session_id, seen=room.seq, ear=ear)
    try:
        gap = after is not None and (after > room.seq or room.seq - after > FAR_BEHIND)
        start = room.seq - 1 if gap else room.seq if after is None else after
        if room.status is SessionStatus.BANNED:
            backlog = _where_it_ended(session_id, after=-1 if gap else start)
        else:
            backlog = herd.missed.submit((session_id, max(start, 0)))
    except BaseException:
        listener.leave()
        raise
    live_ticker.ensure(current_app._get_current_object())  # type: ignore[attr-defined]
    return Joined(listener, backlog, backlog[-1].seq if backlog else start, gap, over)


@dataclass(frozen=True)
class _Herd:
    """Viewers who come at the same moment share the two looks into the tables that each needs."""

    rooms: Together[int, RoomNow | None]
    missed: Together[tuple[int, int], list[Frame]]


def install(app: Flask) -> None:
    """Open the queues at the door of this process's rooms."""
    app.extensions["shop_viewers"] = _Herd(
        Together(_rooms, together=HERD, waiting=HERD),
        Together(_missed, together=HERD, waiting=HERD),
    )


def _rooms(asked: Sequence[int]) -> list[RoomNow | None]:
    found = queries.public_rooms(set(asked))
    db.session.rollback()
    return [found.get(one) for one in asked]


def _missed(asked: Sequence[tuple[int, int]]) -> list[list[Frame]]:
    """Frames above each caller's own number; those of one room are made once."""
    first: dict[int, int] = {}
    for session_id, after in asked:
        first[session_id] = min(after, first.get(session_id, after))
    frames = {
        session_id: [frame(event) for event in queries.events_after(session_id, after, MOST_BEHIND)]
        for session_id, after in first.items()
    }
    db.session.rollback()
    return [[one for one in frames[room] if one.seq > after] for room, after in asked]


def _where_it_ended(session_id: int, *, after: int) -> list[Frame]:
    found = [frame(event) for event in queries.last_status(session_id, after=after)]
    db.session.rollback()
    return found


def _prelude(joined: Joined[Any]) -> bytes:
    """Retry after 1.5 to 4 s, so that a herd does not come back at once."""
    retry = b"retry: %d\n\n" % random.randint(1500, 4000)
    return retry + (b": gap, take the snapshot\n\n" if joined.gap else b"")


def _frames(joined: Joined[Listener]) -> Iterator[bytes]:
    yield _prelude(joined)
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
            yield HEARTBEAT


def _wait(joined: Joined[Listener], *, until: float) -> list[Frame]:
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
