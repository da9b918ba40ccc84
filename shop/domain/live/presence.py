"""Who is watching: heartbeats every 15 to 20 s, gone after 45 s; nobody edits the count."""

import logging
import threading
import time
from collections.abc import Callable
from typing import Protocol

import redis

from shop.kernel.circuit import Circuit
from shop.kernel.errors import Unavailable

log = logging.getLogger(__name__)

GONE_AFTER_S = 45.0
COUNTED_WITHIN_S = 5.0
PATIENCE_S = 0.5
MOST_A_ROOM = 200_000
MOST_AN_ADDRESS = 50
"""Viewers without an account whom one address may stand for: a hall full, not an invented crowd."""


class Presence(Protocol):
    """Heartbeats of viewers, each under an opaque key."""

    def beat(self, session_id: int, viewer: str, *, address: str = "") -> None:
        """Note that a viewer is there; those of one ``address`` count up to ``MOST_AN_ADDRESS``."""
        ...

    def count(self, session_id: int) -> int | None:
        """Distinct viewers of the last 45 s; ``None`` when it cannot be known now."""
        ...

    def rooms(self) -> list[int]:
        """Rooms somebody watched through this process, until their leaving has been counted."""
        ...


class MemoryPresence:
    """Presence of one process; ``clock`` gives monotonic seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._seen: dict[int, dict[str, float]] = {}
        self._crowds: dict[int, dict[str, dict[str, float]]] = {}

    def beat(self, session_id: int, viewer: str, *, address: str = "") -> None:
        now = self._clock()
        with self._lock:
            room = self._seen.setdefault(session_id, {})
            if viewer not in room and len(room) >= MOST_A_ROOM:
                return
            if address and not self._fits(session_id, address, viewer, now):
                return
            room[viewer] = now

    def _fits(self, session_id: int, address: str, viewer: str, now: float) -> bool:
        crowds = self._crowds.setdefault(session_id, {})
        crowd = crowds[address] = _fresh(crowds.get(address, {}), now)
        if viewer in crowd or len(crowd) < MOST_AN_ADDRESS:
            crowd[viewer] = now
        return viewer in crowd

    def count(self, session_id: int) -> int | None:
        now = self._clock()
        with self._lock:
            here = _fresh(self._seen.pop(session_id, {}), now)
            crowds = self._crowds.pop(session_id, {})
            if here:
                self._seen[session_id] = here
                self._crowds[session_id] = {
                    address: fresh
                    for address, crowd in crowds.items()
                    if (fresh := _fresh(crowd, now))
                }
            return len(here)

    def rooms(self) -> list[int]:
        with self._lock:
            return sorted(self._seen)


class RedisPresence:
    """One sorted set a room, scored by the last heartbeat; shared by all processes."""

    def __init__(self, url: str, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._circuit = Circuit("redis presence")
        self._client = redis.Redis.from_url(
            url,
            socket_timeout=PATIENCE_S,
            socket_connect_timeout=PATIENCE_S,
            retry=None,
            retry_on_timeout=False,
        )
        self._lock = threading.Lock()
        self._touched: dict[int, float] = {}

    def beat(self, session_id: int, viewer: str, *, address: str = "") -> None:
        keys, now = [_key(session_id)], self._clock()
        with self._lock:
            self._touched[session_id] = now
        try:
            with self._circuit.guard(), self._client.pipeline(transaction=False) as batch:
                if address:
                    keys.append(f"{keys[0]}:{address}")
                    if not self._fits(keys[1], viewer, now):
                        return
                for key in keys:
                    batch.zadd(key, {viewer: now})
                    batch.expire(key, int(GONE_AFTER_S) * 2)
                batch.execute()
        except (redis.RedisError, OSError, Unavailable):
            log.debug("redis is down; this heartbeat is not counted")

    def _fits(self, key: str, viewer: str, now: float) -> bool:
        with self._client.pipeline(transaction=False) as batch:
            batch.zremrangebyscore(key, "-inf", f"({now - GONE_AFTER_S}")
            batch.zscore(key, viewer)
            batch.zcard(key)
            _, known, crowd = batch.execute()
        return known is not None or int(crowd) < MOST_AN_ADDRESS

    def count(self, session_id: int) -> int | None:
        key, limit = _key(session_id), self._clock() - GONE_AFTER_S
        try:
            with self._circuit.guard(), self._client.pipeline(transaction=False) as batch:
                batch.zremrangebyscore(key, "-inf", f"({limit}")
                batch.zcard(key)
                return int(batch.execute()[1])
        except (redis.RedisError, OSError, Unavailable):
            return None

    def rooms(self) -> list[int]:
        limit = self._clock() - GONE_AFTER_S - COUNTED_WITHIN_S
        with self._lock:
            self._touched = {room: at for room, at in self._touched.items() if at >= limit}
            return sorted(self._touched)


def _fresh(seen: dict[str, float], now: float) -> dict[str, float]:
    return {viewer: at for viewer, at in seen.items() if at >= now - GONE_AFTER_S}


def _key(session_id: int) -> str:
    return f"live:here:{session_id}"
