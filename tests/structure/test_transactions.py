"""The one place that commits: all or nothing, never nested, never "locked"."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from shop import db as ground
from shop import engine
from shop.db import NestedTransaction, db, transactional
from shop.kernel.errors import Unavailable
from tests.conftest import Race
from tests.structure.rows import AT

only_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
only_postgresql = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)

WRITERS = 16
ROUNDS = 5


@transactional
def two_counters() -> None:
    for key in ("a", "b"):
        db.session.execute(
            sa.text(
                "INSERT INTO outbox_message (kind, dedupe_key, payload, status, attempts, due_at,"
                " created_at) VALUES ('count', :key, '{}', 'waiting', 0, :at, :at)"
            ),
            {"key": key, "at": AT.replace(tzinfo=None)},
        )


def value(key: str) -> int:
    found = db.session.scalar(
        sa.text("SELECT attempts FROM outbox_message WHERE dedupe_key = :key"), {"key": key}
    )
    db.session.rollback()
    return int(found or 0)


@transactional
def read_then_write(key: str) -> None:
    """What a deferred transaction loses: the write depends on what was read in it."""
    seen = db.session.scalar(
        sa.text("SELECT attempts FROM outbox_message WHERE dedupe_key = :key"), {"key": key}
    )
    db.session.execute(
        sa.text("UPDATE outbox_message SET attempts = :next WHERE dedupe_key = :key"),
        {"next": (seen or 0) + 1, "key": key},
    )


def add_one(key: str) -> None:
    db.session.execute(
        sa.text("UPDATE outbox_message SET attempts = attempts + 1 WHERE dedupe_key = :key"),
        {"key": key},
    )


def test_a_use_case_is_one_transaction(ctx: Flask) -> None:
    two_counters()
    with pytest.raises(NestedTransaction):
        transactional(lambda: read_then_write("a"))()
    assert value("a") == 0


def test_after_a_refused_nesting_the_next_flow_runs(ctx: Flask) -> None:
    two_counters()
    with pytest.raises(NestedTransaction):
        transactional(lambda: read_then_write("a"))()
    read_then_write("a")
    assert value("a") == 1


def test_an_error_leaves_nothing_behind(ctx: Flask) -> None:
    two_counters()

    @transactional
    def fails() -> None:
        add_one("a")
        raise LookupError("half way")

    with pytest.raises(LookupError):
        fails()
    assert value("a") == 0


def test_a_flow_does_not_see_what_the_request_read_before(ctx: Flask) -> None:
    """The read that a request left open is ended, so that its snapshot is not the flow's."""
    two_counters()
    assert db.session.scalar(sa.text("SELECT count(*) FROM outbox_message")) == 2
    read_then_write("a")
    assert not db.session().in_transaction()


def test_sixteen_writers_never_meet_a_locked_database(race: Race, ctx: Flask) -> None:
    two_counters()

    @transactional
    def once() -> None:
        add_one("a")

    def act(_number: int) -> None:
        for _ in range(ROUNDS):
            once()

    assert race(WRITERS, act) == [None] * WRITERS
    assert value("a") == WRITERS * ROUNDS


@only_sqlite
def test_what_is_read_in_a_write_transaction_stays_true(race: Race, ctx: Flask) -> None:
    two_counters()
    assert race(WRITERS, lambda _: read_then_write("a")) == [None] * WRITERS
    assert value("a") == WRITERS


@only_sqlite
def test_naive_deferred_transactions_meet_a_locked_database(
    race: Race, ctx: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    @contextmanager
    def deferred(session: Any) -> Iterator[None]:
        session.connection()
        yield

    two_counters()
    monkeypatch.setattr(ground, "_writing", deferred)
    results = race(WRITERS, lambda _: [read_then_write("a") for _ in range(ROUNDS)])
    assert any("locked" in str(result) for result in results)
    assert value("a") < WRITERS * ROUNDS


@only_sqlite
def test_a_writer_of_another_process_is_waited_for_and_then_named(
    ctx: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    two_counters()
    monkeypatch.setattr(ground, "SQLITE_PATIENCE_S", 0.3)
    with db.engine.connect() as other:
        other.execution_options(**{ground.WRITE: True}).execute(sa.text("SELECT 1"))
        with pytest.raises(Unavailable):
            read_then_write("a")
        other.rollback()
    read_then_write("a")
    assert value("a") == 1


@only_postgresql
def test_a_deadlock_is_run_again_and_nobody_sees_it(race: Race, ctx: Flask) -> None:
    two_counters()
    gate = threading.Barrier(2)
    tries: list[int] = []

    def act(number: int) -> None:
        first, second = ("a", "b") if number == 0 else ("b", "a")
        seen: list[int] = []

        @transactional
        def both() -> None:
            tries.append(number)
            add_one(first)
            if not seen:
                seen.append(1)
                gate.wait(10)
            add_one(second)

        both()

    assert race(2, act) == [None, None]
    assert (value("a"), value("b")) == (2, 2)
    assert len(tries) == 3


@only_postgresql
def test_without_the_retry_the_deadlock_is_seen(
    race: Race, ctx: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ground, "RETRYABLE_STATES", frozenset())
    two_counters()
    gate = threading.Barrier(2)

    def act(number: int) -> None:
        first, second = ("a", "b") if number == 0 else ("b", "a")

        @transactional
        def both() -> None:
            add_one(first)
            gate.wait(10)
            add_one(second)

        both()

    results = race(2, act)
    assert sum("deadlock" in str(result) for result in results) == 1


@only_postgresql
def test_a_deadlock_that_does_not_end_is_given_up_after_three_more_tries(ctx: Flask) -> None:
    tries: list[int] = []

    @transactional
    def unlucky() -> None:
        tries.append(1)
        db.session.execute(
            sa.text("DO $$ BEGIN RAISE EXCEPTION 'made up' USING ERRCODE = '40P01'; END $$")
        )

    with pytest.raises(sa.exc.DBAPIError):
        unlucky()
    assert len(tries) == 4


@only_sqlite
def test_money_is_kept_on_the_disc(ctx: Flask) -> None:
    """SQLite's own settings; PostgreSQL's are the administrator's."""
    with db.engine.connect() as connection:
        pragmas = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()
            for name in ("foreign_keys", "synchronous", "journal_mode", "recursive_triggers")
        }
    assert pragmas == {
        "foreign_keys": 1,
        "synchronous": 2,
        "journal_mode": "wal",
        "recursive_triggers": 1,
    }


@only_postgresql
def test_a_connection_that_died_while_it_rested_is_replaced(
    ctx: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "REST_S", 0.0)
    dead = db.session.scalar(sa.text("SELECT pg_backend_pid()"))
    with db.engine.connect() as other:
        db.session.rollback()
        other.execute(sa.text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": dead})
        assert db.session.scalar(sa.text("SELECT pg_backend_pid()")) != dead
    db.session.rollback()
