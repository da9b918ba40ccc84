"""FAULTS 107 and 112: everybody comes back at once, and some shout; the room is heard by all."""

import asyncio
import json
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import requests

from bench.client import load, request
from shop.web.live_stream import MOST_AN_ADDRESS
from tests.lengths import FULL, rounds
from tests.servers.ground import until
from tests.servers.shop import ShopServer

Start = Callable[..., ShopServer]
HERD = rounds(80, 2000)
STEADY_S = 30.0
TOLD_S = 1.0 if FULL else 5.0
API = "/api/v1/live-sessions"


class Room:
    """The demo county's room on air."""

    def __init__(self, server: ShopServer) -> None:
        self.server = server
        self.host, self.buyer = self._token("13800000002"), self._token("13800000001")
        found = requests.get(f"{server.url}{API}?status=live", timeout=10).json()
        self.id = int(found["items"][0]["id"])

    def _token(self, phone: str) -> str:
        body = {"phone": phone, "password": "village-demo"}
        where = f"{self.server.url}/api/v1/tokens"
        return str(requests.post(where, json=body, timeout=10).json()["token"])

    def tell(self, text: str) -> None:
        """A notice of the host."""
        said = requests.post(
            f"{self.server.url}{API}/{self.id}/notices",
            json={"text": text},
            headers={"Authorization": f"Bearer {self.host}"},
            timeout=10,
        )
        assert said.status_code == 204, said.text


async def watch(port: int, room: int, words: bytes, seen: dict[str, list[float]]) -> None:
    """One viewer: notes when it is let in, and when the words arrive; ends there."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(f"GET {API}/{room}/events HTTP/1.1\r\nHost: herd\r\n\r\n".encode())
    try:
        status = (await reader.readline()).split()[1].decode()
        await reader.readuntil(b"\r\n\r\n")
        seen.setdefault(status, []).append(time.monotonic())
        if status == "200":
            await reader.readuntil(words)
            seen.setdefault("heard", []).append(time.monotonic())
    finally:
        writer.close()


@contextmanager
def a_herd(room: Room, count: int, words: str) -> Iterator[dict[str, list[float]]]:
    """So many viewers who come in the same moment; the block ends them."""
    import threading

    seen: dict[str, list[float]] = {}
    loop = asyncio.new_event_loop()

    async def all_of_them() -> None:
        crowd = (watch(room.server.port, room.id, words.encode(), seen) for _ in range(count))
        await asyncio.gather(*crowd, return_exceptions=True)

    task = loop.create_task(all_of_them())
    thread = threading.Thread(target=_run, args=(loop, task), daemon=True)
    thread.start()
    try:
        yield seen
    finally:
        loop.call_soon_threadsafe(task.cancel)
        thread.join(20)
        loop.close()


def _run(loop: asyncio.AbstractEventLoop, task: "asyncio.Task[None]") -> None:
    try:
        loop.run_until_complete(task)
    except asyncio.CancelledError:
        return


def test_a_herd_that_comes_back_at_once_is_let_in_and_hears_what_is_said(
    start_shop: Start,
) -> None:
    """FAULTS 112: after the web server has died with all of them watching."""
    server = start_shop(demo=True, worker=False)
    room = Room(server)
    with a_herd(room, HERD, "nobody says this") as seen:
        until(lambda: len(seen.get("200", [])) == HERD, within_s=STEADY_S, what="the first herd")
        assert server.web is not None
        server.signal(server.web, 9)
        server.web.wait()
    server.start_web()
    began = time.monotonic()
    with a_herd(room, HERD, "once more") as seen:
        until(lambda: len(seen.get("200", [])) == HERD, within_s=STEADY_S, what="the herd again")
        print(f"{HERD} viewers let in within {time.monotonic() - began:.1f} s")
        room.tell("once more")
        told = time.monotonic()
        until(lambda: len(seen.get("heard", [])) == HERD, within_s=30, what="the words everywhere")
        assert max(seen["heard"]) - told < TOLD_S


def test_who_shouts_and_who_opens_line_after_line_is_limited_and_others_do_not_notice(
    start_shop: Start,
) -> None:
    """FAULTS 107."""
    server = start_shop(demo=True, worker=False, SHOP_LIMITS="on")
    room = Room(server)
    shout = request(
        "POST", f"{API}/{room.id}/comments", json.dumps({"text": "hey"}).encode(), token=room.buyer
    )
    flood = load(server.port, iter([shout] * 400), clients=8, seconds=20)
    assert set(flood.statuses) == {201, 429}
    assert flood.statuses[201] <= 20
    huge = requests.post(
        f"{server.url}{API}/{room.id}/comments",
        data=b'{"text": "' + b"a" * 1_100_000 + b'"}',
        headers={"Authorization": f"Bearer {room.buyer}", "Content-Type": "application/json"},
        timeout=10,
    )
    assert huge.status_code in (413, 429)
    with a_herd(room, MOST_AN_ADDRESS + 20, "nobody says this") as seen:
        until(
            lambda: sum(len(times) for times in seen.values()) == MOST_AN_ADDRESS + 20,
            within_s=STEADY_S,
            what="an answer to everybody",
        )
        assert Counter({status: len(times) for status, times in seen.items()}) == {
            "200": MOST_AN_ADDRESS, "429": 20,
        }  # fmt: skip
        began = time.monotonic()
        looked = requests.get(f"{server.url}{API}/{room.id}", timeout=10)
        assert looked.status_code == 200
        assert time.monotonic() - began < TOLD_S
