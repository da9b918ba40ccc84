"""The primary and its streaming replica, as ``deploy/postgresql`` has them."""

import signal
import subprocess
import time
from pathlib import Path

from tests.cluster.hosts import DEPLOY, INNER, POSTGRES, Hosts, lent
from tests.servers.ground import until
from tests.servers.postgres import find

CONF = DEPLOY / "postgresql"
SMALL = "shared_buffers = 64MB\nmaintenance_work_mem = 32MB\nmax_wal_size = 256MB\n"


class Databases:
    """Two servers; each keeps its configuration beside its data, as Debian does."""

    def __init__(self, hosts: Hosts) -> None:
        self.hosts = hosts
        self.programs = find()
        self.folders = {name: lent(hosts.folder / name) for name in ("primary", "replica")}
        for name, folder in self.folders.items():
            self._configure(name, folder)
        self._passwords()
        self.sql_host = "primary"

    def _configure(self, name: str, folder: Path) -> None:
        lent(folder / "conf.d")
        (folder / "conf.d" / "shop.conf").write_text((CONF / "shop.conf").read_text())
        (folder / "conf.d" / "small.conf").write_text(
            f"{SMALL}unix_socket_directories = '{folder}'\n"
        )
        (folder / "pg_hba.conf").write_text((CONF / "pg_hba.conf").read_text())
        (folder / "pg_ident.conf").write_text("")
        (folder / "postgresql.conf").write_text(
            f"data_directory = '{folder}/data'\nhba_file = '{folder}/pg_hba.conf'\n"
            f"ident_file = '{folder}/pg_ident.conf'\ninclude_dir = 'conf.d'\n"
        )

    def _passwords(self) -> None:
        path = self.hosts.folder / "replica" / "pgpass"
        path.write_text(f"*:*:*:shop_replication:{self.hosts.secrets['replication']}\n")
        path.chmod(0o600)
        self.hosts.run("replica", "chown", POSTGRES, path)

    def start_primary(self) -> None:
        """A new cluster with its roles; it waits for no replica yet."""
        self.hosts.run("primary", self.programs / "initdb", "-D", self.folders["primary"] / "data",
                       "-U", POSTGRES, "-E", "UTF8", "--locale=C", user=POSTGRES)  # fmt: skip
        self._start("primary")
        words = [f"{name}='{secret}'" for name, secret in self.hosts.secrets.items()]
        given = [part for word in words for part in ("-v", word)]
        self.hosts.run("primary", *self._psql("primary", POSTGRES), *given,
                       "-f", CONF / "roles.sql", user=POSTGRES)  # fmt: skip

    def start_replica(self) -> None:
        """A copy of the primary that follows it; from then on commits wait for it."""
        there, data = self.folders["replica"], self.folders["replica"] / "data"
        self.hosts.run("replica", self.programs / "pg_basebackup", "-h", INNER["primary"],
                       "-U", "shop_replication", "-w", "-D", data, "-S", "shop_b",
                       "--checkpoint=fast", user=POSTGRES,
                       PGPASSFILE=str(there / "pgpass"))  # fmt: skip
        text = (CONF / "replica.conf").read_text()
        text = text.replace("/var/lib/postgresql/.pgpass", str(there / "pgpass"))
        (there / "conf.d" / "role.conf").write_text(text)
        self.hosts.run("replica", "touch", data / "standby.signal", user=POSTGRES)
        self._start("replica")
        role = (CONF / "primary.conf").read_text()
        (self.folders["primary"] / "conf.d" / "role.conf").write_text(role)
        self.hosts.signal("primary", signal.SIGHUP)
        until(lambda: self.sql("SELECT sync_state FROM pg_stat_replication") == "sync",
              within_s=30, what="a synchronous replica")  # fmt: skip

    def promote(self) -> float:
        """The replica takes over; gives when it did. Its application's questions go there, too."""
        self.hosts.run("replica", self.programs / "pg_ctl", "promote", "-D",
                       self.folders["replica"] / "data", user=POSTGRES)  # fmt: skip
        self.sql_host = "replica"
        return time.time()

    def secret_of(self, role: str) -> str:
        """How the password of a role is kept: PgBouncer is given the same."""
        return self.sql(f"SELECT rolpassword FROM pg_authid WHERE rolname = '{role}'")

    def sql(self, question: str, *, host: str = "") -> str:
        """The answer to a superuser's question, as text; the primary's unless ``host`` is named."""
        where = host or self.sql_host
        return self.hosts.run(
            where, *self._psql(where, "shop"), "-c", question, user=POSTGRES
        ).strip()

    def _psql(self, host: str, database: str) -> list[object]:
        return [self.programs / "psql", "-XqAtw", "-h", self.folders[host], "-U", POSTGRES,
                "-d", database]  # fmt: skip

    def _start(self, name: str) -> None:
        folder = self.folders[name]
        self.hosts.start(name, name, self.programs / "postgres", "-D", folder / "data",
                         "-c", f"config_file={folder}/postgresql.conf", user=POSTGRES)  # fmt: skip

        def answers() -> bool:
            done = subprocess.run(
                self.hosts.network.inside(
                    name, self.programs / "pg_isready", "-q", "-h", folder, user=POSTGRES
                ),
                check=False,
            )
            return done.returncode == 0

        until(answers, within_s=30, what=f"the {name} server")
