"""From the scale to the shelf: intakes, lots and corrections; packing runs are in ``packing``."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select

from shop.db import db, transactional
from shop.domain.catalog.models import Product, Variant
from shop.domain.inventory import expiry
from shop.domain.inventory import queries as stock
from shop.domain.inventory import service as inventory
from shop.domain.inventory.models import Intake, Lot
from shop.domain.inventory.service import Contribution
from shop.domain.inventory.states import AdjustReason, IntakeTerms
from shop.domain.live import sales
from shop.domain.villages.models import Farmer
from shop.flows import holding
from shop.kernel.actor import Actor
from shop.kernel.clock import local_date
from shop.kernel.codes import new_slip_number
from shop.kernel.errors import Invalid, NotFound
from shop.kernel.money import MAX_FEN

MOST_GRAMS = 10**9
MOST_UNITS = 10**6

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """One delivery at the scale, in grams; ``price_fen_per_kg`` is stated where it is bought."""

    farmer_id: int
    product_id: int
    grade: str
    gross_grams: int
    tare_grams: int
    terms: IntakeTerms
    harvested_on: date
    price_fen_per_kg: int | None = None


@dataclass(frozen=True, kw_only=True)
class NewLot:
    """What a lot says of itself.

    ``growers`` are (farmer id, grams); ``farmer_id`` alone is the short form of one grower; with
    neither the cooperative itself grew it.
    """

    sku: str
    quantity: int
    harvested_on: date
    best_before: date | None = None
    growers: Sequence[tuple[int, int]] = ()
    farmer_id: int | None = None
    label: str | None = None
    unit_cost_fen: int | None = None


@transactional
def weigh(delivery: Delivery, *, actor: Actor, now: datetime) -> Intake:
    """Take a delivery in; the slip number is the farmer's proof.

    Raises ``NotFound`` and ``Invalid``.
    """
    farmer = _farmers([delivery.farmer_id], actor)[delivery.farmer_id]
    product = db.session.scalar(
        select(Product).where(
            Product.id == delivery.product_id, Product.cooperative_id == farmer.cooperative_id
        )
    )
    if product is None:
        raise NotFound
    net = _net_grams(delivery)
    _check_price(delivery)
    if delivery.harvested_on > local_date(now):
        raise Invalid.at("/harvested_on", "the harvest is in the future")
    intake = Intake(
        slip_no=new_slip_number(now),
        cooperative_id=farmer.cooperative_id,
        farmer_id=farmer.id,
        product_id=product.id,
        grade=delivery.grade,
        gross_grams=delivery.gross_grams,
        tare_grams=delivery.tare_grams,
        net_grams=net,
        left_grams=net,
        terms=delivery.terms,
        price_fen_per_kg=delivery.price_fen_per_kg,
        harvested_on=delivery.harvested_on,
        weighed_by=actor.user_id,
        weighed_at=now,
    )
    db.session.add(intake)
    db.session.flush()
    return intake


def _net_grams(delivery: Delivery) -> int:
    if not 0 < delivery.gross_grams <= MOST_GRAMS:
        raise Invalid.at("/gross_grams", f"1 to {MOST_GRAMS}")
    if not 0 <= delivery.tare_grams < delivery.gross_grams:
        raise Invalid.at("/tare_grams", "the container cannot weigh as much as the whole")
    return delivery.gross_grams - delivery.tare_grams


def _check_price(delivery: Delivery) -> None:
    price = delivery.price_fen_per_kg
    if (delivery.terms is IntakeTerms.BOUGHT) != (price is not None):
        raise Invalid.at("/price_fen_per_kg", "state the price of what is bought, and only that")
    if price is not None and not 0 < price <= MAX_FEN:
        raise Invalid.at("/price_fen_per_kg", "a price is above zero")


def _farmers(ids: Sequence[int], actor: Actor) -> dict[int, Farmer]:
    """Own farmers by id; another cooperative's is not found."""
    found = {
        farmer.id: farmer
        for farmer in db.session.scalars(
            select(Farmer).where(
                Farmer.id.in_(ids), Farmer.cooperative_id.in_(actor.cooperatives("keeper"))
            )
        )
    }
    if len(found) != len(set(ids)):
        raise NotFound
    return found


def own_sku(sku: str, actor: Actor) -> tuple[Variant, Product]:
    """A SKU of a cooperative whose shelf the actor keeps; inside a transaction."""
    row = db.session.execute(
        select(Variant, Product)
        .join(Product, Product.id == Variant.product_id)
        .where(Variant.sku == sku, Product.cooperative_id.in_(actor.cooperatives("keeper")))
    ).first()
    if row is None:
        raise NotFound
    return row[0], row[1]


@transactional
def shelve_lot(lot: NewLot, *, actor: Actor, now: datetime) -> Lot:
    """Put a lot on the shelf in the short form: who grew it, and how much. Raises ``NotFound``."""
    variant, product = own_sku(lot.sku, actor)
    whole = lot.quantity * variant.weight_grams
    named = [(lot.farmer_id, whole)] if lot.farmer_id is not None else lot.growers
    farmers = _farmers([farmer_id for farmer_id, _ in named], actor)
    growers = [
        Contribution(farmer_id=i, village_id=farmers[i].village_id, grams=grams)
        for i, grams in named
    ] or [Contribution(farmer_id=None, village_id=product.village_id, grams=whole)]
    if any(farmer.cooperative_id != product.cooperative_id for farmer in farmers.values()):
        raise NotFound
    return shelve(lot, product, growers, packing_run_id=None, actor=actor, now=now)


def shelve(
    lot: NewLot,
    product: Product,
    growers: Sequence[Contribution],
    *,
    packing_run_id: int | None,
    actor: Actor,
    now: datetime,
) -> Lot:
    """Put a lot whose growers are known on the shelf; inside a transaction."""
    today = local_date(now)
    if not 1 <= lot.quantity <= MOST_UNITS:
        raise Invalid.at("/quantity", f"1 to {MOST_UNITS}")
    if any(not 1 <= grower.grams <= MOST_GRAMS * MOST_UNITS for grower in growers):
        raise Invalid.at("/contributions", "a contribution weighs something")
    if lot.harvested_on > today:
        raise Invalid.at("/harvested_on", "the harvest is in the future")
    if lot.best_before is not None and lot.best_before < max(today, lot.harvested_on):
        raise Invalid.at("/best_before", "this lot is past its best already")
    return inventory.receive_lot(
        sku=lot.sku,
        cooperative_id=product.cooperative_id,
        village_id=product.village_id,
        quantity=lot.quantity,
        harvested_on=lot.harvested_on,
        best_before=lot.best_before,
        contributions=growers,
        label=lot.label,
        unit_cost_fen=lot.unit_cost_fen,
        packing_run_id=packing_run_id,
        actor_id=actor.user_id,
        now=now,
    )


@transactional
def correct_lot(
    *,
    actor: Actor,
    code: str,
    delta: int,
    reason: AdjustReason,
    note: str | None,
    now: datetime,
) -> Lot:
    """Count a lot right; the reason is kept. Raises ``NotFound``, ``OutOfStock``, ``Invalid``."""
    lot = db.session.scalar(
        select(Lot).where(Lot.code == code, Lot.cooperative_id.in_(actor.cooperatives("keeper")))
    )
    if lot is None:
        raise NotFound
    inventory.adjust(lot, delta, reason=reason, note=note, actor_id=actor.user_id, now=now)
    db.session.refresh(lot)
    return lot


def write_off_expired(now: datetime) -> int:
    """Take what is past its best out of on hand, each SKU by itself; gives the units.

    One SKU stops no other. Units that are promised stay until their hold ends.
    """
    written = 0
    for sku in stock.skus_past_best(local_date(now)):
        try:
            written += _write_off(sku, now=now)
        except Exception:
            log.exception("could not write off %s", sku)
    return written


@transactional
def _write_off(sku: str, *, now: datetime) -> int:
    """From the shelf, and what rooms have set aside and promised to nobody."""
    today = local_date(now)
    before = stock.expired_units(sku, today)
    for item_id, unpromised in sales.unpromised(sku):
        holding.withdraw_expired(item_id, unpromised, sku=sku, now=now)
    expiry.write_off(sku, now=now)
    return before - stock.expired_units(sku, today)
