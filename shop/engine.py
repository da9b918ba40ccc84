"""Connections: how each is prepared, begun, rested and bounded, on both databases."""

import sqlite3
import time
from typing import Any

import psycopg
from sqlalchemy import event
from sqlalchemy.engine import Connection, Engine, ExceptionContext
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.pool import ConnectionPoolEntry, Pool

WRITE = "shop_write"
"""The execution option of a connection that is about to write."""

REST_S = 1.0
RESTS_SINCE = "shop_rests_since"
ENDED = ("08", "57P01", "57P02", "57P03", "57P05", "25P03")
"""Beginnings of the SQLSTATEs after which a session is over; PgBouncer's own words are 08P01."""

DIRECT = {"options": "-c statement_timeout=4000 -c lock_timeout=2000 -c timezone=UTC"}
THROUGH_PGBOUNCER: dict[str, Any] = {"prepare_threshold": None}


@event.listens_for(Engine, "connect")
def _prepare_sqlite(connection: Any, _record: object) -> None:
    if not isinstance(connection, sqlite3.Connection):
        return
    connection.isolation_level = None
    for pragma in (
        "busy_timeout = 0",
        "journal_mode = WAL",
        "synchronous = FULL",
        "foreign_keys = ON",
        "recursive_triggers = ON",
    ):
        connection.execute(f"PRAGMA {pragma}")


@event.listens_for(Pool, "checkin")
def _note_rest(_connection: Any, record: ConnectionPoolEntry) -> None:
    record.info[RESTS_SINCE] = time.monotonic()


@event.listens_for(Pool, "checkout")
def _ping_the_rested(connection: Any, record: ConnectionPoolEntry, _proxy: object) -> None:
    """Ask a connection that has rested for a second whether it still lives; the pool takes another.

    Asking before every use, as ``pool_pre_ping`` does, would be a third of a short request's
    statements.
    """
    if isinstance(connection, sqlite3.Connection):
        return
    if time.monotonic() - record.info.get(RESTS_SINCE, time.monotonic()) < REST_S:
        return
    try:
        connection.execute("SELECT 1")
        connection.rollback()
    except psycopg.Error as error:
        raise DisconnectionError from error


@event.listens_for(Engine, "handle_error")
def _know_a_lost_session(context: ExceptionContext) -> None:
    """Let a connection go whose session has ended, though its line still stands.

    PgBouncer passes on what a dying server said last, or says that it crashed, and hangs up a
    moment later; asked in between to roll back, it gives two answers: to psycopg an error.
    """
    error = context.original_exception
    if not isinstance(error, psycopg.Error):
        return
    confused = isinstance(error, psycopg.InternalError) and error.sqlstate is None
    if confused or (error.sqlstate or "").startswith(ENDED):
        context.is_disconnect = True


@event.listens_for(Engine, "begin")
def _begin_sqlite(connection: Connection) -> None:
    if connection.dialect.name == "sqlite":
        immediate = connection.get_execution_options().get(WRITE)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")


def engine_options(database_url: str, *, pool_size: int, pgbouncer: bool = False) -> dict[str, Any]:
    """Pool and time-out options; every waiting has an end shorter than a request's.

    An error never carries what was to be written, which may be a name or a street. Behind
    ``pgbouncer`` each transaction may meet another session: it takes no options when a connection
    begins, so the time-outs are the role's own (ALTER ROLE), and knows no statement that an earlier
    transaction prepared.
    """
    if database_url.startswith("sqlite"):
        return {
            "hide_parameters": True,
            "connect_args": {"check_same_thread": False, "timeout": 0},
            "pool_size": 20,
        }
    return {
        "hide_parameters": True,
        "pool_size": pool_size,
        "max_overflow": pool_size,
        "pool_timeout": 3,
        "connect_args": {"connect_timeout": 2, **(THROUGH_PGBOUNCER if pgbouncer else DIRECT)},
    }
