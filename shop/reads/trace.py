"""The public story of a lot: origin, harvest, papers and journey, without personal data."""

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
    """What anyone who holds a box may know."""

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
        select(Lot, Variant, Product, Cooperative, Village)
        .join(Variant, Variant.sku == Lot.sku)
        .join(Product, Product.id == Variant.product_id)
        .join(Cooperative, Cooperative.id == Lot.cooperative_id)
        .join(Village, Village.id == Lot.village_id)
        .where(Lot.code == (clean or ""))
    ).first()
    if row is None:
        raise NotFound
    lot, variant, product, cooperative, village = row
    grown_in = {part.village_id for part in lot.contributions}
    return Trace(
        code=lot.code,
        product=product,
        variant=variant,
        village=village,
        villages=tuple(
            db.session.scalars(select(Village).where(Village.id.in_(grown_in)).order_by(Village.id))
        ),
        cooperative=cooperative,
        harvested_on=lot.harvested_on,
        best_before=lot.best_before,
        growers=len({part.farmer_id for part in lot.contributions}),
        certificates=tuple(paper for paper in product.certificates),
        journey=tuple(sorted(_journey(lot), key=lambda step: step.at)),
    )


def _journey(lot: Lot) -> list[Step]:
    steps = [Step(what="shelved", at=lot.created_at, count=lot.quantity)]
    if lot.packing_run_id is not None:
        run = db.session.get_one(PackingRun, lot.packing_run_id)
        steps.append(Step(what=str(run.kind), at=run.packed_at))
        steps += [
            Step(what="weighed", at=at)
            for at in db.session.scalars(
                select(func.min(Intake.weighed_at))
                .join(PackingInput, PackingInput.intake_id == Intake.id)
                .where(PackingInput.run_id == run.id)
            )
            if at is not None
        ]
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
    if first_sent is not None:
        steps.append(Step(what="first-shipped", at=first_sent))
    if last_sent is not None and last_sent != first_sent:
        steps.append(Step(what="last-shipped", at=last_sent))
    if first_done is not None:
        steps.append(Step(what="first-received", at=first_done))
    return steps
