"""The worker as a process: it carries what is put, ends when told, and what it held is not lost."""

import signal
import sqlite3
from collections.abc import Callable

import requests

from tests.servers.ground import until
from tests.servers.shop import ShopServer

Start = Callable[..., ShopServer]


def sent(server: ShopServer) -> int:
    with sqlite3.connect(server.folder / "shop.db") as line:
        (count,) = line.execute("SELECT count(*) FROM message WHERE sent_at IS NOT NULL").fetchone()
    line.close()
    return int(count)


def ask_code(server: ShopServer, phone: str) -> None:
    answer = requests.post(
        f"{server.url}/api/v1/sms-codes", json={"phone": phone, "purpose": "sign-up"}, timeout=10
    )
    assert answer.status_code == 202, answer.text


def test_a_message_is_carried_and_the_worker_ends_when_told(start_shop: Start) -> None:
    server = start_shop()
    ask_code(server, "13911112222")
    until(lambda: sent(server) == 1, within_s=20, what="the message")
    assert server.worker is not None
    server.worker.send_signal(signal.SIGTERM)
    assert server.worker.wait(10) == 0
    assert "Traceback" not in server.log.read_text()


def test_what_was_put_while_no_worker_lived_is_carried_later(start_shop: Start) -> None:
    server = start_shop(worker=False)
    for number in range(3):
        ask_code(server, f"1391111222{number}")
    server.start_worker()
    until(lambda: sent(server) == 3, within_s=20, what="the three messages")


def test_a_killed_worker_leaves_its_work_to_the_next(start_shop: Start) -> None:
    server = start_shop()
    ask_code(server, "13911112222")
    assert server.worker is not None
    server.signal(server.worker, signal.SIGKILL)
    server.worker.wait()
    ask_code(server, "13911112223")
    server.start_worker()
    until(lambda: sent(server) >= 1, within_s=20, what="a message")
