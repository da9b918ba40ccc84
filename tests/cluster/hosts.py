"""The hosts of ``deploy/`` on one machine: its files with this machine's paths, and what runs."""

import os
import pwd
import secrets
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.cluster import sms
from tests.cluster.network import Network
from tests.cluster.units import Unit, environment
from tests.servers import valkey
from tests.servers.ground import ROOT
from tests.servers.shop import clean_environment

DEPLOY = ROOT / "deploy"
NAME = "shop.example"
PUBLIC = "203.0.113.10"
INNER = {
    "edge": "10.20.0.10", "web1": "10.20.0.11", "web2": "10.20.0.12", "worker": "10.20.0.21",
    "primary": "10.20.0.31", "replica": "10.20.0.32", "redis": "10.20.0.41",
}  # fmt: skip
"""The addresses that the files of ``deploy/`` name."""

POSTGRES = "postgres"


class Hosts:
    """What stands where; each process's output goes to a file of its name in ``folder``."""

    def __init__(self, network: Network, folder: Path) -> None:
        self.network, self.folder = network, folder
        self.secrets = {name: secrets.token_hex(20) for name in ("shop", "owner", "replication")}
        self.redis_secret = secrets.token_hex(20)
        self.running: dict[str, subprocess.Popen[bytes]] = {}
        self.units: dict[str, Unit] = {}
        network.net("inner")
        network.net("public")
        for name, address in INNER.items():
            public = {"public": f"{PUBLIC}/24"} if name == "edge" else {}
            network.host(name, inner=f"{address}/24", **public)
        network.host("viewers", public="203.0.113.77/24")
        network.knows("worker", NAME, INNER["edge"])
        for name in ("data", "metrics", "pictures", "etc"):
            (folder / name).mkdir()
        self._environments()

    def start(self, what: str, host: str, *command: Any, user: str = "", **more: Any) -> None:
        """Run a program on a host."""
        with (self.folder / f"{what}.log").open("ab") as said:
            self.running[what] = subprocess.Popen(
                self.network.inside(host, *command, user=user), stdin=subprocess.DEVNULL,
                stdout=said, stderr=said, start_new_session=True,
                env=clean_environment(), **more,
            )  # fmt: skip

    def run(self, host: str, *command: Any, user: str = "", **env: str) -> str:
        """Run a program to its end, which has to be a good one; gives what it printed."""
        done = subprocess.run(
            self.network.inside(host, *command, user=user), env=clean_environment(**env),
            cwd=ROOT if not user else self.folder, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
        return done.stdout

    def kill(self, what: str) -> None:
        """SIGKILL to a program and all it has started."""
        process = self.running.pop(what)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def signal(self, what: str, number: int) -> None:
        self.running[what].send_signal(number)

    def rendered(self, text: str) -> str:
        """A text of ``deploy/`` with this machine's paths."""
        here = str(self.folder)
        for there, path in {
            "/opt/shop/current/.venv/bin": str(Path(sys.executable).parent),
            "/opt/shop/current": str(ROOT),
            "/etc/shop": f"{here}/etc",
            "/run/shop-web/metrics": f"{here}/metrics",
            "/var/lib/shop": f"{here}/data",
            "/srv/shop/pictures": f"{here}/pictures",
        }.items():
            text = text.replace(there, path)
        return text

    def start_unit(self, what: str, unit: str, host: str) -> None:
        """Start a service of ``deploy/systemd``."""
        made = self.units[what] = Unit.read(DEPLOY / "systemd" / unit, self.rendered_for(host))
        with (self.folder / f"{what}.log").open("ab") as said:
            self.running[what] = subprocess.Popen(
                self.network.inside(host, *made.command), cwd=made.folder,
                env=clean_environment(**made.env, REQUESTS_CA_BUNDLE=str(self.certificate)),
                stdin=subprocess.DEVNULL, stdout=said, stderr=said, start_new_session=True,
            )  # fmt: skip

    def restart_unit(self, what: str, unit: str, host: str) -> None:
        """Stop a service, and start it as soon as it has ended."""
        self.units[what].end(self.running[what])
        self.start_unit(what, unit, host)

    def rendered_for(self, host: str) -> Any:
        """Each web host has a ``web.env`` of its own."""
        return lambda text: self.rendered(text).replace("web.env", f"{host}.env")

    def flask(self, *words: str, **env: str) -> str:
        """A command of the shop on the first web host, in the environment of a worker."""
        unit = Unit.read(DEPLOY / "systemd" / "shop-worker@.service", self.rendered)
        return self.run("web1", unit.command[0], "--app", "wsgi", *words, **dict(unit.env) | env)

    def migrate(self) -> None:
        unit = Unit.read(DEPLOY / "systemd" / "shop-migrate.service", self.rendered)
        self.run("web1", *unit.command, **unit.env)

    def _environments(self) -> None:
        """The three environment files; what nobody knows beforehand is made up."""
        etc = self.folder / "etc"
        doors = {"SHOP_GATEWAYS": "sandbox", "SHOP_ALLOW_SANDBOX": "on",
                 "SHOP_SANDBOX_SECRET": secrets.token_hex(20),
                 "SHOP_SMS_URL": f"http://{INNER['worker']}:{sms.PORT}/send"}  # fmt: skip
        for name in ("shop.env", "migrate.env", "web.env"):
            text = self.rendered((DEPLOY / "env" / name).read_text())
            text = text.replace("shop:CHANGE-ME", f"shop:{self.secrets['shop']}")
            text = text.replace("shop_owner:CHANGE-ME", f"shop_owner:{self.secrets['owner']}")
            text = text.replace(":CHANGE-ME@10.20.0.41", f":{self.redis_secret}@10.20.0.41")
            values = environment(text.replace("CHANGE-ME", secrets.token_hex(20)))
            values |= doors if name == "shop.env" else {}
            _write(etc / name, values)
        web = environment((etc / "web.env").read_text()) | {"WEB_CONCURRENCY": "1"}
        for host in ("web1", "web2"):
            _write(etc / f"{host}.env", web | {"HOST": INNER[host]})

    def start_sms(self) -> None:
        """Beside the worker, since no host here reaches the world."""
        self.start("sms", "worker", sys.executable, sms.__file__, INNER["worker"])

    def start_redis(self) -> None:
        conf = self.folder / "redis.conf"
        text = (DEPLOY / "redis" / "shop.conf").read_text()
        conf.write_text(text.replace("CHANGE-ME", self.redis_secret))
        self.start("redis", "redis", valkey.find(), conf, "--dir", self.folder)

    def start_nginx(self) -> None:
        """With a certificate that the viewers are told to trust."""
        folder = self.folder / "nginx"
        for name in ("tls", "conf.d", "cache"):
            (folder / name).mkdir(parents=True)
        key, certificate = folder / "tls" / f"{NAME}.key", self.certificate
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
             "-nodes", "-days", "2", "-subj", f"/CN={NAME}", "-addext",
             f"subjectAltName=DNS:{NAME}", "-keyout", key, "-out", certificate],
            check=True, capture_output=True,
        )  # fmt: skip
        for path in (DEPLOY / "nginx").glob("*.conf"):
            text = path.read_text().replace("/etc/nginx/mime.types", "{mime}")
            for there, here in {"/etc/nginx/": f"{folder}/", "/var/log/nginx": str(folder),
                                "/var/cache/nginx": f"{folder}/cache",
                                "/run/nginx.pid": f"{folder}/pid"}.items():  # fmt: skip
                text = text.replace(there, here)
            if not Path("/proc/net/if_inet6").exists():
                text = "\n".join(line for line in text.splitlines() if "listen [::]" not in line)
            where = folder / "conf.d" if path.name == "shop.conf" else folder
            (where / path.name).write_text(text.replace("{mime}", "/etc/nginx/mime.types"))
        conf = folder / "nginx.conf"
        self.run("edge", "nginx", "-t", "-c", conf)
        self.start("nginx", "edge", "nginx", "-c", conf, "-g", "daemon off;")

    @property
    def certificate(self) -> Path:
        return self.folder / "nginx" / "tls" / f"{NAME}.pem"

    def start_pgbouncer(self, secret: str) -> None:
        """``secret``: how PostgreSQL keeps the password of the application's role."""
        folder = lent(self.folder / "pgbouncer")
        for path in (DEPLOY / "pgbouncer").iterdir():
            text = path.read_text().replace("SCRAM-SHA-256$CHANGE-ME", secret)
            for there in ("/etc/pgbouncer", "/var/run/postgresql", "/var/log/postgresql"):
                text = text.replace(there, str(folder))
            (folder / path.name).write_text(text)
        program = shutil.which("pgbouncer", path="/usr/sbin:/usr/bin:/usr/local/bin")
        self.start("pgbouncer", "edge", program, folder / "pgbouncer.ini", user=POSTGRES)

    def point_pgbouncer_at(self, host: str) -> None:
        """What the guide says: another address in ``databases.ini``, and a reload."""
        ini = self.folder / "pgbouncer" / "databases.ini"
        ini.write_text(ini.read_text().replace(INNER["primary"], INNER[host]))
        self.signal("pgbouncer", signal.SIGHUP)


def lent(folder: Path) -> Path:
    """A folder that belongs to PostgreSQL's user."""
    folder.mkdir()
    owner = pwd.getpwnam(POSTGRES)
    os.chown(folder, owner.pw_uid, owner.pw_gid)
    return folder


def _write(path: Path, values: dict[str, str]) -> None:
    path.write_text("".join(f"{name}={value}\n" for name, value in values.items()))
