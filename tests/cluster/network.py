"""Hosts as network namespaces: each with addresses of its own, on a switch whose ports can fail."""

import os
import shutil
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

SWITCH = "switch"
FILES = Path("/etc/netns")
"""Where ``ip netns exec`` looks for files that one namespace sees in place of those in /etc."""


class NoNamespaces(RuntimeError):
    """This machine makes no network namespaces; the message says why."""


class Network:
    """Namespaces under a name of this process, and everything that runs in them."""

    def __init__(self) -> None:
        self._mark = f"shop{os.getpid()}"
        self._hosts: dict[str, str] = {}
        self._ports: dict[str, list[str]] = {}
        self._nets: list[str] = []
        if os.geteuid() != 0:
            raise NoNamespaces("network namespaces are made by root: sudo make test-cluster")
        if shutil.which("ip") is None:
            raise NoNamespaces("no ip program: install iproute2")
        try:
            self._space(SWITCH)
        except subprocess.CalledProcessError as error:
            raise NoNamespaces(f"no network namespaces here: {error.stderr.strip()}") from error

    def net(self, name: str) -> None:
        """A network that hosts can be joined to."""
        self._ip("-n", self._hosts[SWITCH], "link", "add", name, "type", "bridge")
        self._ip("-n", self._hosts[SWITCH], "link", "set", name, "up")

    def host(self, name: str, **addresses: str) -> None:
        """A host with one address, such as ``10.0.0.1/24``, in each of the named networks."""
        space = self._space(name)
        for net, address in addresses.items():
            port, there = f"{name}-{net}", f"eth-{net}"
            self._ip("-n", self._hosts[SWITCH], "link", "add", port, "type", "veth",
                     "peer", "name", there, "netns", space)  # fmt: skip
            self._ip("-n", self._hosts[SWITCH], "link", "set", port, "master", net, "up")
            self._ip("-n", space, "address", "add", address, "dev", there)
            self._ip("-n", space, "link", "set", there, "up")
            self._ports[name].append(port)

    def knows(self, name: str, host: str, address: str) -> None:
        """Let a host find another by name, by a hosts file of its own."""
        folder = FILES / self._hosts[name]
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "hosts").write_text(f"127.0.0.1 localhost\n{address} {host}\n")

    def cut(self, name: str) -> None:
        """Pull every cable of a host: nobody is told, packets are lost."""
        self._turn(name, "down")

    def mend(self, name: str) -> None:
        self._turn(name, "up")

    def inside(self, name: str, *command: Any, user: str = "") -> list[str]:
        """The command as it runs on a host, where a user is named with that user's rights alone."""
        lent = ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups"] if user else []
        return ["ip", "netns", "exec", self._hosts[name], *lent, *map(str, command)]

    def close(self) -> None:
        """End whatever still runs on a host, by its id, and remove the hosts."""
        for name, space in self._hosts.items():
            if name != SWITCH:
                self._end_all(space)
        for space in self._hosts.values():
            subprocess.run(["ip", "netns", "delete", space], check=False, capture_output=True)
            shutil.rmtree(FILES / space, ignore_errors=True)
        with suppress(OSError):
            FILES.rmdir()
        self._hosts.clear()

    def _space(self, name: str) -> str:
        space = f"{self._mark}-{name}"
        self._ip("netns", "add", space)
        self._hosts[name] = space
        self._ports[name] = []
        self._ip("-n", space, "link", "set", "lo", "up")
        return space

    def _turn(self, name: str, way: str) -> None:
        for port in self._ports[name]:
            self._ip("-n", self._hosts[SWITCH], "link", "set", port, way)

    def _end_all(self, space: str) -> None:
        for number in (signal.SIGTERM, signal.SIGKILL, signal.SIGKILL):
            if not (found := self._running(space)):
                return
            for pid in found:
                try:
                    os.kill(pid, number)
                except ProcessLookupError:
                    continue
            deadline = time.monotonic() + 5
            while self._running(space) and time.monotonic() < deadline:
                time.sleep(0.1)

    def _running(self, space: str) -> list[int]:
        """Processes of the namespace that have not ended; one that waits for its parent has."""
        said = subprocess.run(
            ["ip", "netns", "pids", space], check=False, capture_output=True, text=True
        )
        return [int(pid) for pid in said.stdout.split() if not _is_over(int(pid))]

    def _ip(self, *words: str) -> None:
        subprocess.run(["ip", *words], check=True, capture_output=True, text=True)


def _is_over(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return True
    return state == "Z"
