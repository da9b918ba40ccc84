"""What a shop that reads first and writes later would do: the twins of the race tests.

A twin shows that its race is real: with one careful function replaced by a naive one, the same
race breaks an invariant, or only the database's own refusal stands before that; ``assert_breaks``
says what counts. Only PostgreSQL lets two transactions meet; on SQLite every write takes its turn,
so there the turn itself is what a twin takes away.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import exc, select

from shop.db import db
from shop.flows import hearing
from shop.kernel.errors import DomainError, Unavailable
from tests.invariants import broken

MOMENT_S = 0.02
PATIENCE = 12
on_postgresql = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def a_moment() -> None:
    """Between reading and writing, where somebody else gets in."""
    time.sleep(MOMENT_S)


def unlocked(model: Any) -> Callable[[int], Any]:
    """``locked`` of a subject without its lock."""

    def read(row_id: int) -> Any:
        query = select(model).where(model.id == row_id)
        found = db.session.scalars(query.execution_options(populate_existing=True)).one()
        a_moment()
        return found

    return read


@contextmanager
def no_turns(session: Any) -> Iterator[None]:
    """``db._writing`` that begins like any read and asks for the write lock when it writes."""
    session.connection()
    yield


BUSY_STATES = frozenset({"55P03", "57014"})
"""A lock or a statement that took too long: answered 503, to be sent again."""

CLASHES = frozenset({"40001", "40P01"})
"""Two transactions that PostgreSQL could not let both go on."""


def patiently(act: Callable[[], Any]) -> Any:
    """Do it as a buyer's page does, which sends a 503 again; refusals come back as values."""
    for _ in range(PATIENCE):
        try:
            return act()
        except (Unavailable, exc.TimeoutError):
            continue
        except exc.DBAPIError as error:
            if getattr(error.orig, "sqlstate", None) not in BUSY_STATES:
                raise
        except DomainError as refusal:
            return refusal
    raise AssertionError("the shop stayed busy")


def unexpected(results: list[Any]) -> list[Any]:
    """What is neither an answer nor a refusal that a buyer may be told."""
    return [x for x in results if isinstance(x, Exception) and not isinstance(x, DomainError)]


def refused_by_database(error: Any) -> bool:
    """A constraint that held, a deadlock that was cut, or SQLite's lock, shown to somebody."""
    if isinstance(error, exc.IntegrityError):
        return True
    if not isinstance(error, exc.DBAPIError):
        return False
    return getattr(error.orig, "sqlstate", None) in CLASHES or "is locked" in str(error.orig)


def loud(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let an event that cannot be applied raise, where the shop would keep it and try again."""
    monkeypatch.setattr(hearing, "_try", hearing._apply)


def assert_breaks(
    attempt: Callable[[], list[Any]], *, wrong: Callable[[list[Any]], bool] | None = None
) -> None:
    """Some round of a naive twin breaks a rule; ``attempt`` gives what each of its racers got.

    These count: a row that breaks an invariant; a racer whom the database itself refused
    (``refused_by_database``); a count of the test's own, taken by ``wrong`` of the results. A
    refusal that a buyer may be told and a lock that took too long count for nothing. Any other
    exception is a mistake of the twin, proves nothing, and is raised.
    """
    for _ in range(PATIENCE):
        results = attempt()
        refused = [x for x in unexpected(results) if refused_by_database(x)]
        for error in unexpected(results):
            if error not in refused and not _slow(error):
                raise AssertionError("the twin fails by a mistake of its own") from error
        if refused or (wrong is not None and wrong(results)) or broken():
            return
    raise AssertionError("the naive twin broke nothing: this race proves nothing")


def _slow(error: Exception) -> bool:
    state = getattr(getattr(error, "orig", None), "sqlstate", None)
    return isinstance(error, exc.TimeoutError) or state in BUSY_STATES
