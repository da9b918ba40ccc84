"""Shelf, ledger and trace over HTTP, as the contract has them."""

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from shop.db import transactional
from shop.domain.accounts.states import Role
from shop.domain.catalog import queries as catalog
from shop.domain.inventory.models import Lot
from shop.domain.inventory.states import AdjustReason, IntakeTerms, PackingKind
from shop.domain.villages import service as places
from shop.domain.villages.models import Cooperative, Farmer, Village
from shop.domain.villages.service import FarmerWords
from shop.flows import cancelling, packing, stocking
from shop.flows.packing import PackedLot, Packing
from shop.flows.stocking import Delivery
from shop.kernel.clock import rfc3339
from tests import builders as a
from tests.conftest import NOON
from tests.money import a_deal, a_lot, a_paid, place
from tests.seen import stock

pytestmark = pytest.mark.usefixtures("ctx")


@pytest.fixture
def home(ctx: Flask) -> Cooperative:
    return a.a_cooperative()


@pytest.fixture
def keeper(home: Cooperative) -> dict[str, str]:
    return {"Authorization": f"Bearer {a.a_token(a.a_user(seat=(Role.KEEPER, home.id)))}"}


def test_the_shelf_comes_in_pages(
    client: FlaskClient, home: Cooperative, keeper: dict[str, str]
) -> None:
    skus = [a.a_sku(cooperative=home, on_hand=n, title=f"演示 {9 - n}") for n in range(1, 4)]
    a.a_sku(on_hand=1)
    found: list[dict[str, Any]] = []
    after = ""
    for _ in range(4):
        body = client.get(f"/api/v1/inventory?limit=1{after}", headers=keeper).json
        assert len(body["items"]) == 1
        found += body["items"]
        if body["next"] is None:
            break
        after = f"&after={body['next']}"
    assert [(row["sku"], row["on_hand"], len(row["lots"])) for row in found] == [
        (sku, n, 1) for n, sku in enumerate(skus, 1)
    ]
    named = client.get(f"/api/v1/inventory?cooperative={home.slug}", headers=keeper).json
    assert (named["items"], named["next"]) == (found, None)
    for wrong in ("limit=0", "limit=101", "after=zzz"):
        answer = client.get(f"/api/v1/inventory?{wrong}", headers=keeper)
        assert (answer.status_code, answer.json["code"]) == (400, "invalid-parameter"), wrong


def test_deltas_of_the_ledger_add_up_to_what_is_on_hand(
    client: FlaskClient, home: Cooperative, keeper: dict[str, str]
) -> None:
    sku = a.a_sku(cooperative=home, live_floor_fen=1)
    lots = [a_lot(sku, 6, now=NOON - timedelta(days=n)) for n in (2, 1)]
    a_paid({sku: 7})
    buyer = a.an_actor()
    back = a_paid({sku: 2}, buyer=buyer)
    cancelling.cancel_order(actor=buyer.wearing("buyer"), number=back.number, now=NOON)
    cancelling.cancel_order(
        actor=buyer.wearing("buyer"), number=place({sku: 1}, buyer=buyer).number, now=NOON
    )
    a_paid([a_deal(sku=sku, live_price_fen=100, allotment=2)])
    stocking.correct_lot(
        actor=a.a_manager(home),
        code=lots[1].code,
        delta=-1,
        reason=AdjustReason.DAMAGED,
        note=None,
        now=NOON,
    )
    moves = client.get(f"/api/v1/inventory/moves?limit=100&sku={sku}", headers=keeper).json["items"]
    by_kind: dict[str, list[int]] = {}
    for move in reversed(moves):
        by_kind.setdefault(move["kind"], []).append(move["delta"])
    assert by_kind == {
        "receipt": [6, 6],
        "hold": [-7, -2, -1, -1],
        "consume": [0, -6, -1, 0, -2, 0, -1],
        "return": [2],
        "release": [1],
        "transfer": [-2],
        "adjust": [-1],
    }
    counted = ("receipt", "consume", "adjust", "return")
    assert sum(sum(by_kind[kind]) for kind in counted) == stock(sku)[0] == 3
    schemas = client.get("/api/openapi.json").json["components"]["schemas"]
    assert (
        "their sum is what is on hand" in schemas["MoveOut"]["properties"]["delta"]["description"]
    )


@transactional
def a_grower(home: Cooperative, village: Village) -> Farmer:
    words = FarmerWords(name="演示农户", village_id=village.id)
    return places.add_farmer(home.id, words=words, now=NOON)


def weighed(home: Cooperative, sku: str, grower: Farmer, *, hours: int) -> str:
    variant = catalog.variant(sku)
    assert variant is not None
    delivery = Delivery(
        farmer_id=grower.id,
        product_id=variant.product_id,
        grade="一级",
        gross_grams=5000,
        tare_grams=0,
        terms=IntakeTerms.CONSIGNED,
        harvested_on=NOON.date(),
    )
    at = NOON + timedelta(hours=hours)
    return stocking.weigh(delivery, actor=a.a_manager(home), now=at).slip_no


def packed(home: Cooperative, sku: str, kind: PackingKind, *, hours: int, **what: Any) -> Lot:
    return packing.pack(
        Packing(kind=kind, **what),
        PackedLot(sku=sku, quantity=2),
        actor=a.a_manager(home),
        now=NOON + timedelta(hours=hours),
    )


def test_a_trace_names_the_growers_main_village(client: FlaskClient, home: Cooperative) -> None:
    sku = a.a_sku(cooperative=home)
    near, far = (a.a_village(name=name) for name in ("近村", "远村"))
    one, two = a_grower(home, near), a_grower(home, far)
    lot = a_lot(sku, 4, growers=[(one, 500), (two, 1500)])
    body = client.get(f"/api/v1/trace/{lot.code}").json
    assert body["village"]["name"] == "远村"
    assert [village["name"] for village in body["villages"]] == ["远村", "近村"]
    own = client.get(f"/api/v1/trace/{a_lot(sku, 1).code}").json
    assert own["village"]["name"] == "演示村"


def test_a_journey_goes_from_the_scale_over_every_packing_to_the_shelf(
    client: FlaskClient, home: Cooperative
) -> None:
    sku = a.a_sku(cooperative=home, weight_grams=500)
    grower = a_grower(home, a.a_village())
    slips = [weighed(home, sku, grower, hours=hours) for hours in (2, 1)]
    graded = [
        packed(home, sku, PackingKind.GRADED, hours=3 + n, intakes=[(slip, 1000)])
        for n, slip in enumerate(slips)
    ]
    box = packed(home, sku, PackingKind.PACKED, hours=5, lots=[(lot.code, 1) for lot in graded])
    bag = packed(home, sku, PackingKind.PACKED, hours=6, lots=[(box.code, 2)])
    expected = [("weighed", 1), ("graded", 3), ("packed", 5), ("packed", 6), ("shelved", 6)]
    body = client.get(f"/api/v1/trace/{bag.code}").json
    assert [(step["what"], step["at"]) for step in body["journey"]] == [
        (what, rfc3339(NOON + timedelta(hours=hours))) for what, hours in expected
    ]
    first = client.get(f"/api/v1/trace/{graded[0].code}").json
    assert [step["what"] for step in first["journey"]] == ["weighed", "graded", "shelved"]
