"""The bus: what one process tells its viewers, and whom it drops."""

import threading
from collections.abc import Callable, Iterator, Sequence

import pytest

from shop.domain.live.bus import Bus, LocalBus, Overloaded
from shop.domain.live.listeners import DEPTH, Listener
from shop.domain.live.queries import Event
from shop.domain.live.redis_bus import RedisBus
from shop.domain.live.states import EventType
from tests.conftest import NOON
from tests.servers.ground import free_port, until


class Rows:
    """The table of events, without a database."""

    def __init__(self) -> None:
        self.events: dict[int, list[Event]] = {}
        self.reads = 0
        self.broken = False

    def write(self, room: int, count: int = 1) -> None:
        rows = self.events.setdefault(room, [])
        for _ in range(count):
            seq = len(rows) + 1
            rows.append(Event(seq=seq, type=EventType.VIEWERS, data={"count": seq}, at=NOON))

    def positions(self, rooms: Sequence[int]) -> dict[int, int]:
        self.reads += 1
        if self.broken:
            raise OSError("down")
        return {room: len(self.events.get(room, ())) for room in rooms}

    def after(self, room: int, seen: int, limit: int) -> list[Event]:
        return self.events[room][seen : seen + limit]


@pytest.fixture
def rows() -> Rows:
    return Rows()


@pytest.fixture
def open_bus(rows: Rows) -> Iterator[Callable[..., LocalBus]]:
    made: list[LocalBus] = []

    def make(**about: int) -> LocalBus:
        made.append(LocalBus(positions=rows.positions, events_after=rows.after, **about))
        return made[-1]

    yield make
    for bus in made:
        bus.close()


def taken(bus: Bus, room: int, *, seen: int, wanted: int) -> list[int]:
    listener = bus.subscribe(room, seen=seen, ear=Listener)
    found: list[int] = []
    try:
        while len(found) < wanted:
            more = [frame.seq for frame in listener.take(5)]
            assert more, f"only {found} came"
            found.extend(more)
    finally:
        listener.leave()
    return found


def test_everything_above_what_was_seen_comes_once_and_in_order(
    rows: Rows, open_bus: Callable[..., LocalBus]
) -> None:
    rows.write(1, 5)
    bus = open_bus()
    first = bus.subscribe(1, seen=5, ear=Listener)
    writer = threading.Thread(target=lambda: [rows.write(1) or bus.wake(1) for _ in range(50)])
    writer.start()
    found: list[int] = []
    while len(found) < 50:
        found.extend(frame.seq for frame in first.take(5))
    writer.join()
    assert found == list(range(6, 56))
    first.leave()


def test_what_another_process_wrote_is_found_without_a_call(
    rows: Rows, open_bus: Callable[..., LocalBus]
) -> None:
    bus = open_bus()
    rows.write(1, 2)
    assert taken(bus, 1, seen=0, wanted=2) == [1, 2]


def test_nobody_is_asked_while_nobody_listens(
    rows: Rows, open_bus: Callable[..., LocalBus]
) -> None:
    bus = open_bus()
    listener = bus.subscribe(1, seen=0, ear=Listener)
    until(lambda: rows.reads > 0, within_s=5, what="a look")
    listener.leave()
    listener.leave()
    assert (bus.rooms(), bus.listeners()) == ([], 0)
    until(
        lambda: not any(t.name == "live-bus" for t in threading.enumerate()),
        within_s=5,
        what="the looker has gone home",
    )


def test_a_reader_whose_queue_is_full_is_dropped_and_the_others_go_on(
    rows: Rows, open_bus: Callable[..., LocalBus]
) -> None:
    bus = open_bus()
    lazy, keen = bus.subscribe(1, seen=0, ear=Listener), bus.subscribe(1, seen=0, ear=Listener)
    cut = threading.Event()
    lazy.on_drop = cut.set
    found: list[int] = []
    for _ in range(DEPTH // 64 + 2):
        rows.write(1, 64)
        bus.wake(1)
        wanted = len(found) + 64
        while len(found) < wanted:
            found.extend(frame.seq for frame in keen.take(5))
    assert cut.wait(5)
    assert lazy.dropped
    assert lazy.take(0) == []
    assert not keen.dropped
    assert found == list(range(1, len(found) + 1))


def test_a_process_holds_only_so_many_streams(open_bus: Callable[..., LocalBus]) -> None:
    bus = open_bus(most=2)
    held = [bus.subscribe(room, seen=0, ear=Listener) for room in (1, 2)]
    with pytest.raises(Overloaded):
        bus.subscribe(3, seen=0, ear=Listener)
    held[0].leave()
    bus.subscribe(3, seen=0, ear=Listener).leave()


def test_a_failing_database_is_asked_again(rows: Rows, open_bus: Callable[..., LocalBus]) -> None:
    bus = open_bus()
    rows.broken = True
    listener = bus.subscribe(1, seen=0, ear=Listener)
    until(lambda: rows.reads > 0, within_s=5, what="a failing look")
    rows.broken = False
    rows.write(1)
    assert [frame.seq for frame in listener.take(5)] == [1]


def test_a_call_through_redis_reaches_the_other_process(
    rows: Rows, open_bus: Callable[..., LocalBus], redis_url: str
) -> None:
    here, there = RedisBus(redis_url, open_bus()), RedisBus(redis_url, open_bus())
    rows.write(1)
    here.wake(1)
    assert taken(there, 1, seen=0, wanted=1) == [1]


def test_with_redis_down_the_events_still_come(
    rows: Rows, open_bus: Callable[..., LocalBus]
) -> None:
    bus = RedisBus(f"redis://127.0.0.1:{free_port()}/0", open_bus())
    rows.write(1, 3)
    bus.wake(1)
    assert taken(bus, 1, seen=0, wanted=3) == [1, 2, 3]
