"""An open-loop sender: so many requests a second, whatever the answers do."""

import asyncio
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from bench.client import apart

LATE_S = 20.0
"""How long after the last request answers are waited for."""


@dataclass
class Flood:
    """What came back; ``took`` in seconds by status, ``unsent`` where every line was taken."""

    sent: int = 0
    unsent: int = 0
    broken: int = 0
    without_time: int = 0
    seconds: float = 0.0
    took: dict[int, list[float]] = field(default_factory=dict)

    @property
    def statuses(self) -> Counter[int]:
        return Counter({status: len(times) for status, times in self.took.items()})

    def at(self, status: int, share: float) -> float:
        """Seconds that ``share`` of the answers with this status did not exceed."""
        found = sorted(self.took.get(status, [0.0]))
        return found[min(len(found) - 1, int(len(found) * share))]


class _Line(asyncio.Protocol):
    """One kept-alive connection with at most one request under way."""

    def __init__(self, flood: Flood, idle: "list[_Line]") -> None:
        self.flood, self.idle = flood, idle
        self.buffer, self.sent_at, self.open = b"", 0.0, False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport: asyncio.Transport = transport  # type: ignore[assignment]
        self.open = True

    def ask(self, request: bytes) -> None:
        self.sent_at = time.perf_counter()
        self.transport.write(request)

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        head, gap, rest = self.buffer.partition(b"\r\n\r\n")
        if not gap:
            return
        lower = head.lower()
        length = int(lower.partition(b"content-length:")[2].partition(b"\r\n")[0] or 0)
        if len(rest) < length:
            return
        self.buffer = b""
        status = int(head[9:12])
        self.flood.took.setdefault(status, []).append(time.perf_counter() - self.sent_at)
        if status in (429, 503) and b"retry-after:" not in lower:
            self.flood.without_time += 1
        self.sent_at = 0.0
        if b"connection: close" in lower:
            self.transport.close()
        else:
            self.idle.append(self)

    def connection_lost(self, _error: Exception | None) -> None:
        self.open = False
        if self.sent_at:
            self.flood.broken += 1
            self.sent_at = 0.0
        if self in self.idle:
            self.idle.remove(self)


class _Lines:
    """At most so many connections; a free one is used again."""

    def __init__(self, flood: Flood, port: int, most: int) -> None:
        self.flood, self.port, self.most = flood, port, most
        self.idle: list[_Line] = []
        self.made: list[_Line] = []

    async def ask(self, request: bytes) -> None:
        """Send it now, or count it as unsent."""
        free = await self._free()
        if free is None:
            self.flood.unsent += 1
        else:
            self.flood.sent += 1
            free.ask(request)

    async def _free(self) -> _Line | None:
        while self.idle:
            if (found := self.idle.pop()).open:
                return found
        if sum(one.open for one in self.made) >= self.most:
            return None
        _transport, fresh = await asyncio.get_running_loop().create_connection(
            lambda: _Line(self.flood, self.idle), "127.0.0.1", self.port
        )
        self.made.append(fresh)
        return fresh

    def busy(self) -> bool:
        return any(one.sent_at for one in self.made)

    def close(self) -> None:
        for one in self.made:
            one.transport.close()


async def pour(
    port: int, requests: Iterator[bytes], *, rate: float, seconds: float, lines: int
) -> Flood:
    """Send ``rate`` requests a second for so many seconds over at most ``lines`` connections."""
    found = Flood()
    through = _Lines(found, port, lines)
    began, due = time.perf_counter(), 0
    while (now := time.perf_counter() - began) < seconds:
        while due < now * rate:
            due += 1
            await through.ask(next(requests))
        await asyncio.sleep(0.002)
    found.seconds = time.perf_counter() - began
    while through.busy() and time.perf_counter() - began < seconds + LATE_S:
        await asyncio.sleep(0.02)
    through.close()
    await asyncio.sleep(0)
    return found


def flood(
    port: int, requests: Iterator[bytes], *, rate: float, seconds: float, lines: int = 400
) -> Flood:
    """The same, for callers without a loop."""
    return apart(pour(port, requests, rate=rate, seconds=seconds, lines=lines))
