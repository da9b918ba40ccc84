"""A child process that does not outlive the command that started it."""

import os
import signal
import threading
import time

PARENT = "SHOP_PARENT"
"""The variable in which ``flask up`` tells its children its process id."""


def end_with_parent(*, look_every_s: float = 0.5) -> None:
    """Ask this process to end as soon as the parent named in ``SHOP_PARENT`` is gone."""
    parent = os.environ.get(PARENT)
    if parent is None:
        return
    me = os.getpid()

    def watch() -> None:
        while os.getppid() == int(parent):
            time.sleep(look_every_s)
        os.kill(me, signal.SIGTERM)

    threading.Thread(target=watch, name="parent-watch", daemon=True).start()
