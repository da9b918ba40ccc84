"""The bus: it only says "look", and one looker a process tells every viewer what is new.

The events themselves are rows (``live_event``), so a process that hears no call still finds them
within ``INTERVAL_S``. A viewer has a bounded queue; one who does not read is dropped and resumes
by sequence number.
"""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Protocol

import orjson

from shop.domain.live.queries import Event
from shop.domain.live.states import EventType, SessionStatus
from shop.kernel.clock import rfc3339
from shop.kernel.errors import Unavailable

log = logging.getLogger(__name__)

PATIENCE_S = 5.0
INTERVAL_S = 0.25
BREATH_S = 0.05
"""Least time between two looks, so that a burst is written together."""
DEPTH = 256
BATCH = DEPTH // 2
STALLED_S = 60.0
CLOSING = frozenset({SessionStatus.BANNED, SessionStatus.ENDED, SessionStatus.ARCHIVED})

Positions = Callable[[Sequence[int]], dict[int, int]]
EventsAfter = Callable[[int, int, int], list[Event]]


class Overloaded(Unavailable):
    """This process holds as many open streams as it may."""

    code = "overloaded"


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


class Listener:
    """One viewer's queue of at most ``DEPTH`` frames."""

    def __init__(self, leave: Callable[["Listener"], None]) -> None:
        self._leave = leave
        self._frames: deque[Frame] = deque()
        self._news = threading.Condition()
        self._read_at = time.monotonic()
        self.dropped = False
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

    def is_stalled(self, now: float) -> bool:
        """Whether its writing has hung since long before now (monotonic seconds)."""
        return now - self._read_at > STALLED_S

    def drop(self) -> None:
        """Forget what waits and cut the connection; the viewer comes back with its last id."""
        with self._news:
            self.dropped = True
            self._frames.clear()
            self._news.notify()
        if self.on_drop:
            with suppress(OSError):
                self.on_drop()

    def leave(self) -> None:
        """Stop listening; safe to call twice."""
        self._leave(self)


class Bus(Protocol):
    """What the edges know of it."""

    def wake(self, session_id: int) -> None:
        """Say that a room has news; costs nothing when nobody listens."""
        ...

    def subscribe(self, session_id: int, *, seen: int) -> Listener:
        """Listen to a room for events above ``seen``, its newest number read just before.

        Raises ``Overloaded`` when this process holds as many streams as it may.
        """
        ...

    def rooms(self) -> list[int]:
        """Rooms with listeners in this process."""
        ...

    def listeners(self) -> int:
        """Open streams and polls of this process."""
        ...

    def close(self) -> None:
        """Let every viewer go, as when the process ends."""
        ...


@dataclass
class _Room:
    seen: int
    listeners: set[Listener] = field(default_factory=set)


class LocalBus:
    """The bus of one process; ``positions`` and ``events_after`` read the database."""

    def __init__(
        self, *, positions: Positions, events_after: EventsAfter, most: int = 18_000
    ) -> None:
        self._positions = positions
        self._events_after = events_after
        self._most = most
        self._rooms: dict[int, _Room] = {}
        self._count = 0
        self._lock = threading.Lock()
        self._news = threading.Event()
        self._looking = False
        self._thread: threading.Thread | None = None

    def wake(self, session_id: int) -> None:
        if session_id in self._rooms:
            self._news.set()

    def subscribe(self, session_id: int, *, seen: int) -> Listener:
        listener = Listener(lambda gone: self._remove(session_id, gone))
        with self._lock:
            if self._count >= self._most:
                raise Overloaded("too many viewers on this process", retry_after=5)
            self._rooms.setdefault(session_id, _Room(seen)).listeners.add(listener)
            self._count += 1
            if not self._looking:
                self._looking = True
                self._thread = threading.Thread(target=self._look, name="live-bus", daemon=True)
                self._thread.start()
        return listener

    def rooms(self) -> list[int]:
        with self._lock:
            return sorted(self._rooms)

    def listeners(self) -> int:
        return self._count

    def close(self) -> None:
        with self._lock:
            everybody = [one for room in self._rooms.values() for one in room.listeners]
        for listener in everybody:
            listener.drop()
            listener.leave()
        self._news.set()
        if self._thread is not None:
            self._thread.join(PATIENCE_S)

    def _remove(self, session_id: int, listener: Listener) -> None:
        with self._lock:
            room = self._rooms.get(session_id)
            if room is None or listener not in room.listeners:
                return
            room.listeners.discard(listener)
            self._count -= 1
            if not room.listeners:
                del self._rooms[session_id]

    def _look(self) -> None:
        """Run while anybody listens; a failing database is asked again a second later."""
        while self._anybody():
            self._news.wait(INTERVAL_S)
            self._news.clear()
            try:
                self._look_once()
            except Exception:
                log.exception("could not look for live events")
                time.sleep(1.0)
            time.sleep(BREATH_S)

    def _anybody(self) -> bool:
        with self._lock:
            self._looking = bool(self._rooms)
            return self._looking

    def _look_once(self) -> None:
        with self._lock:
            seen = {session_id: room.seen for session_id, room in self._rooms.items()}
        if not seen:
            return
        for session_id, newest in self._positions(list(seen)).items():
            if newest > seen[session_id]:
                self._tell(session_id, self._events_after(session_id, seen[session_id], BATCH))
        self._drop_stalled()

    def _tell(self, session_id: int, events: list[Event]) -> None:
        if not events:
            return
        frames = [frame(event) for event in events]
        with self._lock:
            room = self._rooms.get(session_id)
            if room is None:
                return
            frames = [one for one in frames if one.seq > room.seen]
            room.seen = max(room.seen, events[-1].seq)
            listeners = list(room.listeners)
        for listener in listeners:
            listener.offer(frames)

    def _drop_stalled(self) -> None:
        now = time.monotonic()
        with self._lock:
            stalled = [
                one
                for room in self._rooms.values()
                for one in room.listeners
                if not one.dropped and one.is_stalled(now)
            ]
        for listener in stalled:
            listener.drop()
