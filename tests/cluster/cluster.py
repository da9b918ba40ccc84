"""All hosts together, in the order of the guide, and the crowd that uses them."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from tests.cluster import shoppers
from tests.cluster.databases import Databases
from tests.cluster.hosts import INNER, NAME, PUBLIC, Hosts
from tests.cluster.network import Network
from tests.servers.ground import until

BUYERS, VIEWERS = 24, 3
PAUSE_S = 1.2
SKU = "MG-XG-500"
ORDER = {
    "items": [{"sku": SKU, "quantity": 1}],
    "ship_to": {
        "name": "演示买家", "phone": "13800000001", "region_code": "110105", "street": "演示路1号",
    },
    "consents": ["perishable-no-return"],
}  # fmt: skip
ACCIDENTS = ('"Exception on', '"unhandled"', "Error handling request", "sqlalchemy.exc.")
SERVICES = ("web1", "web2", "worker1")


class Cluster:
    """The whole layout of ``deploy/`` on one machine."""

    def __init__(self, network: Network, folder: Path) -> None:
        self.network, self.folder = network, folder
        self.hosts = Hosts(network, folder)
        self.databases = Databases(self.hosts)
        self.tokens: list[str] = []
        self.log = folder / "crowd.log"
        self._over = folder / "over"
        self._crowd: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """First the databases, then what asks them."""
        self.databases.start_primary()
        self.hosts.migrate()
        self.hosts.start_pgbouncer(self.databases.secret_of("shop"))
        self.hosts.start_redis()
        self.hosts.start_sms()
        self._fill()
        self.databases.start_replica()
        for host in ("web1", "web2"):
            self.hosts.start_unit(host, "shop-web.service", host)
        self.hosts.start_unit("worker1", "shop-worker@.service", "worker")
        self.hosts.start_nginx()
        for host in ("web1", "web2"):
            address = f"http://{INNER[host]}:8000/readyz"
            until(lambda a=address: self.fetched(a, host="edge") == 200, within_s=60, what=address)  # type: ignore[misc]

    def _fill(self) -> None:
        """Demonstrations are for anything but production, so they are loaded before it begins."""
        elsewhere = {"SHOP_ENV": "development"}
        self.hosts.flask("demo", "load", **elsewhere)
        said = self.hosts.flask("demo", "buyers", "--count", str(BUYERS + 1), **elsewhere)
        self.tokens = said.split()

    def fetched(self, address: str, *words: str, host: str = "viewers") -> int:
        """The status of an address as a host sees it; 0 where nobody answers."""
        return int(self._curl(host, "-o", "/dev/null", "-w", "%{http_code}", *words, address) or 0)

    def asked(self, path: str, body: dict[str, Any] | None = None, *, token: str = "") -> Any:
        """What the API answers a viewer."""
        words = ["-H", f"Authorization: Bearer {token}"] if token else []
        if body is not None:
            words += ["-H", "Content-Type: application/json", "-d", json.dumps(body)]
        return json.loads(self._curl("viewers", *words, f"https://{NAME}/api/v1{path}"))

    def _curl(self, host: str, *words: str) -> str:
        done = subprocess.run(
            self.network.inside(
                host, "curl", "-s", "-m", "8", "--cacert", self.hosts.certificate,
                "--resolve", f"{NAME}:443:{PUBLIC}", *words,
            ),
            check=False, capture_output=True, text=True,
        )  # fmt: skip
        return done.stdout

    def room(self) -> int:
        """The show that is on air."""
        return int(self.databases.sql("SELECT id FROM live_session WHERE status = 'live' LIMIT 1"))

    def let_the_crowd_in(self) -> None:
        plan = {
            "name": NAME, "address": PUBLIC, "authority": str(self.hosts.certificate),
            "log": str(self.log), "over": str(self._over), "run": "crowd",
            "buyers": self.tokens[:BUYERS], "talker": self.tokens[BUYERS], "viewers": VIEWERS,
            "pause_s": PAUSE_S, "room": self.room(), "order": ORDER,
        }  # fmt: skip
        (self.folder / "plan.json").write_text(json.dumps(plan))
        self.log.touch()
        with (self.folder / "crowd.said").open("wb") as said:
            self._crowd = subprocess.Popen(
                self.network.inside(
                    "viewers", sys.executable, shoppers.__file__, self.folder / "plan.json"
                ),
                stdin=subprocess.DEVNULL, stdout=said, stderr=said, start_new_session=True,
            )  # fmt: skip

    def see_the_crowd_out(self) -> None:
        """Nobody begins anything new; what was begun is answered first."""
        assert self._crowd is not None
        self._over.touch()
        self._crowd.wait(90)
        said = (self.folder / "crowd.said").read_text()
        assert self._crowd.returncode == 0, said
        assert "Traceback" not in said, said

    def noted(self, what: str, *, after: float = 0, before: float = 1e12) -> list[dict[str, Any]]:
        """What the crowd noted so far of one kind, in a span of time."""
        lines = [json.loads(line) for line in self.log.read_text().splitlines() if line[-1:] == "}"]
        return [one for one in lines if one["what"] == what and after <= one["at"] < before]

    def placed(self, **span: float) -> list[dict[str, Any]]:
        """Orders that were answered with 201."""
        return [one for one in self.noted("order", **span) if one["status"] == 201]

    def until_placed(self, *, after: float, within_s: float) -> float:
        """Wait for an order that was both sent and answered after an instant; gives the seconds."""
        until(lambda: any(one["began"] > after for one in self.placed(after=after)),
              within_s=within_s, what="an order was placed")  # fmt: skip
        return min(one["at"] for one in self.placed(after=after) if one["began"] > after) - after

    def lose_the_primary(self) -> None:
        """Its power fails: everything there ends at once, and its cable is dead."""
        self.hosts.kill("primary")
        self.network.cut("primary")

    def take_over(self) -> float:
        """What the guide has the operator do; gives when it was done."""
        self.databases.promote()
        self.hosts.point_pgbouncer_at("replica")
        return time.time()

    def accidents(self) -> str:
        """What the web hosts have logged of answers with 500, for a test that failed."""
        lines = [
            line for host in ("web1", "web2")
            for line in (self.folder / f"{host}.log").read_text().splitlines()
            if any(words in line for words in ACCIDENTS)
        ]  # fmt: skip
        return "\n".join(lines[-5:]).replace("\\n", "\n")

    def close(self) -> None:
        """Services as systemd ends them; the network ends whatever is left."""
        if self._crowd is not None and self._crowd.poll() is None:
            self._crowd.send_signal(signal.SIGTERM)
            self._crowd.wait(20)
        for what in SERVICES:
            if what in self.hosts.running:
                self.hosts.units[what].end(self.hosts.running[what])
        self.network.close()
        for process in self.hosts.running.values():
            process.wait(20)
