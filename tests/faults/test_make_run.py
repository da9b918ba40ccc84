"""``make run`` ends whole: whatever is interrupted, no process and no port is left, the data is."""

import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
import requests

from tests.lengths import FULL
from tests.servers.databases import Postgres
from tests.servers.ground import ROOT, Ground, free_port, until
from tests.servers.shop import clean_environment, demo_files

READY = "Ctrl-C ends it"
PATIENCE_S = 60.0
SECOND_RUN_S = 5.0 if FULL else 30.0
"""The promise is 5 s, and ``make faults``, which runs one test after another, holds it.

In ``make test`` other tests take every core meanwhile, so that only a run that hangs fails.
"""


def lives(process: psutil.Process) -> bool:
    """Whether it still runs; one that ends while it is looked at does not."""
    try:
        return process.is_running() and process.status() != "zombie"
    except psutil.NoSuchProcess:
        return False


class Run:
    """One ``make run`` on a data folder, found again by its environment."""

    def __init__(self, folder: Path, **env: str) -> None:
        self.folder = folder
        self.port = int(env.get("PORT", free_port()))
        self.url = f"http://127.0.0.1:{self.port}"
        self.said = folder.parent / f"said-{self.port}"
        self.began = time.monotonic()
        with self.said.open("wb") as output:
            self.make = subprocess.Popen(
                ["make", "run", f"VENV={sys.prefix}"],
                cwd=ROOT,
                env=clean_environment(
                    SHOP_DATA_DIR=str(folder), PORT=str(self.port), PYTHONUNBUFFERED="1"
                ) | env,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )  # fmt: skip

    def wait_ready(self) -> float:
        """Wait for the greeting; gives the seconds it took."""
        until(self._greeted, within_s=PATIENCE_S, what="the greeting of make run")
        return time.monotonic() - self.began

    def _greeted(self) -> bool:
        assert self.make.poll() is None, self.said.read_text()
        return READY in self.said.read_text()

    def processes(self) -> list[psutil.Process]:
        """Everything that runs on this data folder, whoever its parent is."""
        found = []
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error):
                if process.environ().get("SHOP_DATA_DIR") == str(self.folder):
                    found.append(process)
        return [one for one in found if lives(one)]

    def one(self, words: str) -> psutil.Process:
        """The eldest process whose command line holds these words."""
        found = [one for one in self.processes() if words in " ".join(one.cmdline())]
        return min(found, key=lambda one: one.create_time())

    def is_gone(self) -> bool:
        self.make.poll()
        return not self.processes()

    def port_is_free(self) -> bool:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", self.port))
            except OSError:
                return False
        return True

    def clear(self) -> None:
        """Leave nothing behind when a test has failed."""
        for process in self.processes():
            with contextlib.suppress(psutil.Error):
                process.kill()
        self.make.wait(10)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, ground: Ground) -> Path:
    """A folder that has been run on before: loading the county is another test's subject."""
    made = tmp_path_factory.mktemp("make-run") / "data"
    shutil.copytree(demo_files(ground), made)
    return made


@pytest.fixture
def start(folder: Path) -> Iterator[Callable[..., Run]]:
    runs: list[Run] = []

    def run(at: Path = folder, **env: str) -> Run:
        runs.append(Run(at, **env))
        return runs[-1]

    yield run
    for one in runs:
        one.clear()


def ctrl_c(run: Run) -> None:
    os.killpg(run.make.pid, signal.SIGINT)


def terminate_make(run: Run) -> None:
    run.make.terminate()


def terminate_parent(run: Run) -> None:
    run.one("-m shop").terminate()


def kill_web(run: Run) -> None:
    run.one("gunicorn").kill()


def kill_worker(run: Run) -> None:
    run.one("wsgi worker").kill()


def kill_parent(run: Run) -> None:
    run.one("-m shop").kill()


ENDS = [ctrl_c, terminate_make, kill_web, kill_parent]
if FULL:
    ENDS += [terminate_parent, kill_worker]


@pytest.mark.parametrize("end", ENDS)
def test_nothing_is_left_however_it_ends(
    start: Callable[..., Run], end: Callable[[Run], None]
) -> None:
    run = start()
    run.wait_ready()
    assert requests.get(f"{run.url}/healthz", timeout=5).status_code == 200
    end(run)
    until(run.is_gone, within_s=20, what=f"the end of every process after {end.__name__}")
    until(run.port_is_free, what="a free port")
    assert "Traceback" not in run.said.read_text()


def test_the_end_may_come_while_it_starts(start: Callable[..., Run]) -> None:
    run = start()
    until(lambda: len(run.processes()) > 1, what="the first processes")
    ctrl_c(run)
    until(run.is_gone, within_s=20, what="the end of every process")
    until(run.port_is_free, what="a free port")


def test_a_second_run_is_quick_and_keeps_all_data(
    start: Callable[..., Run], tmp_path: Path
) -> None:
    run = start(tmp_path / "data")
    run.wait_ready()
    phone = "13911110001"
    made = requests.post(
        f"{run.url}/api/v1/users",
        json={"phone": phone, "password": "three-green-melons", "name": "演示顾客"},
        timeout=10,
    )
    assert made.status_code == 201, made.text
    ctrl_c(run)
    until(run.is_gone, within_s=20, what="the end of the first run")

    again = start(tmp_path / "data")
    took = again.wait_ready()
    print(f"second run ready after {took:.1f} s")
    assert took < SECOND_RUN_S
    known = requests.post(
        f"{again.url}/api/v1/tokens",
        json={"phone": phone, "password": "three-green-melons"},
        timeout=10,
    )
    assert known.status_code == 201, known.text
    assert "installing" not in again.said.read_text()


def test_a_taken_port_is_named_and_nothing_is_started(start: Callable[..., Run]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        run = start(PORT=str(port))
        assert run.make.wait(PATIENCE_S) != 0
    said = run.said.read_text()
    assert f"cannot listen on 127.0.0.1:{port}" in said
    assert f"PORT={port + 1} make run" in said
    until(run.is_gone, what="the end of every process")


def test_a_whole_network_gets_an_address_and_a_code(start: Callable[..., Run]) -> None:
    run = start(HOST="0.0.0.0")
    run.wait_ready()
    said = run.said.read_text()
    assert re.search(r"on a phone in the same Wi-Fi: http://[\d.]+:\d+", said)
    assert said.count("█") > 100
    assert requests.get(f"{run.url}/healthz", timeout=5).status_code == 200


def test_given_engines_are_used_and_the_demo_county_is_loaded_there(
    tmp_path: Path, postgres: Postgres, redis_url: str
) -> None:
    with postgres.connect() as line:
        line.execute("CREATE DATABASE given_to_make_run")
    folder = tmp_path / "data"
    url = f"postgresql://shop@127.0.0.1:{postgres.where['port']}/given_to_make_run"
    run = Run(folder, DATABASE_URL=url, REDIS_URL=redis_url)
    try:
        run.wait_ready()
        assert "13800000001" in run.said.read_text()
        ready = requests.get(f"{run.url}/readyz", timeout=5).json()
        assert ready["redis"] == "ok"
        assert not (folder / "shop.db").exists()
        with postgres.connect("given_to_make_run") as line:
            found = line.execute("SELECT count(*) FROM users").fetchone()
        assert found is not None
        assert found[0] >= 6
    finally:
        ctrl_c(run)
        until(run.is_gone, within_s=20, what="the end of every process")
        run.clear()
        with postgres.connect() as line:
            line.execute("DROP DATABASE given_to_make_run WITH (FORCE)")
