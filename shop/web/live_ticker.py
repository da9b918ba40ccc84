"""The second hand of the rooms: runs in a web process while somebody listens or watches there."""

import threading

from flask import Flask

from shop.flows import watching
from shop.tools import tools
from shop.web.logs import log

EVERY_S = 1.0
PATIENCE_S = 5.0
KEY = "shop_ticker"


class Ticker:
    """One thread a process; it ends when its rooms are empty and begins with the next viewer."""

    def __init__(self, app: Flask) -> None:
        self._app = app
        self._lock = threading.Lock()
        self._running = False
        self._over = threading.Event()
        self._thread: threading.Thread | None = None

    def ensure(self) -> None:
        """Run, if it does not yet; called when somebody begins to listen or says they watch."""
        with self._lock:
            if self._running:
                return
            self._running = True
            self._over.clear()
            self._thread = threading.Thread(target=self._run, name="live-ticker", daemon=True)
            self._thread.start()

    def close(self) -> None:
        """Be still, and do not come back before somebody listens anew."""
        self._over.set()
        if self._thread is not None:
            self._thread.join(PATIENCE_S)
        self._running = False

    def _run(self) -> None:
        while not self._over.is_set() and self._rooms():
            for session_id in self._rooms():
                self._tick(session_id)
            self._over.wait(EVERY_S)

    def _rooms(self) -> list[int]:
        with self._app.app_context(), self._lock:
            held = tools()
            rooms = {*held.bus.rooms(), *held.presence.rooms()}
            self._running = bool(rooms)
            return sorted(rooms)

    def _tick(self, session_id: int) -> None:
        """A broken connection may fail as late as it is given back; the next second tries again."""
        try:
            with self._app.app_context():
                held = tools()
                viewers = held.presence.count(session_id)
                if watching.tick(session_id, viewers=viewers, now=held.clock()):
                    held.bus.wake(session_id)
        except Exception:
            log.exception("a room could not be ticked", session=session_id)


def install(app: Flask) -> None:
    """Keep one ticker on the app; nothing runs before somebody listens."""
    app.extensions[KEY] = Ticker(app)


def ensure(app: Flask) -> None:
    """Let the app's ticker run."""
    app.extensions[KEY].ensure()
