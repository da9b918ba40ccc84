"""Everything the shop stands on, each part of it to be hurt: engines, lines, web and worker."""

import itertools
import os
import random
import signal
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil
import redis
import requests

from tests.servers.ground import Ground, until
from tests.servers.lane import Lane
from tests.servers.own import OwnPostgres, OwnValkey
from tests.servers.shop import ShopServer

_numbers = itertools.count(1)


class House:
    """The shop on engines of its own, with two web processes and a worker, and lines between all.

    ``settings`` are PostgreSQL's, ``env`` the shop's; ``direct``: no line between it and its
    database, where what the line costs would count.
    """

    def __init__(
        self,
        ground: Ground,
        folder: Path,
        *,
        worker: bool = True,
        direct: bool = False,
        settings: dict[str, str] | None = None,
        **env: str,
    ) -> None:
        self._stack = ExitStack()
        self.postgres = OwnPostgres(ground, **(settings or {}))
        self.valkey = OwnValkey(ground)
        for engine in (self.postgres, self.valkey):
            self._stack.callback(engine.close)
            engine.start()
        self.to_postgres = self._stack.enter_context(Lane(self.postgres.port))
        self.to_valkey = self._stack.enter_context(Lane(self.valkey.port))
        self.shop = ShopServer(
            ground,
            folder / f"house-{next(_numbers)}",
            env={
                "DATABASE_URL": self.postgres.url(None if direct else self.to_postgres.port),
                "REDIS_URL": self.valkey.url(self.to_valkey.port),
                "WEB_CONCURRENCY": "2",
            }
            | env,
        )
        self._stack.callback(self.shop.stop)
        self.to_shop = self._stack.enter_context(Lane(self.shop.port))
        self.url = f"http://127.0.0.1:{self.to_shop.port}"
        self.shop.start(worker=worker)

    def close(self) -> None:
        """Let everything run again, so that it can end."""
        self.let_go()
        self._stack.close()

    def let_go(self) -> None:
        """Whatever stands still goes on."""
        for engine in (self.postgres, self.valkey):
            engine.go_on()
        for process in (self.shop.web, self.shop.worker):
            if process is not None and process.poll() is None:
                self.shop.signal(process, signal.SIGCONT)
        for lane in (self.to_postgres, self.to_valkey, self.to_shop):
            lane.heal()

    def ready(self) -> bool:
        """Whether the shop says that it can serve."""
        with suppress(requests.RequestException):
            return requests.get(f"{self.shop.url}/readyz", timeout=6).status_code == 200
        return False

    def web_workers(self) -> list[psutil.Process]:
        """The processes that serve, without the one that watches over them."""
        assert self.shop.web is not None
        return psutil.Process(self.shop.web.pid).children()

    def kill_web(self) -> None:
        assert self.shop.web is not None
        self.shop.signal(self.shop.web, signal.SIGKILL)
        self.shop.web.wait()

    def end_web(self) -> None:
        """As a deploy does it."""
        assert self.shop.web is not None
        self.shop.web.terminate()
        self.shop.web.wait(20)

    def kill_worker(self) -> None:
        assert self.shop.worker is not None
        self.shop.signal(self.shop.worker, signal.SIGKILL)
        self.shop.worker.wait()

    def stop_worker(self) -> None:
        assert self.shop.worker is not None
        self.shop.signal(self.shop.worker, signal.SIGSTOP)

    def kill_a_web_worker(self, dice: random.Random) -> None:
        """The one that watches starts another."""
        if found := self.web_workers():
            os.kill(dice.choice(found).pid, signal.SIGKILL)

    def stop_a_web_worker(self, dice: random.Random) -> None:
        if found := self.web_workers():
            os.kill(dice.choice(found).pid, signal.SIGSTOP)

    def kill_a_backend(self, dice: random.Random) -> None:
        """PostgreSQL ends every other connection too, and recovers by itself."""
        with self.postgres.connect() as line:
            found = line.execute(
                "SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend' "
                "AND pid <> pg_backend_pid()"
            ).fetchall()
        if found:
            with suppress(ProcessLookupError):
                os.kill(dice.choice(found)[0], signal.SIGKILL)

    def flush_valkey(self) -> None:
        with redis.Redis.from_url(self.valkey.url(), socket_timeout=5) as store:
            store.flushall()


@dataclass(frozen=True)
class Blow:
    """One way to hurt the house, for how long, and how it is made well again."""

    name: str
    hurt: Callable[[], object]
    heal: Callable[[], object]
    seconds: tuple[float, float] = (0.3, 2.0)


def _nothing() -> None:
    """It heals by itself."""


def blows(house: House, dice: random.Random) -> dict[str, Blow]:
    """Every blow by its name."""
    postgres, valkey, shop = house.postgres, house.valkey, house.shop

    def both_die() -> None:
        postgres.kill()
        house.kill_web()

    def both_rise() -> None:
        postgres.start()
        shop.start_web()

    listed = [
        Blow("web killed", house.kill_web, shop.start_web),
        Blow("web told to end", house.end_web, shop.start_web),
        Blow("a web process killed", lambda: house.kill_a_web_worker(dice), _nothing),
        Blow("a web process stopped", lambda: house.stop_a_web_worker(dice), house.let_go),
        Blow("worker killed", house.kill_worker, shop.start_worker),
        Blow("worker stopped", house.stop_worker, house.let_go),
        Blow("postgres killed", postgres.kill, postgres.start),
        Blow("a backend killed", lambda: house.kill_a_backend(dice), _nothing),
        Blow("postgres stopped", postgres.stop, postgres.go_on),
        Blow("postgres restarted", postgres.restart, _nothing),
        Blow("valkey killed", valkey.kill, valkey.start),
        Blow("valkey stopped", valkey.stop, valkey.go_on),
        Blow("valkey flushed", house.flush_valkey, _nothing),
        Blow("database line cut", house.to_postgres.cut, _nothing),
        Blow("database line closed", house.to_postgres.close, house.to_postgres.heal),
        Blow("database line stalled", house.to_postgres.stall, house.to_postgres.heal),
        Blow("valkey line closed", house.to_valkey.close, house.to_valkey.heal),
        Blow("valkey line stalled", house.to_valkey.stall, house.to_valkey.heal),
        Blow("callers cut off", house.to_shop.cut, _nothing),
        Blow("callers stalled", house.to_shop.stall, house.to_shop.heal),
        Blow("postgres and web killed", both_die, both_rise),
    ]
    return {blow.name: blow for blow in listed}


def until_ready(house: House, *, within_s: float) -> float:
    """Wait for ``/readyz``; gives the seconds it took."""
    began = time.monotonic()
    until(house.ready, within_s=within_s, what="readiness after healing")
    return time.monotonic() - began
