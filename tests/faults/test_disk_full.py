"""FAULTS 105: no room is left on the disk; the shop says so, lives, and goes on when there is."""

import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
import requests

from tests.chaos.house import House
from tests.faults.crowd import Crowd, statuses
from tests.servers.databases import sqlite_template
from tests.servers.ground import Ground, until
from tests.servers.shop import ShopServer

Start = Callable[..., ShopServer]
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


def test_a_full_disk_under_sqlite_is_told_and_passes(
    start_shop: Start, ground: Ground, tmp_path: Path
) -> None:
    with small_disk(tmp_path / "disk", megabytes=12) as disk:
        (disk / "shop.db").write_bytes(sqlite_template(ground).read_bytes())
        url = f"sqlite:///{disk}/shop.db"
        server = start_shop(worker=False, DATABASE_URL=url)
        full_and_free_again(Crowd(server.url, url, server, people=3), server, disk)
        server.stop()


def test_a_full_tablespace_of_postgresql_is_told_and_passes(ground: Ground, tmp_path: Path) -> None:
    """Kept answers stand on a disk of their own, which is the first to be full."""
    with ExitStack() as stack:
        place = ground.folder / f"disk-{os.getpid()}"
        stack.callback(place.rmdir)
        disk = stack.enter_context(small_disk(place, megabytes=2))
        inside = disk / "space"
        inside.mkdir(mode=0o700)
        os.chown(inside, (ground.folder / "county-cluster" / "data").stat().st_uid, -1)
        house = House(ground, tmp_path, worker=False, WEB_CONCURRENCY="1")
        stack.callback(house.close)
        with house.postgres.connect() as line:
            line.execute(f"CREATE TABLESPACE small LOCATION '{inside}'")
            line.execute("ALTER TABLE kept_answer SET TABLESPACE small")
        crowd = Crowd(house.shop.url, house.postgres.url(), house.shop, people=3)
        full_and_free_again(crowd, house.shop, disk)


def test_a_picture_that_finds_no_room_is_refused_and_leaves_no_piece(
    start_shop: Start, tmp_path: Path
) -> None:
    with small_disk(tmp_path / "disk", megabytes=1) as disk:
        server = start_shop(worker=False, demo=True, SHOP_PICTURES_URL=f"file://{disk}/pictures")
        body = {"phone": "13800000003", "password": "village-demo"}
        api = f"{server.url}/api/v1"
        token = requests.post(f"{api}/tokens", json=body, timeout=10).json()["token"]
        head = {"Authorization": f"Bearer {token}"}
        picture = (Path(__file__).parents[2] / "docs" / "board.jpg").read_bytes()
        fill(disk)
        sent = {"file": ("a.jpg", picture, "image/jpeg")}
        found = requests.post(f"{api}/pictures", files=sent, headers=head, timeout=20)
        assert (found.status_code, found.json()["code"]) == (507, "storage-full"), found.text
        assert found.headers["Retry-After"].isdigit()
        free(disk)
        found = requests.post(f"{api}/pictures", files=sent, headers=head, timeout=20)
        assert found.status_code == 201
        server.stop()
