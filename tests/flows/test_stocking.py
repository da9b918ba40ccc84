"""From the scale to the shelf: slips, packing runs, lots, and what is past its best."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from shop.db import db
from shop.domain.accounts.states import Role
from shop.domain.catalog import queries as catalog
from shop.domain.inventory.errors import OutOfStock
from shop.domain.inventory.models import Intake, Lot, PackingInput, PackingRun
from shop.domain.inventory.queries import lot_sales
from shop.domain.inventory.states import AdjustReason, IntakeTerms, PackingKind
from shop.domain.villages.models import Cooperative
from shop.flows import packing, stocking
from shop.flows.packing import PackedLot, Packing
from shop.flows.stocking import Delivery, NewLot
from shop.kernel.actor import Actor
from shop.kernel.errors import Invalid, NotFound
from tests.builders import a_cooperative, a_farmer, a_manager, a_sku
from tests.conftest import NOON
from tests.invariants import assert_sound
from tests.money import a_lot, a_paid, place
from tests.seen import stock

TODAY = NOON.date()
DAY = timedelta(days=1)


def keeper(home: Cooperative) -> Actor:
    return a_manager(home, role=Role.KEEPER)


def product_of(sku: str) -> int:
    variant = catalog.variant(sku)
    assert variant is not None
    product_id = variant.product_id
    db.session.rollback()
    return product_id


def weigh(home: Cooperative, sku: str, **changes: Any) -> Intake:
    delivery = Delivery(
        farmer_id=changes.pop("farmer_id", 0) or a_farmer(home).id,
        product_id=product_of(sku),
        grade="一级",
        gross_grams=10_500,
        tare_grams=500,
        terms=IntakeTerms.CONSIGNED,
        harvested_on=TODAY,
    )
    return stocking.weigh(replace(delivery, **changes), actor=keeper(home), now=NOON)


def new_lot(sku: str, quantity: int, **changes: Any) -> NewLot:
    return replace(NewLot(sku=sku, quantity=quantity, harvested_on=TODAY), **changes)


def pack(
    home: Cooperative,
    sku: str,
    quantity: int,
    *,
    kind: PackingKind = PackingKind.DRIED,
    best_before: date | None = None,
    now: datetime = NOON,
    **what: Any,
) -> Lot:
    made = PackedLot(sku=sku, quantity=quantity, best_before=best_before)
    return packing.pack(Packing(kind=kind, **what), made, actor=keeper(home), now=now)


def shelve(home: Cooperative, lot: NewLot) -> Lot:
    return stocking.shelve_lot(lot, actor=keeper(home), now=NOON)


def growers(lot: Lot) -> list[tuple[int | None, int]]:
    db.session.rollback()
    found = db.session.get_one(Lot, lot.id, populate_existing=True)
    return sorted(((c.farmer_id, c.grams) for c in found.contributions), key=str)


@pytest.fixture
def home(ctx: Flask) -> Cooperative:
    return a_cooperative()


def test_the_farmer_gets_a_slip_for_what_was_weighed(home: Cooperative) -> None:
    slip = weigh(home, a_sku(cooperative=home))
    assert (slip.net_grams, slip.left_grams) == (10_000, 10_000)
    assert slip.slip_no.startswith("W260302-")
    bought = weigh(home, a_sku(cooperative=home), terms=IntakeTerms.BOUGHT, price_fen_per_kg=1200)
    assert bought.price_fen_per_kg == 1200


@pytest.mark.parametrize(
    "changes",
    [
        {"gross_grams": 0},
        {"gross_grams": 2**63},
        {"tare_grams": -1},
        {"tare_grams": 10_500},
        {"price_fen_per_kg": 1200},
        {"terms": IntakeTerms.BOUGHT},
        {"terms": IntakeTerms.BOUGHT, "price_fen_per_kg": 0},
        {"harvested_on": TODAY + DAY},
    ],
)
def test_a_slip_that_cannot_be_true_is_refused(home: Cooperative, changes: dict[str, Any]) -> None:
    sku = a_sku(cooperative=home)
    with pytest.raises(Invalid):
        weigh(home, sku, **changes)


def test_another_cooperatives_farmer_product_slip_or_lot_is_not_found(home: Cooperative) -> None:
    other = a_cooperative()
    own, foreign = a_sku(cooperative=home), a_sku(cooperative=other)
    with pytest.raises(NotFound):
        weigh(home, own, farmer_id=a_farmer(other).id)
    with pytest.raises(NotFound):
        weigh(home, foreign)
    with pytest.raises(NotFound):
        shelve(home, new_lot(foreign, 1))
    with pytest.raises(NotFound):
        shelve(home, new_lot(own, 1, growers=[(a_farmer(other).id, 500)]))
    slip, lot = weigh(other, foreign), shelve(other, new_lot(foreign, 5))
    with pytest.raises(NotFound):
        pack(home, own, 1, intakes=[(slip.slip_no, 500)])
    with pytest.raises(NotFound):
        pack(home, own, 1, lots=[(lot.code, 1)])
    with pytest.raises(NotFound):
        stocking.correct_lot(
            actor=keeper(home),
            code=lot.code,
            delta=-1,
            reason=AdjustReason.DAMAGED,
            note=None,
            now=NOON,
        )


def test_a_lot_without_growers_is_the_cooperatives_own(home: Cooperative) -> None:
    sku, farmer = a_sku(cooperative=home, weight_grams=500), a_farmer(home)
    assert growers(shelve(home, new_lot(sku, 4))) == [(None, 2000)]
    assert growers(shelve(home, new_lot(sku, 4, farmer_id=farmer.id))) == [(farmer.id, 2000)]
    assert stock(sku) == (8, 0, 0)
    assert_sound()


@pytest.mark.parametrize(
    "changes",
    [
        {"quantity": 0},
        {"quantity": -1},
        {"quantity": 2**63},
        {"harvested_on": TODAY + DAY},
        {"best_before": TODAY - DAY},
        {"growers": [(1, 0)]},
    ],
)
def test_a_lot_that_cannot_be_true_is_refused(home: Cooperative, changes: dict[str, Any]) -> None:
    a_farmer(home)
    lot = replace(new_lot(a_sku(cooperative=home), 1), **changes)
    with pytest.raises(Invalid):
        shelve(home, lot)


def test_packing_records_the_loss_and_scales_the_growers(home: Cooperative) -> None:
    fresh = a_sku(cooperative=home, weight_grams=500)
    one, two = a_farmer(home), a_farmer(home)
    slips = [weigh(home, fresh, farmer_id=farmer.id) for farmer in (one, two)]
    lot = pack(
        home,
        fresh,
        10,
        intakes=[(slips[0].slip_no, 9000), (slips[1].slip_no, 3000)],
    )
    assert growers(lot) == [(one.id, 3750), (two.id, 1250)]
    run = db.session.scalars(select(PackingRun)).one()
    assert (run.input_grams, run.output_grams, run.loss_grams) == (12_000, 5000, 7000)
    left = db.session.execute(select(Intake.farmer_id, Intake.left_grams)).all()
    assert {tuple(row) for row in left} == {(one.id, 1000), (two.id, 7000)}
    assert sorted(x.grams for x in db.session.scalars(select(PackingInput))) == [3000, 9000]
    assert_sound()


def test_a_lot_may_be_packed_from_other_lots_and_keeps_their_growers(home: Cooperative) -> None:
    loose, boxed = a_sku(cooperative=home, weight_grams=500), a_sku(cooperative=home)
    one, two = a_farmer(home), a_farmer(home)
    lot = a_lot(loose, 10, growers=[(one, 1), (two, 3)])
    box = pack(home, boxed, 3, lots=[(lot.code, 4)])
    assert growers(box) == [(one.id, 375), (two.id, 1125)]
    assert (stock(loose), stock(boxed)) == ((6, 0, 0), (3, 0, 0))
    assert_sound()


def test_packing_uses_neither_more_than_there_is_nor_promised_units(home: Cooperative) -> None:
    sku, other = a_sku(cooperative=home, weight_grams=500), a_sku(cooperative=home)
    slip, lot = weigh(home, sku), a_lot(sku, 5)
    place({sku: 3})
    refusals: list[tuple[type[Exception], dict[str, Any]]] = [
        (Invalid, {}),
        (Invalid, {"intakes": [(slip.slip_no, 10_001)]}),
        (Invalid, {"intakes": [(slip.slip_no, 499)]}),
        (Invalid, {"intakes": [(slip.slip_no, -5)], "lots": [(lot.code, 2)]}),
        (Invalid, {"lots": [(lot.code, -1)], "intakes": [(slip.slip_no, 5000)]}),
        (Invalid, {"lots": [(lot.code, 6)]}),
        (OutOfStock, {"lots": [(lot.code, 3)]}),
    ]
    for refusal, what in refusals:
        with pytest.raises(refusal):
            pack(home, other, 1, **what)
    assert stock(sku) == (5, 3, 0)
    assert_sound()


def test_the_earliest_best_before_is_sold_first_and_an_expired_lot_never(
    home: Cooperative,
) -> None:
    sku = a_sku(cooperative=home)
    late, soon = (a_lot(sku, 2, best_before=TODAY + n * DAY) for n in (9, 1))
    keeps = a_lot(sku, 2)
    order = a_paid({sku: 3})
    assert {(s.lot_id, s.quantity) for s in lot_sales(order.id)} == {(soon.id, 2), (late.id, 1)}
    later = NOON + 30 * DAY
    order = a_paid({sku: 2}, now=later)
    assert [(s.lot_id, s.quantity) for s in lot_sales(order.id)] == [(keeps.id, 2)]
    assert_sound()


def test_an_expired_lot_is_not_packed_into_a_fresh_one(home: Cooperative) -> None:
    sku = a_sku(cooperative=home)
    lot = a_lot(sku, 5, best_before=TODAY, now=NOON - DAY)
    with pytest.raises(Invalid):
        pack(home, sku, 1, lots=[(lot.code, 5)], now=NOON + DAY)
    assert stock(sku) == (5, 0, 0)


def test_packing_makes_nothing_younger_nor_keeps_it_longer(home: Cooperative) -> None:
    sku = a_sku(cooperative=home, weight_grams=500)
    slip = weigh(home, sku, harvested_on=TODAY - 5 * DAY)
    soon, late = (a_lot(sku, 9, best_before=TODAY + n * DAY) for n in (3, 30))
    soon_day, late_day = TODAY + 3 * DAY, TODAY + 30 * DAY
    both = [(late.code, 1), (soon.code, 1)]
    for kind in (PackingKind.PACKED, PackingKind.GRADED):
        for asked, kept in ((None, soon_day), (TODAY + DAY, TODAY + DAY), (soon_day, soon_day)):
            box = pack(home, sku, 1, kind=kind, best_before=asked, lots=both)
            assert (box.harvested_on, box.best_before) == (TODAY - 3 * DAY, kept)
        with pytest.raises(Invalid) as refused:
            pack(home, sku, 1, kind=kind, best_before=late_day, lots=both)
        assert refused.value.errors[0]["pointer"] == "/best_before"
    for kind in (PackingKind.DRIED, PackingKind.MILLED):
        made = pack(
            home,
            sku,
            1,
            kind=kind,
            best_before=TODAY + 400 * DAY,
            intakes=[(slip.slip_no, 500)],
            lots=[(soon.code, 1)],
        )
        assert made.harvested_on == TODAY - 5 * DAY
        assert made.best_before == TODAY + 400 * DAY
        with pytest.raises(Invalid):
            pack(home, sku, 1, kind=kind, lots=[(soon.code, 1)])
    fresh = pack(home, sku, 1, intakes=[(slip.slip_no, 500)])
    assert (fresh.harvested_on, fresh.best_before) == (TODAY - 5 * DAY, None)
    assert_sound()


@pytest.mark.parametrize("delta", [0, -6, 1, 2**31, -(2**63)])
def test_a_correction_stays_within_the_lot(home: Cooperative, delta: int) -> None:
    sku = a_sku(cooperative=home)
    lot = a_lot(sku, 5)
    with pytest.raises((Invalid, OutOfStock)):
        stocking.correct_lot(
            actor=keeper(home),
            code=lot.code,
            delta=delta,
            reason=AdjustReason.COUNTED,
            note=None,
            now=NOON,
        )
    assert stock(sku) == (5, 0, 0)
