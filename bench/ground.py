"""The servers of a benchmark: PostgreSQL with every safety on, Valkey, the shop, the baselines."""

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import psycopg

from tests.servers import postgres, valkey
from tests.servers.ground import ROOT, free_port, until
from tests.servers.shop import FLASK, clean_environment

GUNICORN = [sys.executable, "-m", "gunicorn"]


class Bench:
    """One folder, one PostgreSQL, one Valkey, and what is started on them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.running: list[subprocess.Popen[bytes]] = []
        self.postgres, facts = postgres.start(folder / "postgres", fast=False)
        self.running.append(self.postgres)
        self.port = facts["port"]
        store, where = valkey.start(folder / "valkey")
        self.running.append(store)
        self.redis_url = where["url"]

    def database(self, name: str) -> str:
        """A new empty database; gives its address."""
        with psycopg.connect(self.url("postgres"), autocommit=True) as line:
            line.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
            line.execute(f"CREATE DATABASE {name}")
        return self.url(name)

    def url(self, name: str) -> str:
        return f"postgresql://shop@127.0.0.1:{self.port}/{name}"

    def shop(
        self, database_url: str = "", *, workers: int = 1, demo: bool = True, **env: str
    ) -> "Shop":
        """The shop itself, with limits off; on SQLite where no database is named."""
        made = Shop(self, database_url, workers=workers, env=env, demo=demo)
        self.running.append(made.web)
        return made

    def baselines(self, database_url: str, *, workers: int = 1, pool: int = 4) -> "Served":
        """The bare endpoints."""
        port = free_port()
        web = self._spawn(
            [*GUNICORN, "-k", "gevent", "-w", str(workers), "-b", f"127.0.0.1:{port}",
             "--no-control-socket", "--worker-connections", "20000", "bench.baselines:app"],
            BENCH_DATABASE=database_url, BENCH_POOL=str(pool),
        )  # fmt: skip
        self.running.append(web)
        return Served(web, port)

    def _spawn(self, command: list[str], **env: str) -> "subprocess.Popen[bytes]":
        with (self.folder / "said.log").open("ab") as said:
            return subprocess.Popen(
                command, cwd=ROOT, env=clean_environment(**env), stdin=subprocess.DEVNULL,
                stdout=said, stderr=subprocess.STDOUT, start_new_session=True,
            )  # fmt: skip

    def cpu(self, served: "Served") -> float:
        """Seconds of processor that the server and PostgreSQL have used so far."""
        return served.cpu() + used(self.postgres.pid)

    def close(self) -> None:
        for process in reversed(self.running):
            end(process)


def used(pid: int) -> float:
    """User and system seconds of a process and all below it, the ended ones too."""
    total = 0.0
    try:
        top = psutil.Process(pid)
        for one in (top, *top.children(recursive=True)):
            times = one.cpu_times()
            total += times.user + times.system
        times = top.cpu_times()
        return total + times.children_user + times.children_system
    except psutil.NoSuchProcess:
        return total


def end(process: "subprocess.Popen[bytes]") -> None:
    """Kindly, then not."""
    if process.poll() is None:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


class Served:
    """A web server that is asked."""

    def __init__(self, web: "subprocess.Popen[bytes]", port: int) -> None:
        self.web, self.port = web, port
        until(self._answers, within_s=40, what="the server")

    def _answers(self) -> bool:
        import urllib.error
        import urllib.request

        assert self.web.poll() is None, "the server has ended"
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{self.port}/healthz", timeout=2).close()
        except urllib.error.HTTPError:
            return True
        except OSError:
            return False
        return True

    def cpu(self) -> float:
        return used(self.web.pid)

    def stop(self) -> None:
        end(self.web)


class Shop(Served):
    """The shop with the demo county."""

    def __init__(
        self, bench: Bench, database_url: str, *, workers: int, env: dict[str, str], demo: bool
    ) -> None:
        port = free_port()
        self.folder = folder = Path(tempfile.mkdtemp(dir=bench.folder))
        self.env = clean_environment(
            HOST="127.0.0.1", PORT=str(port), SHOP_BASE_URL=f"http://127.0.0.1:{port}",
            SHOP_DATA_DIR=str(folder), SHOP_LIMITS="off", WEB_CONCURRENCY=str(workers), **env,
        )  # fmt: skip
        if database_url:
            self.env |= {"DATABASE_URL": database_url, "REDIS_URL": bench.redis_url}
        self.flask("db", "upgrade")
        if demo:
            self.flask("demo", "load")
        with (folder / "said.log").open("ab") as said:
            web = subprocess.Popen(
                [*GUNICORN, "-c", "gunicorn.conf.py", "wsgi:app"], cwd=ROOT, env=self.env,
                stdin=subprocess.DEVNULL, stdout=said, stderr=said, start_new_session=True,
            )  # fmt: skip
        self.said = folder / "said.log"
        super().__init__(web, port)

    def flask(self, *words: str) -> str:
        """Run one command of the shop."""
        done = subprocess.run(
            [*FLASK, *words], cwd=ROOT, env=self.env, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


@contextmanager
def opened() -> Iterator[Bench]:
    """A bench that leaves nothing behind."""
    with tempfile.TemporaryDirectory(prefix="shop-bench-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        bench = Bench(Path(folder))
        try:
            yield bench
        finally:
            bench.close()


__all__ = ["Any", "Bench", "Served", "Shop", "opened"]
