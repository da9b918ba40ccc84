"""The public story of a lot: origin, harvest, papers and journey, without personal data."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import func, select

from shop.db import db
from shop.domain.catalog.models import Certificate, Product, Variant
from shop.domain.inventory.models import Intake, Lot, LotSale, PackingInput, PackingRun
from shop.domain.logistics.models import Shipment, ShipmentLine
from shop.domain.orders.models import Order, OrderLine
from shop.domain.orders.states import OrderStatus
from shop.domain.villages.models import Cooperative, Village
from shop.kernel.codes import clean_lot_code
from shop.kernel.errors import NotFound


@dataclass(frozen=True, kw_only=True)
class Step:
    """One thing that happened to the lot; ``what`` is a word, ``count`` units where it has some."""

    what: str
    at: datetime
    count: int | None = None


@dataclass(frozen=True, kw_only=True)
class Trace:
    """What anyone who holds a box may know; ``village`` grew most of it, ``villages`` all."""

    code: str
    product: Product
    variant: Variant
    village: Village
    villages: tuple[Village, ...]
    cooperative: Cooperative
    harvested_on: date
    best_before: date | None
    growers: int
    certificates: tuple[Certificate, ...]
    journey: tuple[Step, ...]


def trace(code: str) -> Trace:
    """The lot of a code, however it was typed; raises ``NotFound``."""
    clean = clean_lot_code(code)
    row = db.session.execute(
        select(Lot, Variant, Product, Cooperative)
        .join(Variant, Variant.sku == Lot.sku)
        .join(Product, Product.id == Variant.product_id)
        .join(Cooperative, Cooperative.id == Lot.cooperative_id)
        .where(Lot.code == (clean or ""))
    ).first()
    if row is None:
        raise NotFound
    lot, variant, product, cooperative = row
    villages = _grown_in(lot)
    return Trace(
        code=lot.code,
        product=product,
        variant=variant,
        village=villages[0],
        villages=villages,
        cooperative=cooperative,
        harvested_on=lot.harvested_on,
        best_before=lot.best_before,
        growers=len({part.farmer_id for part in lot.contributions}),
        certificates=tuple(paper for paper in product.certificates),
        journey=tuple(sorted(_journey(lot), key=lambda step: step.at)),
    )


def _grown_in(lot: Lot) -> tuple[Village, ...]:
    """The growers' villages, the one with the most grams first."""
    grams: dict[int, int] = defaultdict(int)
    for part in lot.contributions:
        grams[part.village_id] += part.grams
    ids = sorted(grams, key=lambda village_id: (-grams[village_id], village_id))
    found = db.session.scalars(select(Village).where(Village.id.in_(ids or [lot.village_id])))
    by_id = {village.id: village for village in found}
    return tuple(by_id[village_id] for village_id in ids or [lot.village_id])


def _journey(lot: Lot) -> list[Step]:
    """What happened in the order of the work, which a stable sort by time keeps."""
    behind = _runs_behind(lot)
    weighed = db.session.scalar(
        select(func.min(Intake.weighed_at))
        .join(PackingInput, PackingInput.intake_id == Intake.id)
        .where(PackingInput.run_id.in_(behind))
    )
    steps = [Step(what="weighed", at=weighed)] if weighed is not None else []
    runs = db.session.scalars(
        select(PackingRun).where(PackingRun.id.in_(behind)).order_by(PackingRun.id)
    )
    earlier: dict[str, Step] = {}
    for run in runs:
        done = Step(what=str(run.kind), at=run.packed_at)
        if run.id == lot.packing_run_id:
            steps += [*earlier.values(), done]
        else:
            earlier.setdefault(done.what, done)
    steps.append(Step(what="shelved", at=lot.created_at, count=lot.quantity))
    return steps + _sales(lot)


def _runs_behind(lot: Lot) -> set[int]:
    """The run a lot came out of, and those that the lots it was packed from came out of."""
    behind: set[int] = set()
    reached = {lot.packing_run_id} - {None}
    while reached:
        behind |= {run_id for run_id in reached if run_id is not None}
        sources = select(Lot.packing_run_id).join(PackingInput, PackingInput.lot_id == Lot.id)
        found = db.session.scalars(sources.where(PackingInput.run_id.in_(reached)))
        reached = set(found) - behind - {None}
    return behind


def _sales(lot: Lot) -> list[Step]:
    sold = select(LotSale.order_line_id).where(LotSale.lot_id == lot.id).scalar_subquery()
    first_sent, last_sent = db.session.execute(
        select(func.min(Shipment.created_at), func.max(Shipment.created_at))
        .join(ShipmentLine, ShipmentLine.shipment_id == Shipment.id)
        .where(ShipmentLine.order_line_id.in_(sold))
    ).one()
    first_done = db.session.scalar(
        select(func.min(Order.completed_at))
        .join(OrderLine, OrderLine.order_id == Order.id)
        .where(OrderLine.id.in_(sold), Order.status == OrderStatus.COMPLETED)
    )
    steps = []
    if first_sent is not None:
        steps.append(Step(what="first-shipped", at=first_sent))
    if last_sent is not None and last_sent != first_sent:
        steps.append(Step(what="last-shipped", at=last_sent))
    if first_done is not None:
        steps.append(Step(what="first-received", at=first_done))
    return steps
