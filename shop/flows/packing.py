"""Packing: intakes or other lots become a lot, and what is lost on the way is recorded."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select, update

from shop.db import changed, db, transactional
from shop.domain.catalog.models import Variant
from shop.domain.inventory import service as inventory
from shop.domain.inventory.models import Intake, Lot, LotContribution, PackingInput, PackingRun
from shop.domain.inventory.service import Contribution
from shop.domain.inventory.states import AdjustReason, PackingKind
from shop.domain.villages.models import Farmer
from shop.flows.stocking import MOST_GRAMS, NewLot, own_sku, shelve
from shop.kernel.actor import Actor
from shop.kernel.clock import local_date
from shop.kernel.errors import Invalid, NotFound
from shop.kernel.money import allocate

LASTING = frozenset({PackingKind.DRIED, PackingKind.MILLED})
"""What makes produce keep longer than it did."""


@dataclass(frozen=True, kw_only=True)
class Packing:
    """What goes into a packing run: grams of intakes (by slip number) or of lots (by code)."""

    kind: PackingKind
    intakes: Sequence[tuple[str, int]] = ()
    lots: Sequence[tuple[str, int]] = ()
    note: str | None = None


@dataclass(frozen=True, kw_only=True)
class PackedLot:
    """What comes out of a packing run; harvest date and growers are those of what went in."""

    sku: str
    quantity: int
    best_before: date | None = None


@transactional
def pack(packing: Packing, lot: PackedLot, *, actor: Actor, now: datetime) -> Lot:
    """Turn intakes or other lots into a lot; what is lost on the way is recorded.

    The new lot's growers are those of what went in, by grams, scaled to what came out, and its
    harvest is the earliest that went in. Raises ``NotFound``, ``Invalid`` when more comes out than
    went in or would keep longer by being packed, ``OutOfStock`` when a lot's units are promised.
    """
    _check_amounts(packing)
    variant, product = own_sku(lot.sku, actor)
    output = lot.quantity * variant.weight_grams
    intakes = _use_intakes(packing.intakes, product.cooperative_id)
    lots = _use_lots(packing.lots, product.cooperative_id, actor=actor, now=now)
    run = _record(packing, intakes, lots, output=output, actor=actor, now=now)
    made = NewLot(
        sku=lot.sku,
        quantity=lot.quantity,
        harvested_on=min(
            [intake.harvested_on for intake, _ in intakes]
            + [source.harvested_on for source, _ in lots]
        ),
        best_before=_best_before(packing.kind, lot.best_before, [source for source, _ in lots]),
    )
    growers = _growers(intakes, lots, output)
    return shelve(made, product, growers, packing_run_id=run.id, actor=actor, now=now)


def _record(
    packing: Packing,
    intakes: Sequence[tuple[Intake, int]],
    lots: Sequence[tuple[Lot, int]],
    *,
    output: int,
    actor: Actor,
    now: datetime,
) -> PackingRun:
    """Write down what went in, what came out and what was lost, in grams."""
    used = [grams for _, grams in intakes] + [grams for _, grams in lots]
    if not used:
        raise Invalid.at("/intakes", "name what goes in")
    if sum(used) < output:
        raise Invalid.at("/quantity", "more comes out than went in")
    first = intakes[0][0] if intakes else lots[0][0]
    run = PackingRun(
        cooperative_id=first.cooperative_id,
        kind=packing.kind,
        input_grams=sum(used),
        output_grams=output,
        loss_grams=sum(used) - output,
        note=packing.note,
        packed_by=actor.user_id,
        packed_at=now,
    )
    db.session.add(run)
    db.session.flush()
    db.session.add_all(
        PackingInput(run_id=run.id, intake_id=intake.id, grams=grams) for intake, grams in intakes
    )
    db.session.add_all(PackingInput(run_id=run.id, lot_id=x.id, grams=grams) for x, grams in lots)
    return run


def _check_amounts(packing: Packing) -> None:
    for name, used in (("intakes", packing.intakes), ("lots", packing.lots)):
        for place, (_, amount) in enumerate(used):
            if not 1 <= amount <= MOST_GRAMS:
                raise Invalid.at(f"/{name}/{place}", f"1 to {MOST_GRAMS}")


def _use_intakes(
    wanted: Sequence[tuple[str, int]], cooperative_id: int
) -> list[tuple[Intake, int]]:
    used = []
    for slip_no, grams in sorted(wanted):
        intake = db.session.scalar(
            select(Intake).where(Intake.slip_no == slip_no, Intake.cooperative_id == cooperative_id)
        )
        if intake is None:
            raise NotFound
        taken = changed(
            update(Intake)
            .where(Intake.id == intake.id, Intake.left_grams >= grams)
            .values(left_grams=Intake.left_grams - grams)
            .execution_options(synchronize_session=False)
        )
        if not taken:
            raise Invalid.at("/intakes", f"{slip_no} has less left than that")
        used.append((intake, grams))
    return used


def _use_lots(
    wanted: Sequence[tuple[str, int]], cooperative_id: int, *, actor: Actor, now: datetime
) -> list[tuple[Lot, int]]:
    """Whole units leave the lot; ``wanted`` counts units, the result grams."""
    used = []
    for code, units in sorted(wanted):
        row = db.session.execute(
            select(Lot, Variant.weight_grams)
            .join(Variant, Variant.sku == Lot.sku)
            .where(Lot.code == code, Lot.cooperative_id == cooperative_id)
        ).first()
        if row is None:
            raise NotFound
        if row[0].best_before is not None and row[0].best_before < local_date(now):
            raise Invalid.at("/lots", f"{code} is past its best")
        inventory.adjust(
            row[0],
            -units,
            reason=AdjustReason.PACKED,
            note=None,
            actor_id=actor.user_id,
            now=now,
        )
        used.append((row[0], units * row[1]))
    return used


def _best_before(kind: PackingKind, wanted: date | None, lots: Sequence[Lot]) -> date | None:
    """Sorting and boxing lengthen no life; what is dried or milled gets a new one, in writing."""
    earliest = min((lot.best_before for lot in lots if lot.best_before is not None), default=None)
    if earliest is None:
        return wanted
    if kind in LASTING:
        if wanted is None:
            raise Invalid.at("/best_before", "say how long it keeps now", code="required")
        return wanted
    if wanted is not None and wanted > earliest:
        raise Invalid.at("/best_before", "later than the best-before of what goes in")
    return wanted or earliest


def _growers(
    intakes: Sequence[tuple[Intake, int]], lots: Sequence[tuple[Lot, int]], output: int
) -> list[Contribution]:
    """The households behind what went in, scaled to the grams that came out."""
    grams_of: dict[tuple[int | None, int], int] = defaultdict(int)
    for intake, grams in intakes:
        village_id = db.session.get_one(Farmer, intake.farmer_id).village_id
        grams_of[(intake.farmer_id, village_id)] += grams
    for lot, grams in lots:
        parts: list[LotContribution] = lot.contributions
        shares = allocate(grams, [part.grams for part in parts])
        for part, share in zip(parts, shares, strict=True):
            grams_of[(part.farmer_id, part.village_id)] += share
    keys = [key for key, grams in grams_of.items() if grams > 0]
    scaled = allocate(output, [grams_of[key] for key in keys])
    return [
        Contribution(farmer_id=farmer_id, village_id=village_id, grams=grams)
        for (farmer_id, village_id), grams in zip(keys, scaled, strict=True)
        if grams > 0
    ]
