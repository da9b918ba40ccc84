"""The handle, the base class, column types, and the one place that commits."""

import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime
from functools import wraps
from typing import Any, ParamSpec, TypeVar, cast

from flask_sqlalchemy import SQLAlchemy
from flask_sqlalchemy.session import Session
from sqlalchemy import (
    ColumnElement,
    Connection,
    CursorResult,
    Date,
    Engine,
    Executable,
    FromClause,
    Index,
    MetaData,
    exists,
    select,
    text,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError, OperationalError, SQLAlchemyError
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, registry

from shop.columns import BigInt, Json, UtcDateTime
from shop.engine import WRITE
from shop.kernel.errors import NotFound, Stale, Unavailable

P = ParamSpec("P")
R = TypeVar("R")

RETRIES = 3
SQLITE_PATIENCE_S = 4.0
"""Below the 4.5 s of a request: whoever waits in vain is told so by the flow, with its own page."""
RETRYABLE_STATES = frozenset({"40001", "40P01"})
COMPANION = "companion"


class Base(DeclarativeBase):
    """Every model's parent; ``info={"append_only": True}`` on a table makes it insert-only."""

    registry = registry(
        type_annotation_map={
            int: BigInt,
            datetime: UtcDateTime(),
            date: Date(),
            dict[str, Any]: Json,
            list[Any]: Json,
        },
        metadata=MetaData(
            naming_convention={
                "ix": "ix_%(column_0_N_label)s",
                "uq": "uq_%(table_name)s_%(column_0_N_name)s",
                "ck": "ck_%(table_name)s_%(constraint_name)s",
                "fk": "fk_%(table_name)s_%(column_0_N_name)s",
                "pk": "pk_%(table_name)s",
            }
        ),
    )


class Versioned:
    """A row that people edit; ``version`` counts their changes and is its ETag."""

    version: Mapped[int] = mapped_column(default=1, server_default="1")


def some_of(name: str, *columns: str, where: str) -> Index:
    """An index of the rows that still wait: a queue costs what is in it, not what was."""
    return Index(name, *columns, postgresql_where=text(where), sqlite_where=text(where))


APPEND_ONLY: dict[str, Any] = {"info": {"append_only": True}}
"""Table arguments of a truth that only grows; see ``triggers.py``."""

REPLICA = "replica"
"""The key of the replica's engine, and of the mark of a session that reads there."""


class ShopSession(Session):
    """Reads from the replica while it is marked so; what is written goes to the primary."""

    def get_bind(self, *args: Any, **kwargs: Any) -> Engine | Connection:
        """The engine of the next statement."""
        if self.info.get(REPLICA) and not self.info.get("open"):
            return self._db.engines[REPLICA]
        return super().get_bind(*args, **kwargs)


db = SQLAlchemy(
    model_class=Base, session_options={"expire_on_commit": False, "class_": ShopSession}
)

_sqlite_turn = threading.Lock()


def give_back(_error: BaseException | None = None) -> None:
    """End what this session has read; a connection that broke meanwhile is thrown away.

    Never fails, so that it stands where an answer is made already, or is about to be.
    """
    if not db.session.registry.has():
        return
    try:
        db.session.rollback()
    except SQLAlchemyError:
        db.session().invalidate()


class NestedTransaction(RuntimeError):
    """A flow called a flow: one use case is one transaction."""


def transactional(body: Callable[P, R]) -> Callable[P, R]:
    """Run ``body`` in one write transaction: used in flows and nowhere else.

    Ends the read the request left open, commits on return, rolls back on any error, and runs the
    body again on a serialization failure or deadlock. Raises ``Unavailable`` when SQLite stays
    busy for four seconds.
    """

    @wraps(body)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        session = db.session()
        if session.info.get("open"):
            raise NestedTransaction(body.__qualname__)
        for attempt in range(RETRIES + 1):
            session.rollback()
            session.info["open"] = True
            try:
                with _writing(session):
                    result = body(*args, **kwargs)
                    session.flush()
                    if (companion := session.info.get(COMPANION)) is not None:
                        companion()
                    _commit(session)
                    return result
            except DBAPIError as error:
                if attempt == RETRIES or not _may_run_again(error):
                    raise
                time.sleep(random.uniform(0.005, 0.05) * (attempt + 1))
            finally:
                session.info["open"] = False
                session.rollback()
        raise AssertionError("unreachable")

    return run


def accompany(companion: Callable[[], object] | None) -> None:
    """Have ``companion`` write its own row in every transaction of this session, or no more."""
    db.session().info[COMPANION] = companion


def _commit(session: Any) -> None:
    """A connection lost during COMMIT leaves the outcome unknown, so it is never run again."""
    try:
        session.commit()
    except DBAPIError as error:
        if error.connection_invalidated:
            raise Unavailable("the outcome of the commit is unknown") from error
        raise


def _may_run_again(error: DBAPIError) -> bool:
    return getattr(error.orig, "sqlstate", None) in RETRYABLE_STATES


@contextmanager
def _writing(session: Any) -> Iterator[None]:
    if session.get_bind().dialect.name != "sqlite":
        session.connection(execution_options={WRITE: True})
        yield
        return
    deadline = time.monotonic() + SQLITE_PATIENCE_S
    if not _sqlite_turn.acquire(timeout=SQLITE_PATIENCE_S):
        raise Unavailable("the database is busy")
    try:
        _begin_immediate(session, deadline)
        yield
    finally:
        session.rollback()
        _sqlite_turn.release()


def _begin_immediate(session: Any, deadline: float) -> None:
    """Another process may be writing; SQLite's own waiting would stop every greenlet here."""
    pause = 0.005
    while True:
        try:
            session.connection(execution_options={WRITE: True})
            return
        except OperationalError as error:
            session.rollback()
            if "locked" not in str(error.orig) or time.monotonic() > deadline:
                raise Unavailable("the database is busy") from error
        time.sleep(pause)
        pause = min(pause * 2, 0.05)


def insert_into(model: type[Base] | FromClause) -> Any:
    """The dialect's own INSERT, which knows ON CONFLICT on both databases."""
    bind = db.session.get_bind()
    return (sqlite if bind.dialect.name == "sqlite" else postgresql).insert(model)


def changed(statement: Executable) -> int:
    """Execute a guarded UPDATE, DELETE or INSERT and give the number of rows it touched."""
    counted = db.session.execute(statement, execution_options={"preserve_rowcount": True})
    return cast("CursorResult[Any]", counted).rowcount


def overwrite(
    model: type[Versioned], *which: ColumnElement[bool], expected: int | None, **values: Any
) -> None:
    """Change one row and count its version, in one statement.

    Raises ``Stale`` where the caller read another version than ``expected`` (``None``: any), and
    ``NotFound`` where there is no such row.
    """
    statement = update(model).where(*which).values(**values, version=model.version + 1)
    if expected is not None:
        statement = statement.where(model.version == expected)
    if changed(statement) == 0:
        if db.session.scalar(select(exists().where(*which))):
            raise Stale("it was changed since you looked")
        raise NotFound()
