"""FAULTS 93 and 104: web processes die at any moment; none shares a connection with another."""

import os
import random
import signal
from collections import Counter
from collections.abc import Callable

import psutil

from tests.faults.crowd import Crowd, statuses
from tests.lengths import on_both_or, rounds
from tests.servers.databases import Postgres
from tests.servers.ground import until
from tests.servers.shop import ShopServer

Start = Callable[..., ShopServer]
POOL = 5 + 5
PEOPLE = 6
PROCESSES = str(rounds(1, 2))
CHECKOUTS = rounds(60, 2000)


def serving(server: ShopServer) -> list[psutil.Process]:
    """The processes that answer, without the one that watches over them."""
    assert server.web is not None
    return psutil.Process(server.web.pid).children()


@on_both_or("postgresql")
def test_web_processes_killed_during_checkouts_lose_no_order(
    start_shop: Start, database_url: str, redis_url: str
) -> None:
    """FAULTS 93: every 201 is there, every request without an answer converges by its key."""
    several = {} if database_url.startswith("sqlite") else {"WEB_CONCURRENCY": PROCESSES}
    env = {"DATABASE_URL": database_url, "REDIS_URL": redis_url} | several
    server = start_shop(worker=False, **env)
    dice = random.Random("millet")
    crowd = Crowd(server.url, database_url, server, people=PEOPLE, most=CHECKOUTS // PEOPLE)
    with crowd:
        while crowd.busy():
            goal = crowd.placed() + CHECKOUTS // rounds(2, 20)
            until(lambda: crowd.placed() >= goal or not crowd.busy(), within_s=60, what="orders")  # noqa: B023
            for process in dice.sample(serving(server), 1):
                process.kill()
    assert crowd.placed() == CHECKOUTS // PEOPLE * PEOPLE
    assert statuses(crowd.log.times)[0] > 0, "no kill met a request"
    crowd.assert_nothing_lost()


def database_ports(process: psutil.Process, port: int) -> set[int]:
    """Local ports of a process's connections to the database."""
    return {
        line.laddr.port
        for line in process.net_connections("tcp")
        if line.raddr and line.raddr.port == port and line.status == psutil.CONN_ESTABLISHED
    }


def test_reloads_share_no_connection_and_leave_none_open(
    start_shop: Start, postgres: Postgres, redis_url: str
) -> None:
    """FAULTS 104: HUP again and again, while people order."""
    name = postgres.take()
    url = postgres.url(name)
    env = {"DATABASE_URL": url, "REDIS_URL": redis_url, "WEB_CONCURRENCY": PROCESSES}
    server = start_shop(worker=False, **env)
    assert server.web is not None
    watching = psutil.Process(server.web.pid)
    files = watching.num_fds()
    crowd = Crowd(server.url, url, server, people=4)
    with crowd:
        for _ in range(rounds(1, 50)):
            crowd.until_placed(4)
            before = {one.pid for one in serving(server)}
            os.kill(server.web.pid, signal.SIGHUP)
            until(
                lambda: not before & {one.pid for one in serving(server)},  # noqa: B023
                within_s=30,
                what="new processes",
            )
        crowd.until_placed(10)
        assert database_ports(watching, postgres.where["port"]) == set()
        owned = [database_ports(one, postgres.where["port"]) for one in serving(server)]
        shared = [
            port for port, times in Counter(p for one in owned for p in one).items() if times > 1
        ]
        assert shared == []
        with postgres.connect() as line:
            held = {
                port
                for (port,) in line.execute(
                    "SELECT client_port FROM pg_stat_activity WHERE datname = %s", (name,)
                )
            }
        assert len(held) <= 2 * POOL
    crowd.assert_nothing_lost()
    assert watching.num_fds() <= files + 2
    server.stop()
    postgres.give_back(name)
