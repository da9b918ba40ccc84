"""The bus between processes: Redis carries "look", and nothing is lost when it is down."""

import logging
import threading
import time
from collections.abc import Callable

import redis

from shop.domain.live.bus import E, Leave, LocalBus
from shop.kernel.circuit import Circuit
from shop.kernel.errors import Unavailable

log = logging.getLogger(__name__)

CHANNEL = "live:look"
PATIENCE_S = 0.5
LONGEST_REST_S = 10.0


class RedisBus:
    """A local bus that also calls the other processes and hears their calls."""

    def __init__(self, url: str, local: LocalBus) -> None:
        self._url = url
        self._local = local
        self._circuit = Circuit("redis bus")
        self._caller = redis.Redis.from_url(
            url,
            socket_timeout=PATIENCE_S,
            socket_connect_timeout=PATIENCE_S,
            retry=None,
            retry_on_timeout=False,
        )
        self._lock = threading.Lock()
        self._hearing = False

    def wake(self, session_id: int) -> None:
        self._local.wake(session_id)
        try:
            with self._circuit.guard():
                self._caller.publish(CHANNEL, str(session_id))
        except (redis.RedisError, OSError, Unavailable):
            log.debug("redis is down; other processes look every quarter of a second")

    def subscribe(self, session_id: int, *, seen: int, ear: Callable[[Leave], E]) -> E:
        with self._lock:
            if not self._hearing:
                self._hearing = True
                threading.Thread(target=self._hear, name="live-redis", daemon=True).start()
        return self._local.subscribe(session_id, seen=seen, ear=ear)

    def rooms(self) -> list[int]:
        return self._local.rooms()

    def listeners(self) -> int:
        return self._local.listeners()

    def close(self) -> None:
        self._local.close()

    def _hear(self) -> None:
        """One listener a process, without a read time-out, for as long as the process lives."""
        rest_s = 0.5
        while True:
            client = redis.Redis.from_url(
                self._url,
                socket_timeout=None,
                socket_connect_timeout=PATIENCE_S,
                socket_keepalive=True,
                retry=None,
            )
            try:
                with client.pubsub(ignore_subscribe_messages=True) as heard:  # type: ignore[no-untyped-call]
                    heard.subscribe(CHANNEL)
                    for message in heard.listen():
                        rest_s = 0.5
                        self._local.wake(int(message["data"]))
            except (redis.RedisError, OSError, ValueError):
                time.sleep(rest_s)
                rest_s = min(rest_s * 2, LONGEST_REST_S)
            finally:
                client.close()
