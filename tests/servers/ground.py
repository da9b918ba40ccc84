"""The folder that one test session shares among its workers, and the servers started in it."""

import fcntl
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
VARIABLE = "SHOP_TEST_GROUND"
PATIENCE_S = 60.0

_keepers: list["subprocess.Popen[bytes]"] = []


class ServerMissing(RuntimeError):
    """A server that the tests need cannot be started here; the message says what to do."""


class Ground:
    """Whatever is made here is made once a session, by the first worker that asks."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @classmethod
    def opened(cls) -> "Ground":
        """The session's folder, made by whichever process comes first: xdist's controller."""
        if VARIABLE not in os.environ:
            folder = Path(tempfile.mkdtemp(prefix="shop-tests-"))
            folder.chmod(0o755)
            (folder / "owner").write_text(str(os.getpid()))
            os.environ[VARIABLE] = str(folder)
        return cls(Path(os.environ[VARIABLE]))

    @property
    def owner(self) -> int:
        return int((self.folder / "owner").read_text())

    @contextmanager
    def turn(self, name: str) -> Iterator[None]:
        """One process at a time."""
        with (self.folder / f"{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def once(self, name: str, make: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        """What ``make`` gave the first time anybody in this session asked for ``name``."""
        kept = self.folder / f"{name}.json"
        with self.turn(name):
            if not kept.exists():
                kept.write_text(json.dumps(make()))
            found: dict[str, Any] = json.loads(kept.read_text())
        return found

    def server(self, name: str) -> dict[str, Any]:
        """Where the ``name`` server of this session listens; started when it is first asked for."""
        return self.once(name, lambda: self._start(name))

    def _start(self, name: str) -> dict[str, Any]:
        said = self.folder / f"{name}.said"
        with said.open("w") as output:
            keeper = subprocess.Popen(
                [sys.executable, "-m", "tests.servers.keeper", str(self.folder), name],
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        _keepers.append(keeper)
        ready = self.folder / f"{name}.ready"
        deadline = time.monotonic() + PATIENCE_S
        while not ready.exists():
            if keeper.poll() is not None or time.monotonic() > deadline:
                raise ServerMissing(f"{name} did not start:\n{said.read_text()[-2000:]}")
            time.sleep(0.02)
        found: dict[str, Any] = json.loads(ready.read_text())
        return found

    def close(self) -> None:
        """End every server of the session and remove the folder; only its owner does."""
        if self.owner != os.getpid():
            return
        os.environ.pop(VARIABLE, None)
        (self.folder / "over").touch()
        deadline = time.monotonic() + PATIENCE_S
        while any(self.folder.glob("*.kept")) and time.monotonic() < deadline:
            time.sleep(0.02)
        for keeper in _keepers:
            keeper.wait(PATIENCE_S)
        shutil.rmtree(self.folder, ignore_errors=True)


def free_port() -> int:
    """A loopback port that nobody holds at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def until(
    condition: Callable[[], object], *, within_s: float = 10.0, what: str = "condition"
) -> None:
    """Wait until ``condition`` holds; fails with ``what`` when it does not in time."""
    deadline = time.monotonic() + within_s
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"{what} did not hold within {within_s} s")
        time.sleep(0.02)
