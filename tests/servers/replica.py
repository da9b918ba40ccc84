"""A primary with a streaming replica, for what is read where."""

import subprocess
from pathlib import Path
from typing import Any

import psycopg

from tests.servers import postgres
from tests.servers.ground import until


class Pair:
    """Two real servers; ``close`` ends both."""

    def __init__(self, folder: Path) -> None:
        self._processes: list[subprocess.Popen[bytes]] = []
        self._primary = self._keep(postgres.start(folder / "primary", fast=False))
        self._replica = self._keep(
            postgres.start_copy(folder / "replica", port=self._primary["port"])
        )
        with self.at_replica() as line:
            until(lambda: self._streams(line), within_s=20, what="a streaming replica")

    def _keep(self, started: "tuple[subprocess.Popen[bytes], dict[str, Any]]") -> dict[str, Any]:
        process, facts = started
        self._processes.append(process)
        return facts

    def _streams(self, line: "psycopg.Connection[Any]") -> bool:
        found = line.execute("SELECT status FROM pg_stat_wal_receiver").fetchone()
        return found == ("streaming",)

    def url(self, which: str, name: str = "postgres") -> str:
        """The address of a database on the ``primary`` or the ``replica``."""
        port = {"primary": self._primary, "replica": self._replica}[which]["port"]
        return f"postgresql+psycopg://shop@127.0.0.1:{port}/{name}"

    def at_primary(self) -> "psycopg.Connection[Any]":
        return self._line(self._primary["port"])

    def at_replica(self) -> "psycopg.Connection[Any]":
        return self._line(self._replica["port"])

    def caught_up(self) -> None:
        """Wait until the replica shows what the primary has written."""
        with self.at_primary() as there, self.at_replica() as here:
            (written,) = there.execute("SELECT pg_current_wal_lsn()").fetchone() or (None,)
            until(
                lambda: here.execute(
                    "SELECT pg_last_wal_replay_lsn() >= %s", (written,)
                ).fetchone() == (True,),
                within_s=20, what="the replica is in step",
            )  # fmt: skip

    def lose_the_replica(self) -> None:
        self._processes[1].send_signal(postgres.END)
        self._processes[1].wait(20)

    def close(self) -> None:
        for process in reversed(self._processes):
            if process.poll() is None:
                process.send_signal(postgres.END)
                process.wait(20)

    def _line(self, port: int) -> "psycopg.Connection[Any]":
        return psycopg.connect(
            host="127.0.0.1", port=port, user="shop", dbname="postgres", autocommit=True
        )
