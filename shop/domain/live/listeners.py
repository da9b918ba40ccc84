"""Who listens to a room: what an event is encoded as, and how it waits for its viewer."""

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

import orjson

from shop.domain.live.queries import Event
from shop.domain.live.states import EventType, SessionStatus
from shop.kernel.clock import rfc3339

DEPTH = 256
STALLED_S = 60.0
CLOSING = frozenset({SessionStatus.BANNED, SessionStatus.ENDED, SessionStatus.ARCHIVED})


@dataclass(frozen=True)
class Frame:
    """One event, encoded once for all who listen; ``closing`` ends the stream after it."""

    seq: int
    event: bytes
    json: bytes
    closing: bool


def frame(event: Event) -> Frame:
    """Encode an event for the stream and for the long poll."""
    data = orjson.dumps(event.data)
    return Frame(
        seq=event.seq,
        event=b"id: %d\nevent: %s\ndata: %s\n\n" % (event.seq, event.type.encode(), data),
        json=b'{"seq":%d,"type":"%s","data":%s,"at":"%s"}'
        % (event.seq, event.type.encode(), data, rfc3339(event.at).encode()),
        closing=event.type is EventType.ROOM_STATUS and event.data.get("status") in CLOSING,
    )


class Ear:
    """Somebody who listens to a room."""

    __slots__ = ("_leave", "dropped")

    def __init__(self, leave: Callable[["Ear"], None]) -> None:
        self._leave = leave
        self.dropped = False

    def offer(self, frames: Sequence[Frame]) -> None:
        """Hear of new events; never waits."""
        raise NotImplementedError

    def tend(self, now: float) -> None:
        """Called about once a second (monotonic seconds)."""
        raise NotImplementedError

    def drop(self) -> None:
        """Hear nothing any more; safe to call twice."""
        raise NotImplementedError

    def leave(self) -> None:
        """Stop listening; safe to call twice."""
        self._leave(self)


class Listener(Ear):
    """One viewer's queue of at most ``DEPTH`` frames, for somebody who waits for them."""

    def __init__(self, leave: Callable[[Ear], None]) -> None:
        super().__init__(leave)
        self._frames: deque[Frame] = deque()
        self._news = threading.Condition()
        self._read_at = time.monotonic()
        self.on_drop: Callable[[], None] | None = None

    def take(self, timeout_s: float) -> list[Frame]:
        """Everything that waits, after at most ``timeout_s``; empty when nothing came."""
        with self._news:
            self._read_at = time.monotonic()
            if not self._frames and not self.dropped:
                self._news.wait(timeout_s)
            self._read_at = time.monotonic()
            waiting = list(self._frames)
            self._frames.clear()
            return waiting

    def offer(self, frames: Sequence[Frame]) -> None:
        """Queue frames, or drop a viewer whose queue is full; who was dropped gets no more."""
        with self._news:
            if self.dropped:
                return
            if len(self._frames) + len(frames) <= DEPTH:
                self._frames.extend(frames)
                self._news.notify()
                return
        self.drop()

    def tend(self, now: float) -> None:
        """Drop it when its writing has hung for long."""
        if not self.dropped and now - self._read_at > STALLED_S:
            self.drop()

    def drop(self) -> None:
        """Forget what waits and cut the connection; the viewer comes back with its last id."""
        with self._news:
            self.dropped = True
            self._frames.clear()
            self._news.notify()
        if self.on_drop:
            with suppress(OSError):
                self.on_drop()
