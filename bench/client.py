"""A cheap load client: raw sockets, requests prepared before the clock starts."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Coroutine, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, TypeVar

PATIENCE_S = 60.0

R = TypeVar("R")


@dataclass
class Result:
    """What a load run saw; times in seconds."""

    seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    bodies: list[bytes] = field(default_factory=list)
    broken: int = 0

    @property
    def rate(self) -> float:
        """Answers a second."""
        return len(self.latencies) / self.seconds if self.seconds else 0.0

    def good(self, status: int) -> float:
        """Answers of one status a second."""
        return self.statuses[status] / self.seconds if self.seconds else 0.0

    def at(self, share: float) -> float:
        """The latency that ``share`` of all answers did not exceed, in milliseconds."""
        found = sorted(self.latencies)
        return found[min(len(found) - 1, int(len(found) * share))] * 1000 if found else 0.0


def request(
    method: str,
    path: str,
    body: bytes = b"",
    *,
    token: str = "",
    key: str = "",
) -> bytes:
    """One HTTP/1.1 request as bytes."""
    lines = [f"{method} {path} HTTP/1.1", "Host: bench", "Accept: application/json"]
    if token:
        lines.append(f"Authorization: Bearer {token}")
    if key:
        lines.append(f"Idempotency-Key: {key}")
    if body:
        lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
    elif method != "GET":
        lines.append("Content-Length: 0")
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


Talk = Generator[bytes, tuple[int, bytes], int]
"""Requests of one person in turn: yields each, is sent its answer, gives a verdict at the end."""


class _Line(asyncio.Protocol):
    """One kept-alive connection that sends the next request as soon as it has an answer."""

    def __init__(self, todo: Iterator[bytes], result: Result, until: float, keep: bool) -> None:
        self.todo, self.result, self.until, self.keep = todo, result, until, keep
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.buffer = b""
        self.sent = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport: asyncio.Transport = transport  # type: ignore[assignment]
        self._next()

    def _next(self) -> None:
        found = next(self.todo, None) if time.perf_counter() < self.until else None
        if found is None:
            self._finish()
            return
        self.sent = time.perf_counter()
        self.transport.write(found)

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        head, gap, rest = self.buffer.partition(b"\r\n\r\n")
        if not gap:
            return
        lower = head.lower()
        at = lower.find(b"content-length:")
        length = int(lower[at + 15 : lower.find(b"\r\n", at) if b"\r\n" in lower[at:] else None])
        if len(rest) < length:
            return
        self.buffer = rest[length:]
        self.answered(int(head[9:12]), rest[:length])
        if b"connection: close" in lower:
            self._finish()

    def answered(self, status: int, body: bytes) -> None:
        """One answer is complete: on to the next request."""
        self.result.latencies.append(time.perf_counter() - self.sent)
        self.result.statuses[status] += 1
        if self.keep:
            self.result.bodies.append(body)
        self._next()

    def connection_lost(self, _error: Exception | None) -> None:
        if not self.done.done():
            self.result.broken += 1
            self.done.set_result(None)

    def _finish(self) -> None:
        if not self.done.done():
            self.done.set_result(None)
        self.transport.close()


class _Talker(_Line):
    """One connection that holds one talk after the other; a latency is that of a whole talk."""

    def __init__(self, talks: Iterator[Talk], result: Result, until: float) -> None:
        super().__init__(iter(()), result, until, keep=False)
        self.talks = talks
        self.talk: Talk | None = None

    def _next(self) -> None:
        self.talk = next(self.talks) if time.perf_counter() < self.until else None
        if self.talk is None:
            self._finish()
            return
        self.sent = time.perf_counter()
        self.transport.write(next(self.talk))

    def answered(self, status: int, body: bytes) -> None:
        assert self.talk is not None
        try:
            self.transport.write(self.talk.send((status, body)))
        except StopIteration as end:
            self.result.latencies.append(time.perf_counter() - self.sent)
            self.result.statuses[int(end.value)] += 1
            self._next()


async def _run(make: Callable[[Result, float], _Line], port: int, clients: int, s: float) -> Result:
    result = Result()
    loop = asyncio.get_running_loop()
    began = time.perf_counter()
    until = began + s
    lines = []
    for _ in range(clients):
        _transport, line = await loop.create_connection(
            lambda: make(result, until), "127.0.0.1", port
        )
        lines.append(line.done)
    await asyncio.wait_for(asyncio.gather(*lines), s + PATIENCE_S)
    result.seconds = time.perf_counter() - began
    return result


def load(
    port: int,
    requests: Iterator[bytes],
    *,
    clients: int,
    seconds: float,
    keep: bool = False,
) -> Result:
    """Send ``requests`` over ``clients`` connections until they or ``seconds`` run out."""
    return apart(
        _run(lambda result, until: _Line(requests, result, until, keep), port, clients, seconds)
    )


def converse(port: int, talks: Iterator[Talk], *, clients: int, seconds: float) -> Result:
    """Hold ``talks`` over ``clients`` connections, each one after the other."""
    return apart(_run(lambda result, until: _Talker(talks, result, until), port, clients, seconds))


def apart(work: Coroutine[Any, Any, R]) -> R:
    """In a thread of its own, since the caller's may have an event loop (a browser's) already."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, work).result()
