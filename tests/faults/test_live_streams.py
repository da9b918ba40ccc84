"""FAULTS 108, 110 and 111: over streams nothing is lost, and who does not read holds up nobody."""

import http.client
import json
import os
import re
import signal
import socket
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.chaos import viewers
from tests.servers.ground import until
from tests.servers.shop import ShopServer

PASSWORD = "village-demo"
HOST, OPERATOR = "13800000002", "13800000004"
VIEWERS = 30


class Shop:
    """The demo county's room on air, by HTTP."""

    def __init__(self, server: ShopServer) -> None:
        self.server = server
        self.host, self.operator = self._token(HOST), self._token(OPERATOR)
        found = self.call("GET", "?status=live")["items"]
        self.room = int(found[0]["id"])
        self.items = [one["id"] for one in self.call("GET", f"/{self.room}")["items"]]

    def call(self, method: str, path: str, body: Any = None, token: str | None = None) -> Any:
        return self._send(method, f"/api/v1/live-sessions{path}", body, token)

    def _token(self, phone: str) -> str:
        body = {"phone": phone, "password": PASSWORD}
        return str(self._send("POST", "/api/v1/tokens", body, None)["token"])

    def _send(self, method: str, path: str, body: Any, token: str | None) -> Any:
        request = urllib.request.Request(self.server.url + path, method=method)
        if token:
            request.add_header("Authorization", f"Bearer {token}")
        if body is not None:
            request.add_header("Content-Type", "application/json")
            request.data = json.dumps(body).encode()
        with urllib.request.urlopen(request, timeout=10) as answer:
            raw = answer.read()
        return json.loads(raw) if raw else None

    def answers(self) -> bool:
        try:
            return self.seq() > 0
        except OSError:
            return False

    def seq(self) -> int:
        return int(self.call("GET", f"/{self.room}")["seq"])

    def tell(self, text: str) -> None:
        self.call("POST", f"/{self.room}/notices", {"text": text}, self.host)


class Viewer(viewers.Viewer):
    """One who watches this shop's room."""

    def __init__(self, shop: Shop, *, after: int, again: bool = False) -> None:
        super().__init__(shop.server.url, shop.room, after=after, again=again)


@pytest.fixture
def shop(start_shop: Callable[..., ShopServer]) -> Shop:
    return Shop(start_shop(demo=True, worker=False))


def test_viewers_resume_by_number_across_a_killed_server(
    shop: Shop,
) -> None:
    first = shop.seq()
    watching = [Viewer(shop, after=first, again=True) for _ in range(3)]
    for viewer in watching:
        viewer.start()
    until(lambda: all(v.connects for v in watching), within_s=15, what="streams")
    for number in range(5):
        shop.tell(f"一 {number}")
    until(lambda: all(len(v.events) >= 5 for v in watching), within_s=15, what="five events")
    assert shop.server.web is not None
    (worker,) = children(shop.server.web.pid)
    os.kill(worker, signal.SIGKILL)
    until(lambda: worker not in children(shop.server.web.pid), within_s=10, what="the kill")  # type: ignore[union-attr]
    until(shop.answers, within_s=20, what="a new worker")
    for number in range(5):
        shop.tell(f"二 {number}")
    newest = shop.seq()
    until(
        lambda: all(v.last >= newest for v in watching),
        within_s=20,
        what="everything after the kill",
    )
    for viewer in watching:
        viewer.stopped = True
        told = list(range(first + 1, max(viewer.seqs) + 1))
        assert viewer.seqs == told
        assert viewer.connects >= 2


def test_a_pin_reaches_every_viewer_within_a_second(shop: Shop) -> None:
    first = shop.seq()
    watching = [Viewer(shop, after=first) for _ in range(VIEWERS)]
    for viewer in watching:
        viewer.start()
    until(lambda: all(v.connects for v in watching), within_s=20, what="streams")
    began = time.monotonic()
    shop.call("PUT", f"/{shop.room}/pin", {"item_id": shop.items[1]}, shop.host)

    def pinned_at(viewer: Viewer) -> float | None:
        return next((at for _, kind, at in list(viewer.events) if kind == "pin.set"), None)

    until(lambda: all(pinned_at(v) for v in watching), within_s=10, what="the pin everywhere")
    late = sorted((pinned_at(v) or 0) - began for v in watching)
    assert late[len(late) // 2] < 1.5, late
    for viewer in watching:
        viewer.stopped = True


def test_a_look_at_the_head_of_a_stream_ends(shop: Shop) -> None:
    parts = urlsplit(shop.server.url)
    line = http.client.HTTPConnection(str(parts.hostname), parts.port, timeout=5)
    line.request("HEAD", f"/api/v1/live-sessions/{shop.room}/events")
    answer = line.getresponse()
    assert (answer.status, answer.read()) == (200, b"")
    line.close()


def test_a_ban_shows_open_viewers_out(shop: Shop) -> None:
    watching = [Viewer(shop, after=shop.seq()) for _ in range(3)]
    for viewer in watching:
        viewer.start()
    until(lambda: all(v.connects for v in watching), within_s=15, what="streams")
    shop.call("POST", f"/{shop.room}/ban", {"reason": "违规"}, shop.operator)
    began = time.monotonic()
    assert all(viewer.ended.wait(5) for viewer in watching)
    assert time.monotonic() - began < 3
    assert all(viewer.events[-1][1] == "room.status" for viewer in watching)
    assert shop.call("GET", f"/{shop.room}")["items"] == []


def children(pid: int) -> list[int]:
    """Worker processes of the server."""
    return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def resident_kib(pid: int) -> int:
    """Memory of the server and its workers."""
    total = 0
    for one in (pid, *children(pid)):
        found = re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{one}/status").read_text())
        total += int(found[1]) if found else 0
    return total


def test_viewers_who_never_read_are_dropped_and_hold_nothing_up(shop: Shop) -> None:
    parts = urlsplit(shop.server.url)
    keen = Viewer(shop, after=shop.seq())
    keen.start()
    until(lambda: keen.connects, within_s=15, what="a stream")
    asleep = []
    for _ in range(40):
        line = socket.socket()
        line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        line.connect((parts.hostname, parts.port))
        line.sendall(
            f"GET /api/v1/live-sessions/{shop.room}/events?after=0 HTTP/1.1\r\n"
            f"Host: {parts.netloc}\r\n\r\n".encode()
        )
        asleep.append(line)
    assert shop.server.web is not None
    before = resident_kib(shop.server.web.pid)
    for number in range(3000 if os.environ.get("SHOP_FAULTS") == "full" else 450):
        shop.tell(f"{number} " + "公告" * 45)
    newest = shop.seq()
    until(lambda: keen.last >= newest, within_s=30, what="the keen reader has everything")
    assert keen.seqs == list(range(keen.seqs[0], keen.seqs[-1] + 1))
    grown = resident_kib(shop.server.web.pid) - before
    assert grown < 64 * 1024, f"{grown} KiB"
    until(lambda: _cut(asleep) == len(asleep), within_s=30, what="the sleepers cut off")
    keen.stopped = True
    for line in asleep:
        line.close()


def _cut(lines: list[socket.socket]) -> int:
    """How many of the sleepers' connections the server has ended, read to the end."""
    gone = 0
    for line in lines:
        line.setblocking(False)
        try:
            while line.recv(65536):
                pass
            gone += 1
        except BlockingIOError:
            continue
        except OSError:
            gone += 1
    return gone
