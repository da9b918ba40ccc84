"""The shop as it runs for people: gunicorn and worker in processes of their own."""

import os
import shutil
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from tests.servers.databases import sqlite_template
from tests.servers.ground import ROOT, Ground, free_port, until

FLASK = [sys.executable, "-m", "flask", "--app", "wsgi"]
KEPT = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR")


def clean_environment(**more: str) -> dict[str, str]:
    """Nothing of the shop's settings leaks in from the person who runs the tests."""
    return {name: os.environ[name] for name in KEPT if name in os.environ} | more


def demo_files(ground: Ground) -> Path:
    """A data folder with the demo county in SQLite, made once a session; copy it."""

    def make() -> dict[str, Any]:
        folder = ground.folder / "demo-data"
        folder.mkdir()
        shutil.copyfile(sqlite_template(ground), folder / "shop.db")
        subprocess.run(
            [*FLASK, "demo", "load"],
            cwd=ROOT, check=True, env=clean_environment(SHOP_DATA_DIR=str(folder)),
        )  # fmt: skip
        return {"path": str(folder)}

    return Path(ground.once("demo-data", make)["path"])


class ShopServer:
    """One web process group and one worker on a data folder of their own."""

    def __init__(
        self,
        ground: Ground,
        folder: Path,
        *,
        demo: bool = False,
        env: dict[str, str] | None = None,
    ) -> None:
        self.folder = folder
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.web: subprocess.Popen[bytes] | None = None
        self.worker: subprocess.Popen[bytes] | None = None
        self.log = folder.parent / f"{folder.name}.log"
        given = {name.upper(): value for name, value in (env or {}).items()}
        self.env = (
            clean_environment(
                HOST="127.0.0.1",
                PORT=str(self.port),
                SHOP_BASE_URL=self.url,
                SHOP_DATA_DIR=str(folder),
                SHOP_LIMITS="off",
                PYTHONUNBUFFERED="1",
            )
            | given
        )
        self._fill(ground, demo=demo, elsewhere="DATABASE_URL" in given)

    def _fill(self, ground: Ground, *, demo: bool, elsewhere: bool) -> None:
        if elsewhere:
            self.folder.mkdir(parents=True)
            if demo:
                self.flask("demo", "load")
        elif demo:
            shutil.copytree(demo_files(ground), self.folder)
        else:
            self.folder.mkdir(parents=True)
            shutil.copyfile(sqlite_template(ground), self.folder / "shop.db")

    def flask(self, *words: str) -> str:
        """Run one command of the shop and give what it printed."""
        done = subprocess.run(
            [*FLASK, *words], cwd=ROOT, env=self.env, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"flask {' '.join(words)}:\n{done.stdout}{done.stderr}"
        return done.stdout

    def start(self, *, worker: bool = True) -> None:
        """Start web, and the worker too, and wait until pages are answered."""
        self.start_web()
        if worker:
            self.start_worker()

    def start_web(self) -> None:
        self.web = self._spawn(sys.executable, "-m", "gunicorn", "-c", "gunicorn.conf.py",
                               "wsgi:app")  # fmt: skip
        until(self.answers, within_s=30, what=f"web of {self.log}")

    def start_worker(self) -> None:
        self.worker = self._spawn(*FLASK, "worker")

    def answers(self) -> bool:
        """Whether any answer comes from the port; fails when the process has ended."""
        assert self.web is not None
        assert self.web.poll() is None, self.log.read_text()[-3000:]
        try:
            urllib.request.urlopen(f"{self.url}/healthz", timeout=2).close()
        except urllib.error.HTTPError as answer:
            answer.close()
        except OSError:
            return False
        return True

    def signal(self, process: "subprocess.Popen[bytes]", number: int) -> None:
        """Send a signal to a process and all it started."""
        os.killpg(process.pid, number)

    def stop(self) -> None:
        """End both, kindly first; web as Ctrl-C does, which waits for no stream left open."""
        for process, number in ((self.worker, signal.SIGTERM), (self.web, signal.SIGINT)):
            if process is None or process.poll() is not None:
                continue
            process.send_signal(number)
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                self.signal(process, signal.SIGKILL)
                process.wait()

    def _spawn(self, *command: str) -> "subprocess.Popen[bytes]":
        with self.log.open("ab") as log:
            return subprocess.Popen(
                command, cwd=ROOT, env=self.env, stdin=subprocess.DEVNULL, stdout=log,
                stderr=subprocess.STDOUT, start_new_session=True,
            )  # fmt: skip
