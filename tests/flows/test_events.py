"""What a room is told: numbered without a gap, in the order of commits, whoever writes."""

import threading
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import func, insert, select

from shop.db import db, transactional
from shop.domain.live import queries, service
from shop.domain.live.models import LiveEvent
from shop.domain.live.states import EventType
from shop.flows import chatting
from tests.builders import an_actor
from tests.conftest import NOON, FixedClock, Race
from tests.live_builders import a_host, a_live_show, a_show, events_of

WRITERS = 8
EACH = 5


@transactional
def tell(session_id: int, number: int) -> int:
    return service.announce(session_id, EventType.NOTICE, {"text": str(number)}, now=NOON)


def test_numbers_have_no_gap_and_no_twin_however_many_write(app: Flask, race: Race) -> None:
    with app.app_context():
        show = a_show(host=a_host())
        first = queries.positions([show])[show]
    given = race(WRITERS, lambda i: [tell(show, 100 * i + n) for n in range(EACH)])
    assert not [one for one in given if isinstance(one, Exception)]
    with app.app_context():
        seqs = [event.seq for event in events_of(show, after=first)]
    assert seqs == list(range(first + 1, first + 1 + WRITERS * EACH))
    assert sorted(seq for one in given for seq in one) == seqs
    for one in given:
        assert one == sorted(one)


def test_a_reader_never_meets_a_number_above_a_gap(app: Flask, race: Race) -> None:
    """The order of numbers is the order of commits, so what was read once stays whole."""
    with app.app_context():
        show = a_show(host=a_host())
        first = queries.positions([show])[show]
    done, holes, seen = threading.Event(), [], []

    def watch() -> None:
        with app.app_context():
            last = first
            while not done.is_set() or len(seen) < WRITERS * EACH:
                for event in events_of(show, after=last):
                    if event.seq != last + 1:
                        holes.append((last, event.seq))
                    last = event.seq
                    seen.append(last)

    reader = threading.Thread(target=watch)
    reader.start()
    race(WRITERS, lambda i: [tell(show, n) for n in range(EACH)])
    done.set()
    reader.join(20)
    assert len(seen) == WRITERS * EACH
    assert holes == []


def test_a_number_taken_by_reading_first_is_taken_twice(
    app: Flask, race: Race, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The naive twin: read the highest number, then write the next. SQLite has one writer."""
    if app.config["SQLALCHEMY_DATABASE_URI"].startswith("sqlite"):
        return

    def naive(session_id: int, type: EventType, data: dict[str, str], *, now: object) -> int:  # noqa: A002
        highest = select(func.max(LiveEvent.seq)).where(LiveEvent.session_id == session_id)
        seq = (db.session.scalar(highest) or 0) + 1
        db.session.execute(
            insert(LiveEvent).values(session_id=session_id, seq=seq, type=type, data=data, at=now)
        )
        return seq

    with app.app_context():
        show = a_show(host=a_host())
    monkeypatch.setattr(service, "announce", naive)
    given = race(WRITERS, lambda i: [tell(show, n) for n in range(EACH)])
    assert any(isinstance(one, Exception) for one in given)


def test_an_event_of_a_failed_act_was_never_told(ctx: Flask) -> None:
    show = a_show(host=a_host())
    before = events_of(show)

    @transactional
    def fail() -> None:
        service.announce(show, EventType.NOTICE, {"text": "x"}, now=NOON)
        raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert events_of(show) == before
    assert tell(show, 1) == (before[-1].seq if before else 0) + 1


def test_comments_of_many_viewers_are_told_in_one_order(
    app: Flask, race: Race, clock: FixedClock
) -> None:
    with app.app_context():
        show, _ = a_live_show(host=a_host())
        viewers = [an_actor() for _ in range(8)]
    race(
        8,
        lambda i: chatting.comment(
            show, actor=viewers[i], now=NOON + timedelta(seconds=i), text=f"第 {i} 条"
        ),
    )
    with app.app_context():
        told = [event for event in events_of(show) if event.type == "comment.new"]
        assert len(told) == 8
        assert [event.data["id"] for event in told] == sorted(event.data["id"] for event in told)
