"""FAULTS 105: no room is left on the disk; the shop says so, lives, and goes on when there is."""

from collections.abc import Callable
from pathlib import Path

import requests

from tests.faults.crowd import Crowd
from tests.faults.small_disk import fill, free, full_and_free_again, small_disk
from tests.servers.databases import sqlite_template
from tests.servers.ground import Ground
from tests.servers.shop import ShopServer

Start = Callable[..., ShopServer]


def test_a_full_disk_under_sqlite_is_told_and_passes(
    start_shop: Start, ground: Ground, tmp_path: Path
) -> None:
    with small_disk(tmp_path / "disk", megabytes=12) as disk:
        (disk / "shop.db").write_bytes(sqlite_template(ground).read_bytes())
        url = f"sqlite:///{disk}/shop.db"
        server = start_shop(worker=False, DATABASE_URL=url)
        full_and_free_again(Crowd(server.url, url, server, people=3), server, disk)
        server.stop()


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
