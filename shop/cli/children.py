"""Starting processes beside each other, and ending them all whatever happens to one."""

import os
import signal
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from types import FrameType
from typing import IO

from shop.kernel.parents import GATE, PARENT

KINDLY_S = 8.0
STOPS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Children:
    """Processes in sessions of their own: Ctrl-C reaches this process alone, which ends them.

    They share a gate, closed at first: who waits for it goes on after ``open_gate``.
    """

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._gate, self._lock = os.pipe()
        own = {PARENT: str(os.getpid()), GATE: str(self._gate)}
        self._environment = dict(environment) | own
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._asked = threading.Event()
        self._quickly = False
        self.serving = False
        for number in STOPS:
            signal.signal(number, self._ask)

    def start(self, name: str, command: Sequence[str], *, output: IO[str] | None = None) -> None:
        """Run one more child; its output goes where ours does, or into a file."""
        self._running[name] = subprocess.Popen(  # noqa: S603
            command,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            pass_fds=(self._gate,),
            start_new_session=True,
        )

    def finish(self, name: str) -> bool:
        """Wait for a child that has an end of its own; ``False`` when it failed or we must stop."""
        while not self.stopping:
            self._asked.wait(0.02)
        if self._asked.is_set() or self._running[name].poll() != 0:
            return False
        del self._running[name]
        return True

    def open_gate(self) -> None:
        """Let those pass who wait."""
        os.close(self._lock)

    @property
    def stopping(self) -> bool:
        """Whether somebody asked for the end, or a child has ended by itself."""
        return self._asked.is_set() or self.ended() is not None

    def ended(self) -> tuple[str, int] | None:
        """The first child that is no more, and its exit code."""
        for name, child in self._running.items():
            if (code := child.poll()) is not None:
                return name, code
        return None

    def wait(self) -> tuple[str, int] | None:
        """Wait for the end and bring it about; gives the child that ended unasked, if one did."""
        while not self.stopping:
            self._asked.wait(0.2)
        culprit = None if self._asked.is_set() else self.ended()
        self.end()
        return culprit

    def end(self) -> None:
        """Ask every child kindly, then take what is left of its process group away.

        After Ctrl-C a web that serves does not wait for its open streams.
        """
        quick = self._running.get("web") if self._quickly and self.serving else None
        for child in self._running.values():
            if child.poll() is None:
                child.send_signal(signal.SIGINT if child is quick else signal.SIGTERM)
        deadline = time.monotonic() + KINDLY_S
        for child in self._running.values():
            with suppress(subprocess.TimeoutExpired):
                child.wait(max(0.0, deadline - time.monotonic()))
            _kill_group(child.pid)
            child.wait()

    def _ask(self, number: int, _frame: FrameType | None) -> None:
        self._quickly = number == signal.SIGINT
        self._asked.set()


def _kill_group(leader: int) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, signal.SIGKILL)
