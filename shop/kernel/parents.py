"""What a child process of ``python -m shop`` knows of its parent: that it lives, and its gate."""

import os
import select
import signal
import threading
import time
from collections.abc import Callable

PARENT = "SHOP_PARENT"
"""The variable with the parent's process id."""

GATE = "SHOP_GATE"
"""The variable with a file descriptor whose end is reached when the database is prepared."""


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


def pass_gate(*, meanwhile: Callable[[], object] = lambda: None) -> None:
    """Wait until the parent opens its gate; ``meanwhile`` is called once a second."""
    gate = os.environ.get(GATE)
    if gate is None:
        return
    while not select.select([int(gate)], [], [], 1.0)[0]:
        meanwhile()
