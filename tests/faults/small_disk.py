"""A disk of a few megabytes, which a test can fill."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

from tests.faults.crowd import Crowd, statuses
from tests.servers.ground import until
from tests.servers.shop import ShopServer

FILLER = "filler"


@contextmanager
def small_disk(folder: Path, *, megabytes: int) -> Iterator[Path]:
    """A file system of a few megabytes in ``folder``."""
    folder.mkdir()
    size = f"size={megabytes}m,mode=0777"
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", size, "tmpfs", str(folder)],
        check=False, capture_output=True, text=True,
    )  # fmt: skip
    if made.returncode != 0:
        pytest.skip(f"only root may mount a small disk: {made.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def fill(folder: Path) -> None:
    """Take every byte that is left."""
    with (folder / FILLER).open("ab", buffering=0) as filler:
        for size in (65536, 4096, 512):
            try:
                while filler.write(b"\0" * size):
                    continue
            except OSError:
                continue


def free(folder: Path) -> None:
    (folder / FILLER).unlink()


def full_and_free_again(crowd: Crowd, server: ShopServer, disk: Path) -> None:
    """People order until there is no room, are told so, and order on when there is."""
    with crowd:
        crowd.until_placed(5)
        fill(disk)
        until(lambda: 507 in statuses(crowd.log.times), within_s=30, what="a full disk")
        assert requests.get(f"{server.url}/healthz", timeout=10).status_code == 200
        assert requests.get(f"{server.url}/api/v1/products", timeout=10).status_code == 200
        free(disk)
        crowd.until_placed(5)
    assert set(statuses(crowd.log.times)) <= {200, 201, 503, 507}
    assert server.web is not None
    assert server.web.poll() is None
    crowd.assert_nothing_lost()
