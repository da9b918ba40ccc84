"""Servers of a test's own, which it may kill, stop, and start again where they were."""

import itertools
import os
import signal
import subprocess
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import psycopg

from tests.servers import postgres, valkey
from tests.servers.databases import migrate
from tests.servers.ground import ROOT, Ground, free_port
from tests.servers.shop import FLASK, clean_environment

_numbers = itertools.count(1)


def family(pid: int) -> list[psutil.Process]:
    """A process and all below it; PostgreSQL's children each lead a group of their own."""
    try:
        top = psutil.Process(pid)
        return [top, *top.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def tell(pid: int, number: int) -> None:
    """Send a signal to a process and all below it."""
    for one in family(pid):
        with suppress(psutil.NoSuchProcess):
            one.send_signal(number)


class Own:
    """One server process at one port; ``begin`` of a subclass says how it starts."""

    def __init__(self, ground: Ground, kind: str) -> None:
        self.folder = ground.folder / f"own-{kind}-{os.getpid()}-{next(_numbers)}"
        self.port = free_port()
        self.process: subprocess.Popen[bytes] | None = None

    def begin(self) -> "subprocess.Popen[bytes]":
        raise NotImplementedError

    def start(self) -> None:
        self.process = self.begin()

    def kill(self) -> None:
        """End everything of it at once, as a power cut would."""
        assert self.process is not None
        whole = family(self.process.pid)
        tell(self.process.pid, signal.SIGKILL)
        self.process.wait()
        psutil.wait_procs(whole, timeout=10)

    def stop(self) -> None:
        """Let it stand still; ``go_on`` lets it run again."""
        assert self.process is not None
        tell(self.process.pid, signal.SIGSTOP)

    def go_on(self) -> None:
        assert self.process is not None
        tell(self.process.pid, signal.SIGCONT)

    def restart(self) -> None:
        """As an administrator does it: a fast shutdown, and up again."""
        assert self.process is not None
        self.process.send_signal(postgres.END)
        self.process.wait(20)
        self.start()

    def close(self) -> None:
        """Leave nothing behind."""
        if self.process is not None and self.process.poll() is None:
            self.go_on()
            self.kill()


class OwnPostgres(Own):
    """A durable PostgreSQL with the demo county in its database ``shop``."""

    def __init__(self, ground: Ground, **settings: str) -> None:
        super().__init__(ground, "postgres")
        self.settings = {"shared_buffers": "32MB", "max_connections": "100"} | settings
        # ``cp -a`` keeps the owner, who is not the one that runs the tests.
        subprocess.run(["cp", "-a", county_cluster(ground), self.folder], check=True)

    def begin(self) -> "subprocess.Popen[bytes]":
        return postgres.serve(self.folder, self.port, settings=self.settings, own_session=True)

    def url(self, port: int | None = None) -> str:
        """The address of the county; ``port`` where something stands between."""
        return f"postgresql+psycopg://shop@127.0.0.1:{port or self.port}/shop"

    def connect(self, **more: Any) -> "psycopg.Connection[Any]":
        """A plain connection of the owner."""
        return psycopg.connect(
            host="127.0.0.1", port=self.port, user="shop", dbname="shop", autocommit=True,
            connect_timeout=5, **more,
        )  # fmt: skip


class OwnValkey(Own):
    """An empty Valkey."""

    def __init__(self, ground: Ground) -> None:
        super().__init__(ground, "valkey")
        self.folder.mkdir()

    def begin(self) -> "subprocess.Popen[bytes]":
        return valkey.serve(self.folder, self.port)

    def url(self, port: int | None = None) -> str:
        return f"redis://127.0.0.1:{port or self.port}"


def county_cluster(ground: Ground) -> Path:
    """The files of a PostgreSQL with the demo county, made once a session and never served."""

    def make() -> dict[str, Any]:
        folder = ground.folder / "county-cluster"
        server, facts = postgres.start(folder)
        try:
            where = {"host": facts["host"], "port": facts["port"], "user": "shop"}
            with psycopg.connect(**where, dbname="postgres", autocommit=True) as line:
                line.execute("CREATE DATABASE shop")
            url = f"postgresql+psycopg://shop@{facts['host']}:{facts['port']}/shop"
            migrate(url, ground.folder / "county-data")
            subprocess.run(
                [*FLASK, "demo", "load"],
                cwd=ROOT,
                check=True,
                env=clean_environment(
                    DATABASE_URL=url, SHOP_DATA_DIR=str(ground.folder / "county-data")
                ),
            )
        finally:
            server.send_signal(postgres.END)
            server.wait(30)
        return {"path": str(folder)}

    return Path(ground.once("county-cluster", make)["path"])
