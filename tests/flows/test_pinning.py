"""The card: at most one is open, whoever pins at the same time; the log keeps all."""

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from shop.db import db
from shop.domain.live import queries, service, shelf
from shop.domain.live.errors import SoldOut
from shop.domain.live.models import LiveSession
from shop.domain.live.states import SessionStatus
from shop.flows import pinning
from shop.kernel.errors import IllegalMove, NotFound
from tests.conftest import NOON, Race
from tests.live_builders import a_host, a_live_show, events_of, put_in, types_of


def test_a_pin_is_told_with_price_and_media_time(ctx: Flask) -> None:
    host = a_host()
    show, (item,) = a_live_show(host=host)
    pinning.pin(show, item, actor=host, now=NOON + timedelta(seconds=90))
    told = events_of(show)[-1]
    assert told.type == "pin.set"
    assert told.data["item_id"] == item
    assert told.data["live_price_fen"] == 3680
    assert told.data["media_ts"] == 90_000


def test_pinning_another_closes_the_first_and_keeps_the_log(ctx: Flask) -> None:
    host = a_host()
    show, (a, b) = a_live_show(host=host, items=2)
    pinning.pin(show, a, actor=host, now=NOON)
    pinning.pin(show, b, actor=host, now=NOON + timedelta(seconds=5))
    pinning.pin(show, b, actor=host, now=NOON + timedelta(seconds=6))
    pinning.unpin(show, actor=host, now=NOON + timedelta(seconds=9))
    pinning.unpin(show, actor=host, now=NOON + timedelta(seconds=10))
    log = [(pin.item_id, pin.pinned_at, pin.unpinned_at) for pin in queries.pins(show)]
    assert log == [
        (a, NOON, NOON + timedelta(seconds=5)),
        (b, NOON + timedelta(seconds=5), NOON + timedelta(seconds=9)),
    ]
    assert types_of(show)[-3:] == ["pin.set", "pin.set", "pin.clear"]


def test_only_what_can_be_bought_is_pinned_and_only_while_live(ctx: Flask) -> None:
    host = a_host()
    show, (item,) = a_live_show(host=host, on_hand=0)
    with pytest.raises(SoldOut):
        pinning.pin(show, item, actor=host, now=NOON)
    other, (elsewhere,) = a_live_show(host=host)
    with pytest.raises(NotFound):
        pinning.pin(show, elsewhere, actor=host, now=NOON)
    for status in set(SessionStatus) - {SessionStatus.LIVE}:
        put_in(other, status)
        with pytest.raises(IllegalMove):
            pinning.pin(other, elsewhere, actor=host, now=NOON)


def _race_of_pins(app: Flask, race: Race) -> tuple[list[object], int, int]:
    """Results of 8 pins at once, then how many pins are open and how many were logged."""
    with app.app_context():
        host = a_host()
        show, items = a_live_show(host=host, items=8)
        pinning.pin(show, items[0], actor=host, now=NOON)
    results = race(8, lambda i: pinning.pin(show, items[i], actor=host, now=NOON))
    with app.app_context():
        log = queries.pins(show)
        return results, sum(pin.unpinned_at is None for pin in log), len(log)


def test_two_windows_pinning_at_once_leave_one_card(app: Flask, race: Race) -> None:
    for _ in range(3):
        results, still_open, _ = _race_of_pins(app, race)
        assert results == [None] * 8
        assert still_open == 1


def test_without_the_rows_lock_pins_meet_each_other(
    app: Flask, race: Race, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The naive twin: read, then write. SQLite has one writer, so only PostgreSQL can show it."""
    if app.config["SQLALCHEMY_DATABASE_URI"].startswith("sqlite"):
        return

    def unlocked(session_id: int, *, host_id: int | None = None, **_: object) -> LiveSession:
        return db.session.scalars(
            select(LiveSession).where(LiveSession.id == session_id, LiveSession.host_id == host_id)
        ).one()

    monkeypatch.setattr(service, "lock", unlocked)
    broken = 0
    for _ in range(5):
        results, still_open, _ = _race_of_pins(app, race)
        assert still_open <= 1, "the partial unique index holds even so"
        broken += any(isinstance(result, IntegrityError) for result in results)
    assert broken


def test_the_database_itself_refuses_a_second_open_card(ctx: Flask) -> None:
    host = a_host()
    show, (a, b) = a_live_show(host=host, items=2)
    pinning.pin(show, a, actor=host, now=NOON)
    db.session.add(
        shelf.LivePin(session_id=show, item_id=b, pinned_by=host.user_id, pinned_at=NOON)
    )
    with pytest.raises(IntegrityError):
        db.session.flush()
    db.session.rollback()
