"""Viewers count while their hearts beat, once each, in memory and in Redis alike."""

from collections.abc import Callable

import pytest

from shop.domain.live import presence
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


def test_one_address_stands_for_a_hall_of_viewers_and_not_for_a_crowd(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(presence, "MOST_AN_ADDRESS", 3)
    time = [1000.0]
    here = make(lambda: time[0])
    for number in range(40):
        here.beat(1, f"invented-{number}", address="one")
    for number in range(2):
        here.beat(1, f"guest-{number}", address="two")
        here.beat(2, f"invented-{number}", address="one")
        here.beat(1, f"u{number}")
    assert (here.count(1), here.count(2)) == (3 + 2 + 2, 2)
    time[0] += 40
    for number in (0, 20):
        here.beat(1, f"invented-{number}", address="one")
    time[0] += 10
    assert here.count(1) == 1
    here.beat(1, "invented-20", address="one")
    assert here.count(1) == 2


def test_with_redis_down_nobody_waits_and_nothing_is_known() -> None:
    here = RedisPresence(f"redis://127.0.0.1:{free_port()}/0")
    here.beat(1, "a")
    assert here.count(1) is None
