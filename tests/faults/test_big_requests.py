"""FAULTS 11 and 85: endless lists and huge batches cost no memory; a return comes back once."""

import json
from collections import Counter
from collections.abc import Callable

import psutil
import requests
from flask import Flask

from shop.domain.accounts.states import Role
from tests.builders import a_cooperative, a_sku, a_token, an_actor
from tests.conftest import Race
from tests.invariants import assert_sound
from tests.lengths import rounds
from tests.seen import stock
from tests.servers.shop import ShopServer

Start = Callable[..., ShopServer]
MOST_MIB = 48


def resident(pid: int) -> int:
    """Bytes of the server and its workers."""
    top = psutil.Process(pid)
    return sum(one.memory_info().rss for one in (top, *top.children(recursive=True)))


def test_endless_lists_forged_cursors_and_huge_batches_are_refused_and_cost_no_memory(
    start_shop: Start,
) -> None:
    """FAULTS 85."""
    server = start_shop(demo=True, worker=False)
    assert server.web is not None
    many = [{"sku": f"SKU-{number}", "quantity": 1} for number in range(100_000)]
    asks: list[tuple[str, str, bytes | None]] = [
        ("GET", "/api/v1/products?limit=1000000000", None),
        ("GET", "/api/v1/products?limit=101", None),
        ("GET", "/api/v1/products?limit=-1", None),
        ("GET", "/api/v1/products?after=bm90LWEtY3Vyc29y", None),
        ("GET", "/api/v1/products?after=" + "A" * 3000, None),
        ("GET", "/api/v1/products?q=" + "a" * 3000, None),
        ("POST", "/api/v1/quotes", json.dumps({"items": many}).encode()),
        ("POST", "/api/v1/quotes", json.dumps({"items": many[:10_000]}).encode()),
    ]
    with requests.Session() as line:
        line.headers["Content-Type"] = "application/json"
        before = 0
        for turn in range(rounds(6, 200)):
            for method, path, body in asks:
                found = line.request(method, server.url + path, data=body, timeout=20)
                assert found.status_code in (400, 413, 422), (path[:60], found.status_code)
            if turn == 1:
                before = resident(server.web.pid)
    grown = (resident(server.web.pid) - before) / 2**20
    assert grown < MOST_MIB, f"{grown:.0f} MiB"


def test_a_return_that_is_booked_twice_at_once_comes_back_once(
    house: Flask, ctx: Flask, race: Race
) -> None:
    """FAULTS 11: two people press the same button, with the same key."""
    home = a_cooperative()
    sku = a_sku(cooperative=home)
    token = a_token(an_actor(seat=(Role.KEEPER, home.id)).user_id or 0)
    me = {"Authorization": f"Bearer {token}"}
    client = house.test_client()
    body = {"sku": sku, "quantity": 9, "harvested_on": "2026-03-01"}
    lot = client.post("/api/v1/lots", json=body, headers=me).get_json()["code"]
    lost = {"lot": lot, "delta": -5, "reason": "damaged"}
    assert client.post("/api/v1/inventory/adjustments", json=lost, headers=me).status_code == 201
    for number in range(1, rounds(2, 5) + 1):
        back = {"lot": lot, "delta": 1, "reason": "returned"}
        key = me | {"Idempotency-Key": f"return-{number}"}

        def book(_: int, back: object = back, key: dict[str, str] = key) -> int:
            answer = house.test_client().post(
                "/api/v1/inventory/adjustments", json=back, headers=key
            )
            return int(answer.status_code)

        told = Counter(race(2, book))
        assert set(told) <= {201, 409}
        assert told[201] >= 1
        assert stock(sku)[0] == 4 + number
    assert_sound()
