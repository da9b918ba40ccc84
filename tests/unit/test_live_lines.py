"""Connections that the bus writes to: order, gaps, slow readers, and who has gone."""

import socket
import time
from collections.abc import Iterator

import pytest

from shop.domain.live.listeners import DEPTH, STALLED_S, Ear, Frame
from shop.web import live_lines
from shop.web.live_lines import HEARTBEAT, HEARTBEAT_S, Line, LineResponse
from tests.servers.ground import until


def frames(*numbers: int, closing: bool = False, size: int = 0) -> list[Frame]:
    return [
        Frame(seq=n, event=b"id: %d\n" % n + b"x" * size, json=b"{}", closing=closing)
        for n in numbers
    ]


class Seat:
    """A line and the viewer's end of it."""

    def __init__(self) -> None:
        self.left: list[Ear] = []
        self.ended = 0
        self.line = Line(self.left.append)
        self.viewer, self.ours = socket.socketpair()
        self.ours.setblocking(False)
        self.viewer.settimeout(5)

    def open(
        self, backlog: list[Frame] | None = None, *, last: int = 0, over: bool = False
    ) -> None:
        self.line.open(
            self.ours.detach(), b"HEAD ", backlog or [], last=last, over=over, on_end=self.end
        )

    def end(self) -> None:
        self.ended += 1

    def read(self) -> bytes:
        return self.viewer.recv(1 << 20)

    @property
    def is_cut(self) -> bool:
        return self.line.dropped and self.left == [self.line] and self.ended == 1


@pytest.fixture
def seat() -> Iterator[Seat]:
    made = Seat()
    yield made
    made.line.drop()
    made.viewer.close()
    made.ours.close()


def test_what_was_missed_comes_first_and_what_came_meanwhile_after_it_once(seat: Seat) -> None:
    seat.line.offer(frames(4, 5))
    seat.line.offer(frames(6))
    seat.open(frames(3, 4), last=4)
    assert seat.read() == b"HEAD id: 3\nid: 4\nid: 5\nid: 6\n"
    seat.line.offer(frames(6, 7))
    assert seat.read() == b"id: 7\n"


def test_a_gap_ends_the_stream(seat: Seat) -> None:
    seat.open(last=4)
    seat.line.offer(frames(6))
    assert seat.read() == b"HEAD "
    assert seat.read() == b""
    assert seat.is_cut


def test_the_last_event_of_a_room_is_told_before_the_end(seat: Seat) -> None:
    seat.open(last=4)
    seat.line.offer(frames(5, closing=True))
    assert seat.read() == b"HEAD id: 5\n"
    assert seat.read() == b""
    assert seat.is_cut


def test_a_room_that_is_over_tells_what_was_missed_and_ends(seat: Seat) -> None:
    seat.open(frames(1), last=1, over=True)
    assert seat.read() == b"HEAD id: 1\n"
    assert seat.read() == b""
    assert seat.is_cut


def test_who_reads_slowly_gets_everything_and_who_does_not_read_is_cut(seat: Seat) -> None:
    seat.open(last=0)
    number = 0
    while not seat.line._waiting:
        number += 1
        seat.line.offer(frames(number, size=4000))
    got = b""
    while got.count(b"id: ") < number or seat.line._waiting:
        got += seat.read()
        seat.line.tend(time.monotonic())
    assert not seat.line.dropped
    for more in range(number + 1, number + 200):
        seat.line.offer(frames(more, size=4000))
    assert seat.is_cut


def test_silence_is_broken_by_a_heartbeat_and_stalling_ends_it(seat: Seat) -> None:
    seat.open(last=0)
    assert seat.read() == b"HEAD "
    now = time.monotonic()
    seat.line.tend(now + 1)
    seat.line.tend(now + HEARTBEAT_S + 1)
    assert seat.read() == HEARTBEAT
    number = 0
    while not seat.line._waiting:
        number += 1
        seat.line.offer(frames(number, size=4000))
    seat.line.tend(time.monotonic() + STALLED_S + 1)
    assert seat.is_cut


def test_a_viewer_who_goes_is_noticed_without_a_word(seat: Seat) -> None:
    seat.open(last=0)
    seat.viewer.close()
    until(lambda: seat.line.dropped, within_s=3, what="the empty seat")
    assert seat.is_cut
    assert live_lines._ends._lines == {}


def test_who_never_begins_to_read_does_not_pile_up(seat: Seat) -> None:
    for number in range(1, DEPTH + 2):
        seat.line.offer(frames(number))
    assert seat.line.dropped
    assert seat.left == [seat.line]


def test_a_connection_that_broke_before_it_was_taken_over_frees_its_seat(seat: Seat) -> None:
    seat.ours.close()

    def lost() -> None:
        seat.line.drop()
        seat.end()

    answer = LineResponse(lambda _fd, _head: seat.open(), lost, content_type="text/event-stream")
    handed = answer({"gunicorn.socket": seat.ours, "REQUEST_METHOD": "GET"}, None)
    assert list(handed) == []
    assert seat.is_cut
