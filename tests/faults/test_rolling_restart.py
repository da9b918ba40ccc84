"""FAULTS 96: a deploy under load loses no request that cannot be sent again with its key."""

import signal
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from tests.faults.crowd import Crowd, statuses
from tests.lengths import on_both_or, rounds
from tests.servers.databases import Postgres
from tests.servers.ground import Ground
from tests.servers.lane import Lane
from tests.servers.shop import ShopServer

GRACE_S = 5 + 3
"""``graceful_timeout`` and what a busy machine adds."""
Start = Callable[..., ShopServer]


def told_to_end(server: ShopServer) -> float:
    """TERM, as a process manager does it; gives the seconds until it is gone."""
    assert server.web is not None
    began = time.monotonic()
    server.web.send_signal(signal.SIGTERM)
    server.web.wait(GRACE_S)
    return time.monotonic() - began


def test_two_servers_behind_a_balancer_are_renewed_one_after_the_other(
    start_shop: Start, postgres: Postgres, redis_url: str
) -> None:
    """In short, only the first of them."""
    name = postgres.take()
    with ExitStack() as stack:
        stack.callback(postgres.give_back, name)
        url = postgres.url(name)
        env = {"DATABASE_URL": url, "REDIS_URL": redis_url, "SHOP_SECRET_KEY": "one for both" * 3}
        servers = [start_shop(worker=False, **env) for _ in range(2)]
        lane = stack.enter_context(Lane(*(server.port for server in servers)))
        crowd = Crowd(f"http://127.0.0.1:{lane.port}", url, servers[0])
        with crowd:
            crowd.until_placed(6)
            began = time.monotonic()
            for _ in range(rounds(1, 5)):
                for server in servers[: rounds(1, 2)]:
                    told_to_end(server)
                    crowd.until_placed(5)
                    server.start_web()
                    crowd.until_placed(5)
        seen = statuses(crowd.tries_since(began))
        crowd.assert_nothing_lost()
        print(f"rolling: {dict(seen)}")
        assert set(seen) <= {0, 200, 201, 409, 503}
        assert seen[0] <= 2 * len(crowd.shoppers) * rounds(1, 2 * 5)


@on_both_or("sqlite")
def test_one_server_that_ends_and_comes_back_has_done_everything_once(
    start_shop: Start, database_url: str, ground: Ground, tmp_path: Path
) -> None:
    server = start_shop(worker=False, DATABASE_URL=database_url)
    crowd = Crowd(server.url, database_url, server)
    with crowd:
        for _ in range(rounds(1, 10)):
            crowd.until_placed(10)
            told_to_end(server)
            server.start_web()
        crowd.until_placed(5)
    crowd.assert_nothing_lost()
