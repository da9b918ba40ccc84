"""Viewers' connections that nobody waits on: the bus writes to them as events come.

A greenlet for each of ten thousand viewers would hold its stack, its request and a timer. So when
a stream has begun, its connection is taken over from the server, and what is left of the viewer is
a number, a few bytes that the network has not taken yet, and the time of the last writing. This
needs a server that says ``gunicorn.socket`` and lets go of a connection that was handed over (the
worker of ``gunicorn.conf.py``); all greenlets of one thread share the lines without locks.
"""

import os
import select
import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from http import HTTPStatus
from typing import Any

from flask import Response, current_app
from gevent import monkey

from shop.domain.live.listeners import DEPTH, STALLED_S, Ear, Frame

LETS_GO = "SERVER_LETS_GO"
"""Put into the app's ``config`` by a server whose worker lets go of a ``HandedOver`` connection."""

GONE = select.EPOLLRDHUP | select.EPOLLHUP | select.EPOLLERR
LOOK_S = 0.5
HEARTBEAT_S = 15.0
HEARTBEAT = b": here\n\n"
SEND_BUFFER = 16 * 1024
MOST_WAITING = 64 * 1024
"""Bytes that may wait for a viewer who reads slowly; more of them, and the line is cut."""


class Ends:
    """Notices within a second whose viewer has gone, without a greenlet for each."""

    def __init__(self) -> None:
        self._lines: dict[int, Line] = {}
        self._poll: Any = None
        self._watching = False

    def watch(self, fd: int, line: "Line") -> None:
        """Drop the line when the other side closes ``fd``."""
        if self._poll is None:
            self._poll = monkey.get_original("select", "epoll")()
        self._poll.register(fd, GONE)
        self._lines[fd] = line
        if not self._watching:
            self._watching = True
            threading.Thread(target=self._look, name="live-ends", daemon=True).start()

    def forget(self, fd: int) -> None:
        """The line closes by itself; closing ``fd`` ends the kernel's watch too."""
        if self._lines.pop(fd, None) is not None:
            with suppress(OSError):
                self._poll.unregister(fd)

    def _look(self) -> None:
        while self._lines:
            time.sleep(LOOK_S)
            for fd, _event in self._poll.poll(0):
                if line := self._lines.get(fd):
                    line.drop()
        self._watching = False


_ends = Ends()


class Line(Ear):
    """One viewer; closed by ``drop``, which tells the bus and ``on_end``."""

    __slots__ = ("_closing", "_early", "_fd", "_last", "_on_end", "_waiting", "_written_at")

    def __init__(self, leave: Callable[[Ear], None]) -> None:
        super().__init__(leave)
        self._fd = -1
        self._last = 0
        self._early: list[Frame] = []
        self._waiting = b""
        self._written_at = 0.0
        self._closing = False
        self._on_end: Callable[[], None] | None = None

    def open(
        self,
        fd: int,
        head: bytes,
        backlog: Sequence[Frame],
        *,
        last: int,
        over: bool,
        on_end: Callable[[], None],
    ) -> None:
        """Begin to write to ``fd``, which is the line's own: first ``head``, then what was missed.

        ``last`` is the number of the newest event of ``backlog``, or where it would begin; ``over``
        ends the stream after it.
        """
        self._fd, self._on_end, self._last = fd, on_end, last
        _ends.watch(fd, self)
        early, self._early = self._early, []
        self._closing = over or any(one.closing for one in backlog)
        self._write(head + b"".join(one.event for one in backlog))
        if early:
            self.offer(early)

    def offer(self, frames: Sequence[Frame]) -> None:
        """Write what is new; a gap ends the stream, and the viewer comes back for the snapshot."""
        if self.dropped or self._closing:
            return
        if self._fd < 0:
            self._early.extend(frames)
            if len(self._early) > DEPTH:
                self.drop()
            return
        if frames[0].seq <= self._last:
            frames = [one for one in frames if one.seq > self._last]
        if not frames:
            return
        if frames[0].seq != self._last + 1:
            self.drop()
            return
        self._last = frames[-1].seq
        self._closing = any(one.closing for one in frames)
        self._write(b"".join(one.event for one in frames))

    def tend(self, now: float) -> None:
        """What time asks for: another try, a heartbeat, or the end of who takes nothing."""
        if self._fd < 0 or self.dropped:
            return
        if self._waiting and now - self._written_at > STALLED_S:
            self.drop()
        elif self._waiting:
            self._write(b"")
        elif now - self._written_at > HEARTBEAT_S:
            self._write(HEARTBEAT)

    def drop(self) -> None:
        """Close the connection; safe to call twice."""
        if self.dropped:
            return
        self.dropped = True
        self._waiting, self._early = b"", []
        if self._fd >= 0:
            _ends.forget(self._fd)
            with suppress(OSError):
                os.close(self._fd)
        self.leave()
        if self._on_end is not None:
            self._on_end()

    def _write(self, data: bytes) -> None:
        data = self._waiting + data if self._waiting else data
        try:
            sent = os.write(self._fd, data)
        except BlockingIOError:
            sent = 0
        except OSError:
            self.drop()
            return
        if sent:
            self._written_at = time.monotonic()
        self._waiting = data[sent:]
        if len(self._waiting) > MOST_WAITING or (self._closing and not self._waiting):
            self.drop()


class HandedOver:
    """What the server is given instead of an answer: the connection is not its own any more."""

    handed_over = True

    def __iter__(self) -> Iterator[bytes]:
        return iter(())


class LineResponse(Response):
    """An answer that begins a stream and takes the connection over."""

    def __init__(
        self, begin: Callable[[int, bytes], None], lost: Callable[[], None], **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self._begin_line, self._lost = begin, lost

    def __call__(self, environ: Any, start_response: Any) -> Iterable[bytes]:  # noqa: ARG002
        connection: socket.socket = environ["gunicorn.socket"]
        try:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)
            fd = os.dup(connection.fileno())
        except OSError:  # it broke meanwhile, or the process has no descriptor left
            self._lost()
            return HandedOver()
        self._begin_line(fd, self._head(environ))
        return HandedOver()

    def _head(self, environ: Any) -> bytes:
        lines = [f"HTTP/1.1 {HTTPStatus(self.status_code).value} OK", "Connection: close"]
        for name, value in self.get_wsgi_headers(environ):
            if name != "Content-Length":
                lines.append(f"{name}: {value}")
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def can_be_taken_over(environ: Any) -> bool:
    """Whether the server lets go of its connections, and the bytes on this one are plain.

    Who asks for the head of a stream alone is given no stream.
    """
    connection = environ.get("gunicorn.socket")
    if connection is None or hasattr(connection, "cipher") or environ["REQUEST_METHOD"] != "GET":
        return False
    return LETS_GO in current_app.config
