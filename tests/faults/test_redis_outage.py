"""FAULTS 14 and 102: Redis is gone, empty, full or stands still; what is sold stays exact."""

import statistics
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import redis
import requests

from tests.chaos.house import House
from tests.faults.crowd import Crowd, slowest, statuses
from tests.lengths import FULL, rounds
from tests.servers.ground import Ground, until

LATER_S = 1.0 if FULL else 3.0
"""What an order may take longer; other tests run on the same cores in ``make test``."""


@pytest.fixture(scope="module")
def house(ground: Ground, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """One shop, with its limits on, for the whole file."""
    made = House(
        ground, tmp_path_factory.mktemp("redis"), worker=False,
        WEB_CONCURRENCY="1", SHOP_LIMITS="on",
    )  # fmt: skip
    yield made
    made.close()


def fill(house: House) -> None:
    """No room is left and nothing may be evicted: every write is refused."""
    with redis.Redis.from_url(house.valkey.url(), socket_timeout=5) as store:
        store.config_set("maxmemory-policy", "noeviction")
        store.config_set("maxmemory", "1mb")


def empty(house: House) -> None:
    with redis.Redis.from_url(house.valkey.url(), socket_timeout=5) as store:
        store.config_set("maxmemory", "0")


def nothing(_house: House) -> None:
    """It heals by itself."""


WAYS: dict[str, tuple[Callable[[House], None], Callable[[House], None]]] = {
    "killed": (lambda house: house.valkey.kill(), lambda house: house.valkey.start()),
    "stopped": (lambda house: house.valkey.stop(), lambda house: house.valkey.go_on()),
    "stalled": (lambda house: house.to_valkey.stall(), lambda house: house.to_valkey.heal()),
    "emptied": (lambda house: house.flush_valkey(), nothing),
    "full": (fill, empty),
}


@pytest.mark.parametrize("way", WAYS if FULL else ["killed", "stopped", "full"])
def test_orders_go_on_without_redis_and_the_limits_still_count(
    house: House, way: str, tmp_path: Path
) -> None:
    """FAULTS 102; the demo's host talks to a room that hears it within a moment."""
    hurt, heal = WAYS[way]
    crowd = Crowd(house.shop.url, house.postgres.url(), house.shop, people=3, most=rounds(5, 12))
    with crowd:
        crowd.until_placed(3)
        before = statistics.median(one.took for one in crowd.log.times)
        hurt(house)
        began = time.monotonic()
        try:
            until(lambda: not crowd.busy(), within_s=60, what="every order")
            ready = requests.get(f"{house.shop.url}/readyz", timeout=10)
            tries = crowd.tries_since(began)
            assert ready.status_code == 200
            assert ready.json()["redis"] == (
                "degraded" if way in ("killed", "stopped", "stalled") else "ok"
            )
            assert set(statuses(tries)) <= {200, 201}
            assert slowest(tries) < before + LATER_S, slowest(tries)
            assert refused_after(house, 70) == 429
        finally:
            heal(house)
    crowd.assert_nothing_lost()


def refused_after(house: House, most: int) -> int:
    """Sign in wrongly until refused for it; gives the last status."""
    body = {"phone": "13911112222", "password": "never-this-one"}
    with requests.Session() as line:
        for _ in range(most):
            found = line.post(f"{house.shop.url}/api/v1/tokens", json=body, timeout=10)
            if found.status_code == 429:
                break
    return found.status_code
