"""Where the sandbox provider keeps what is true on its side: one JSON file a payment."""

import fcntl
import json
import os
import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol, cast

ID = re.compile(r"sbx_[0-9a-f]{24}")


class SandboxLedger(Protocol):
    """The sandbox's memory, shared by the web and worker processes."""

    def hold(self) -> AbstractContextManager[None]:
        """A context in which nobody else changes the ledger."""
        ...

    def get(self, provider_id: str) -> dict[str, Any] | None:
        """One payment, or ``None``."""
        ...

    def put(self, provider_id: str, record: dict[str, Any], *, at: datetime | None = None) -> None:
        """Write one payment whole; ``at`` is when its latest event happened, if it has one."""
        ...

    def of_payment(self, payment_id: int) -> list[dict[str, Any]]:
        """What was started for one payment of the shop."""
        ...

    def find(self, since: datetime) -> list[dict[str, Any]]:
        """The payments with an event at or after ``since``, and perhaps some older."""
        ...


class FileSandboxLedger:
    """Files in a folder; a file's modification time is that of its latest event.

    A reader never sees half a file (written beside it, then renamed), and one lock file keeps two
    processes from changing one payment at once. Nothing in here yields to another greenlet, so the
    lock is held for file operations only.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    @contextmanager
    def hold(self) -> Iterator[None]:
        with open(self._folder / ".lock", "a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def get(self, provider_id: str) -> dict[str, Any] | None:
        if not ID.fullmatch(provider_id):
            return None
        try:
            return cast("dict[str, Any]", json.loads(self._path(provider_id).read_bytes()))
        except FileNotFoundError:
            return None

    def put(self, provider_id: str, record: dict[str, Any], *, at: datetime | None = None) -> None:
        path = self._path(provider_id)
        beside = path.with_suffix(".new")
        beside.write_text(json.dumps(record, ensure_ascii=False), encoding="utf-8")
        stamp = at.timestamp() if at else 0.0
        os.utime(beside, (stamp, stamp))
        os.replace(beside, path)

    def of_payment(self, payment_id: int) -> list[dict[str, Any]]:
        begins = f"sbx_{payment_id:012x}"
        return self._read(lambda entry: entry.name.startswith(begins))

    def find(self, since: datetime) -> list[dict[str, Any]]:
        floor = since.timestamp() - 1
        return self._read(lambda entry: entry.stat().st_mtime >= floor)

    def _read(self, wanted: Callable[[os.DirEntry[str]], bool]) -> list[dict[str, Any]]:
        with os.scandir(self._folder) as entries:
            names = [one.name for one in entries if one.name.endswith(".json") and wanted(one)]
        found = [self.get(name.removesuffix(".json")) for name in sorted(names)]
        return [record for record in found if record is not None]

    def _path(self, provider_id: str) -> Path:
        return self._folder / f"{provider_id}.json"
