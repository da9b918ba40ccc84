"""Viewers count while their hearts beat, once each, in memory and in Redis alike."""

from collections.abc import Callable

import pytest

from shop.domain.live.presence import MemoryPresence, Presence, RedisPresence
from tests.servers.ground import free_port

Make = Callable[[Callable[[], float]], Presence]


@pytest.fixture(params=["memory", "redis"])
def make(request: pytest.FixtureRequest) -> Make:
    if request.param == "memory":
        return MemoryPresence
    url: str = request.getfixturevalue("redis_url")
    return lambda clock: RedisPresence(url, clock)


def test_a_viewer_counts_once_and_is_gone_after_45_seconds(make: Make) -> None:
    time = [1000.0]
    here = make(lambda: time[0])
    for viewer in ("a", "b", "a"):
        here.beat(1, viewer)
    here.beat(2, "a")
    assert (here.count(1), here.count(2), here.count(3)) == (2, 1, 0)
    time[0] += 44
    here.beat(1, "b")
    assert here.count(1) == 2
    time[0] += 2
    assert here.count(1) == 1
    assert 1 in here.rooms()
    time[0] += 60
    assert here.count(1) == 0
    assert 1 not in here.rooms()


def test_with_redis_down_nobody_waits_and_nothing_is_known() -> None:
    here = RedisPresence(f"redis://127.0.0.1:{free_port()}/0")
    here.beat(1, "a")
    assert here.count(1) is None
