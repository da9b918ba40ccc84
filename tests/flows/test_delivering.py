"""The outbox: written with its cause, in one pair of hands at a time, tried until it is done."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from shop.db import db, transactional
from shop.domain.compliance.models import Task
from shop.domain.outbox import queries, service
from shop.domain.outbox.models import OutboxMessage
from shop.domain.outbox.service import Claimed
from shop.domain.outbox.states import OutboxStatus
from shop.flows import delivering
from shop.kernel.errors import NotFound
from tests.conftest import NOON, FixedClock, Race

put = transactional(service.put)
claim = transactional(service.claim)
done = transactional(service.done)
retry_later = transactional(service.retry_later)


def some(count: int, *, kind: str = "letter", now: datetime = NOON) -> None:
    for number in range(count):
        put(kind, dedupe_key=f"{kind}:{number}", payload={"number": number}, now=now)


def status(key: str) -> OutboxStatus:
    message = queries.by_key(key)
    db.session.rollback()
    assert message is not None
    return message.status


class Sink:
    """A handler that remembers what it carried and fails where it is told to."""

    def __init__(self, *, failing: bool = False) -> None:
        self.carried: list[str] = []
        self.failing = failing

    def __call__(self, payload: Mapping[str, Any], key: str) -> None:
        assert not db.session().in_transaction()
        self.carried.append(key)
        if self.failing:
            raise ConnectionError("the other side is away")


def test_a_key_is_put_once(ctx: Flask) -> None:
    some(1)
    put("letter", dedupe_key="letter:0", payload={"number": 9}, now=NOON)
    message = queries.by_key("letter:0")
    assert message is not None
    assert message.payload == {"number": 0}


def test_a_message_goes_with_its_cause_or_not_at_all(ctx: Flask) -> None:
    @transactional
    def decide_and_fail() -> None:
        service.put("letter", dedupe_key="letter:0", payload={}, now=NOON)
        raise LookupError

    with pytest.raises(LookupError):
        decide_and_fail()
    assert queries.by_key("letter:0") is None


def test_what_is_delivered_is_done(ctx: Flask) -> None:
    some(3)
    sink = Sink()
    assert delivering.drain({"letter": sink}, now=NOON) == 3
    assert sink.carried == ["letter:0", "letter:1", "letter:2"]
    assert delivering.drain({"letter": sink}, now=NOON) == 0
    assert status("letter:2") is OutboxStatus.DONE


def test_nothing_leaves_before_it_is_due(ctx: Flask, clock: FixedClock) -> None:
    put("letter", dedupe_key="k", payload={}, now=NOON, due_at=NOON + timedelta(minutes=1))
    sink = Sink()
    assert delivering.drain({"letter": sink}, now=NOON) == 0
    assert delivering.drain({"letter": sink}, now=clock.tick(60)) == 1


def test_a_failure_is_put_off_and_holds_nobody_up(ctx: Flask, clock: FixedClock) -> None:
    some(1, kind="lame")
    some(2)
    lame, sink = Sink(failing=True), Sink()
    handlers = {"lame": lame, "letter": sink}
    assert delivering.drain(handlers, now=NOON) == 2
    assert delivering.drain(handlers, now=NOON) == 0
    lame.failing = False
    assert delivering.drain(handlers, now=clock.tick(2)) == 1
    assert lame.carried == ["lame:0", "lame:0"]


def test_the_pause_grows_and_differs(ctx: Flask) -> None:
    pauses = [service.pause_after(attempts).total_seconds() for attempts in range(1, 13)]
    assert 0.7 < pauses[0] < 1.3
    assert pauses[5] > 100
    assert max(pauses) <= service.LONGEST_WAIT_S * 1.25
    assert len({service.pause_after(3) for _ in range(5)}) > 1


def test_after_twelve_tries_a_person_is_asked_and_may_send_it_again(
    ctx: Flask, clock: FixedClock
) -> None:
    some(1)
    sink = Sink(failing=True)
    for _ in range(20):
        delivering.drain({"letter": sink}, now=clock.tick(hours=1))
    assert len(sink.carried) == service.TRIES
    assert status("letter:0") is OutboxStatus.DEAD
    message = queries.by_key("letter:0")
    assert message is not None
    assert "the other side is away" in (message.last_error or "")
    assert db.session.scalar(sa.select(Task.ref)) == f"outbox:{message.id}"
    db.session.rollback()

    sink.failing = False
    delivering.send_again(message.id, now=clock.now)
    assert delivering.drain({"letter": sink}, now=clock.now) == 1
    with pytest.raises(NotFound):
        delivering.send_again(message.id, now=clock.now)


def test_a_kind_nobody_knows_waits_for_a_newer_worker(ctx: Flask, clock: FixedClock) -> None:
    some(1, kind="new")
    assert delivering.drain({}, now=NOON) == 0
    assert delivering.drain({"new": Sink()}, now=clock.tick(5)) == 1


def test_what_a_dead_worker_held_is_delivered_when_its_lease_ends(
    ctx: Flask, clock: FixedClock
) -> None:
    some(1)
    assert len(claim(5, now=NOON, lease_s=60)) == 1
    sink = Sink()
    assert delivering.drain({"letter": sink}, now=clock.tick(59)) == 0
    assert delivering.drain({"letter": sink}, now=clock.tick(1)) == 1


def test_a_worker_that_woke_up_late_finishes_nothing(ctx: Flask, clock: FixedClock) -> None:
    some(1)
    (late,) = claim(5, now=NOON, lease_s=60)
    (mine,) = claim(5, now=clock.tick(61), lease_s=60)
    assert not done(late, now=clock.now)
    assert retry_later(late, error="late", now=clock.now) is None
    assert status("letter:0") is OutboxStatus.WAITING
    assert done(mine, now=clock.now)
    assert not done(mine, now=clock.now)


def test_a_message_that_ends_every_worker_is_given_up(ctx: Flask, clock: FixedClock) -> None:
    class Gone(BaseException):
        pass

    def kills(_payload: Mapping[str, Any], _key: str) -> None:
        raise Gone

    some(1)
    for _ in range(service.TRIES):
        with pytest.raises(Gone):
            delivering.drain({"letter": kills}, now=clock.tick(61))
    delivering.drain({"letter": kills}, now=clock.tick(61))
    assert status("letter:0") is OutboxStatus.DEAD


def test_what_was_not_begun_in_time_is_given_back(ctx: Flask) -> None:
    some(3)
    sink = Sink()
    assert delivering.drain({"letter": sink}, now=NOON, lease_s=0) == 0
    assert delivering.drain({"letter": sink}, now=NOON) == 3
    message = queries.by_key("letter:2")
    assert message is not None
    assert message.attempts == 1


def test_many_workers_carry_each_message_once(race: Race, ctx: Flask) -> None:
    some(40)
    sink = Sink()

    def work(_number: int) -> int:
        return sum(delivering.drain({"letter": sink}, now=NOON) for _ in range(8))

    results = race(6, work)
    assert sum(results) == 40
    assert sorted(sink.carried) == sorted({f"letter:{number}" for number in range(40)})


def test_naive_claims_put_a_message_into_two_hands(
    race: Race, ctx: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    @transactional
    def look(now: datetime) -> list[OutboxMessage]:
        due = sa.select(OutboxMessage).where(OutboxMessage.status == OutboxStatus.WAITING)
        return list(db.session.scalars(due.limit(10)))

    def read_first(limit: int, *, now: datetime, lease_s: float) -> list[Claimed]:
        return [
            Claimed(
                id=one.id,
                kind=one.kind,
                dedupe_key=one.dedupe_key,
                payload=one.payload,
                attempts=1,
                lease="mine",
                last_error=None,
            )
            for one in look(now)
        ]

    monkeypatch.setattr(delivering, "_claim", read_first)
    some(10)
    sink = Sink()
    race(6, lambda _: delivering.drain({"letter": sink}, now=NOON))
    assert len(sink.carried) > 10


def test_a_failed_job_asks_once_a_day(ctx: Flask, clock: FixedClock) -> None:
    for _ in range(3):
        delivering.report_failure("expire-orders", error="boom", now=clock.tick(60))
    delivering.report_failure("expire-orders", error="boom", now=clock.tick(days=1))
    found = list(db.session.scalars(sa.select(Task.summary)))
    assert found == ["expire-orders: boom"] * 2
