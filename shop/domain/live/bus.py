"""The bus: it only says "look", and one looker a process tells every viewer what is new.

The events themselves are rows (``live_event``), so a process that hears no call still finds them
within ``INTERVAL_S``. A viewer has a bounded queue; one who does not read is dropped and resumes
by sequence number.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

from shop.domain.live.listeners import DEPTH, Ear, frame
from shop.domain.live.queries import Event
from shop.kernel.errors import Unavailable

log = logging.getLogger(__name__)

PATIENCE_S = 5.0
INTERVAL_S = 0.25
BREATH_S = 0.05
"""Least time between two looks, so that a burst is written together."""
BATCH = DEPTH // 2
TEND_S = 1.0
AT_ONCE = 256

Positions = Callable[[Sequence[int]], dict[int, int]]
EventsAfter = Callable[[int, int, int], list[Event]]


class Overloaded(Unavailable):
    """This process holds as many open streams as it may."""

    code = "overloaded"


Leave = Callable[[Ear], None]
E = TypeVar("E", bound=Ear)


class Bus(Protocol):
    """What the edges know of it."""

    def wake(self, session_id: int) -> None:
        """Say that a room has news; costs nothing when nobody listens."""
        ...

    def subscribe(self, session_id: int, *, seen: int, ear: Callable[[Leave], E]) -> E:
        """Listen to a room for events above ``seen``, its newest number read just before.

        ``ear`` makes who listens, out of what ends the listening.

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
    listeners: set[Ear] = field(default_factory=set)


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
        self._tended_at = 0.0

    def wake(self, session_id: int) -> None:
        if session_id in self._rooms:
            self._news.set()

    def subscribe(self, session_id: int, *, seen: int, ear: Callable[[Leave], E]) -> E:
        listener = ear(lambda gone: self._remove(session_id, gone))
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

    def _remove(self, session_id: int, listener: Ear) -> None:
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
        self._tend()

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
        for listener in _in_turns(listeners):
            listener.offer(frames)

    def _tend(self) -> None:
        now = time.monotonic()
        if now - self._tended_at < TEND_S:
            return
        self._tended_at = now
        with self._lock:
            listeners = [one for room in self._rooms.values() for one in room.listeners]
        for listener in _in_turns(listeners):
            listener.tend(now)


def _in_turns(listeners: Sequence[Ear]) -> Iterator[Ear]:
    """All of them, with a pause for others after every few hundred."""
    for place, listener in enumerate(listeners, start=1):
        yield listener
        if place % AT_ONCE == 0:
            time.sleep(0)
