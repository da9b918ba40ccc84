"""Viewers of one room: what each costs, how long a pin takes to the last, how a herd comes back."""

import asyncio
import json
import random
import resource
import time
import urllib.request
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import psutil

from bench.ground import Shop

HOST = {"phone": "13800000002", "password": "village-demo"}
AT_ONCE = 200
PATIENCE_S = 120.0


@dataclass
class Room:
    """The demo county's room on air, as its host sees it."""

    shop: Shop
    id: int = 0
    items: list[int] = field(default_factory=list)
    token: str = ""

    def __post_init__(self) -> None:
        self.token = self.ask("POST", "/api/v1/tokens", HOST)["token"]
        self.id = self.ask("GET", "/api/v1/live-sessions?status=live")["items"][0]["id"]
        self.items = [one["id"] for one in self.snapshot()["items"]]

    def snapshot(self) -> Any:
        return self.ask("GET", f"/api/v1/live-sessions/{self.id}")

    def pin(self) -> int:
        """Pin another item; gives the number of the event that says so."""
        before = self.snapshot()
        other = next(item for item in self.items if item != before["pinned_item_id"])
        self.ask("PUT", f"/api/v1/live-sessions/{self.id}/pin", {"item_id": other})
        return int(before["seq"]) + 1

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        asked = urllib.request.Request(f"http://127.0.0.1:{self.shop.port}{path}", method=method)
        asked.add_header("Content-Type", "application/json")
        if self.token:
            asked.add_header("Authorization", f"Bearer {self.token}")
        with urllib.request.urlopen(
            asked, json.dumps(body).encode() if body else None, timeout=30
        ) as answer:
            return json.loads(answer.read() or b"null")


class Viewer(asyncio.Protocol):
    """One open stream; notes when it first hears of an event."""

    def __init__(self, crowd: "Crowd") -> None:
        self.crowd, self.tail = crowd, b""
        self.opened, self.head = False, b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport: asyncio.Transport = transport  # type: ignore[assignment]
        self.transport.write(self.crowd.request)

    def data_received(self, data: bytes) -> None:
        if not self.opened and not self.head:
            self.head = data[9:12]
            if self.head != b"200":
                self._come_again()
                return
        if not self.opened:
            self.opened = b"\nretry:" in data or b"\nid: " in data
            self.crowd.open += self.opened
        if self.crowd.awaited:
            text = self.tail + data
            if self.crowd.awaited in text:
                self.crowd.heard.setdefault(self, time.perf_counter())
            self.tail = text[-40:]

    def _come_again(self) -> None:
        """Refused: as a page does, after a second."""
        self.crowd.refused[self.head] += 1
        self.crowd.viewers.remove(self)
        self.transport.abort()
        self.crowd.waiting.add(asyncio.ensure_future(self.crowd.enter(after_s=1.0)))

    def connection_lost(self, _error: Exception | None) -> None:
        self.crowd.open -= self.opened


class Crowd:
    """Many viewers of one room."""

    def __init__(self, room: Room, count: int) -> None:
        self.room, self.count = room, count
        self.request = (
            f"GET /api/v1/live-sessions/{room.id}/events HTTP/1.1\r\nHost: bench\r\n\r\n".encode()
        )
        self.viewers: list[Viewer] = []
        self.heard: dict[Viewer, float] = {}
        self.awaited = b""
        self.open = 0
        self.refused: Counter[bytes] = Counter()
        self.waiting: set[asyncio.Future[None]] = set()
        self.gate = asyncio.Semaphore(AT_ONCE)

    async def come(self, *, spread_s: float = 0.0) -> float:
        """Open every stream, all at once or spread over some seconds; gives the seconds it took."""
        began = time.perf_counter()
        await asyncio.gather(
            *(self.enter(after_s=random.uniform(0, spread_s)) for _ in range(self.count))
        )
        await self._until(lambda: self.open == self.count, "every stream")
        return time.perf_counter() - began

    async def enter(self, *, after_s: float = 0.0) -> None:
        """Open one more stream."""
        await asyncio.sleep(after_s)
        async with self.gate:
            _, viewer = await asyncio.get_running_loop().create_connection(
                lambda: Viewer(self), "127.0.0.1", self.room.shop.port
            )
            self.viewers.append(viewer)

    async def pin(self) -> list[float]:
        """Pin; gives each viewer's seconds from the answer to the host, in order."""
        seq = int((await asyncio.to_thread(self.room.snapshot))["seq"]) + 1
        self.awaited = b"event: pin.set"
        self.heard.clear()
        began = time.perf_counter()
        await asyncio.to_thread(self.room.pin)
        await self._until(lambda: len(self.heard) == self.count, f"event {seq} at every viewer")
        self.awaited = b""
        return sorted(at - began for at in self.heard.values())

    async def leave(self) -> None:
        """Cut every line at once, as a lost network does."""
        for viewer in self.viewers:
            viewer.transport.abort()
        self.viewers.clear()
        await self._until(lambda: self.open == 0, "every line to be cut")

    async def _until(self, holds: Any, what: str) -> None:
        deadline = time.perf_counter() + PATIENCE_S
        while not holds():
            assert time.perf_counter() < deadline, f"{what}: {self.open} open, {self.refused}"
            await asyncio.sleep(0.02)


def worker_of(shop: Shop) -> psutil.Process:
    """The one process that serves."""
    return psutil.Process(shop.web.pid).children()[0]


async def _watch(shop: Shop, count: int) -> dict[str, float]:
    room = Room(shop)
    few = Crowd(room, 50)
    await few.come()
    await few.leave()
    worker = worker_of(shop)
    before = worker.memory_info().rss
    crowd = Crowd(room, count)
    came = await crowd.come(spread_s=count / 1000)
    await asyncio.sleep(2)
    each = (worker.memory_info().rss - before) / count
    cpu = sum(worker.cpu_times()[:2])
    await asyncio.sleep(5)
    idle = (sum(worker.cpu_times()[:2]) - cpu) / 5
    pins = [await crowd.pin() for _ in range(3)]
    await crowd.leave()
    back = await crowd.come(spread_s=2.5)
    herd = await crowd.pin()
    await crowd.leave()
    middle = sorted(pins, key=lambda one: one[-1])[1]
    return {
        "viewers": count,
        "came_s": came,
        "bytes_each": each,
        "idle_cpu": idle,
        "first_s": middle[0],
        "last_s": middle[-1],
        "back_s": back,
        "herd_last_s": herd[-1],
        "refused": crowd.refused.total(),
    }


def watch(shop: Shop, count: int) -> dict[str, float]:
    """Open ``count`` streams and measure; needs two descriptors a viewer in all."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    try:
        return asyncio.run(_watch(shop, count))
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
