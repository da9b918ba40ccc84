"""Views that may lag a little read from a replica, while it is close behind; else from the primary.

Only for a visitor without credentials, only views marked ``may_lag``: never money or stock, and
nobody misses what they have just written. Whatever goes wrong at the replica, also a thing that it
does not know yet, is asked once more at the primary.
"""

import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from functools import wraps
from typing import Any, TypeVar, cast

from flask import Flask, current_app, request
from sqlalchemy import Engine, text
from sqlalchemy.exc import SQLAlchemyError

from shop.config import Settings
from shop.db import REPLICA, db
from shop.kernel.errors import DomainError
from shop.web.logs import log
from shop.web.microcache import CREDENTIALS

ATTRIBUTE = "__shop_may_lag__"
KEY = "shop_replica"
EVERY_S = 1.0
MOST_LAG_S = 3.0
WRITTEN = text("SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::bigint")
REPLAYED = text(
    "SELECT CASE WHEN pg_is_in_recovery()"
    " THEN pg_wal_lsn_diff(pg_last_wal_replay_lsn(), '0/0')::bigint END"
)

V = TypeVar("V", bound=Callable[..., Any])


class Replica:
    """Looks once a second how far the replica is behind; one thread a process."""

    def __init__(
        self, primary: Engine, replica: Engine, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._primary, self._replica, self._clock = primary, replica, clock
        self._written: deque[tuple[float, int]] = deque(maxlen=60)
        self._close_behind = False
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._thread: threading.Thread | None = None

    def usable(self) -> bool:
        """Whether the last look found it close behind; the first caller makes the looking begin."""
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="replica", daemon=True)
                self._thread.start()
        return self._close_behind

    def give_up(self) -> None:
        """Somebody met a fault there: nobody goes there before the next good look."""
        self._close_behind = False

    def look(self) -> None:
        """Behind is who has not replayed what the primary had written some seconds ago.

        The clock of neither server counts. While the primary does not answer, nothing is written.
        """
        with suppress(SQLAlchemyError):
            if (written := _asked(self._primary, WRITTEN)) is not None:
                self._written.append((self._clock(), written))
        try:
            replayed = _asked(self._replica, REPLAYED)
        except SQLAlchemyError:
            replayed = None
        if replayed is None or not self._written:
            self._close_behind = False
            return
        missing = [at for at, written in self._written if written > replayed]
        self._close_behind = not missing or self._clock() - missing[0] <= MOST_LAG_S

    def close(self) -> None:
        self._over.set()
        if self._thread is not None:
            self._thread.join(5)

    def _run(self) -> None:
        while not self._over.is_set():
            try:
                self.look()
            except Exception:
                log.exception("the replica could not be looked at")
                self.give_up()
            self._over.wait(EVERY_S)


def _asked(engine: Engine, question: Any) -> int | None:
    with engine.connect() as connection:
        found: int | None = connection.scalar(question)
        return found


def install(app: Flask, settings: Settings) -> None:
    """Keep the replica at hand, where the settings name one."""
    if settings.replica_url:
        with app.app_context():
            app.extensions[KEY] = Replica(db.engine, db.engines[REPLICA])


def may_lag(view: V) -> V:
    """Mark a view whose answer to a visitor may be some seconds old; it stands nearest to it."""

    @wraps(view)
    def run(*args: Any, **kwargs: Any) -> Any:
        replica: Replica | None = current_app.extensions.get(KEY)
        if replica is None or not CREDENTIALS.isdisjoint(request.environ) or not replica.usable():
            return view(*args, **kwargs)
        session = db.session()
        session.rollback()
        session.info[REPLICA] = True
        try:
            return view(*args, **kwargs)
        except (SQLAlchemyError, DomainError) as error:
            if isinstance(error, SQLAlchemyError):
                log.warning("the replica does not answer", exc_info=error)
                replica.give_up()
            with suppress(SQLAlchemyError):
                session.rollback()
        finally:
            session.info[REPLICA] = False
        return view(*args, **kwargs)

    setattr(run, ATTRIBUTE, True)
    return cast(V, run)
