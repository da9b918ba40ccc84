"""What a keeper chooses from at the scale and the shelf, and one lot from the inside."""

from collections.abc import Sequence
from datetime import date

from sqlalchemy import or_, select

from shop.db import db
from shop.domain.catalog.models import Product, Variant
from shop.domain.catalog.states import ProductStatus
from shop.domain.inventory.models import Lot, StockMove
from shop.domain.villages.models import Farmer, Village
from shop.domain.villages.states import PlaceStatus
from shop.kernel.actor import Actor
from shop.kernel.errors import NotFound


def skus(cooperative_ids: Sequence[int]) -> list[tuple[str, str]]:
    """(SKU, words) of everything a lot may be of."""
    rows = db.session.execute(
        select(Variant.sku, Product.title, Variant.name)
        .join(Product, Product.id == Variant.product_id)
        .where(
            Product.cooperative_id.in_(cooperative_ids),
            Product.status != ProductStatus.ARCHIVED,
        )
        .order_by(Product.title, Variant.position)
    )
    return [(sku, f"{title} · {name}") for sku, title, name in rows]


def products(cooperative_ids: Sequence[int]) -> list[tuple[int, str]]:
    """(id, title) of own products."""
    rows = db.session.execute(
        select(Product.id, Product.title)
        .where(
            Product.cooperative_id.in_(cooperative_ids),
            Product.status != ProductStatus.ARCHIVED,
        )
        .order_by(Product.title)
    )
    return [(product_id, title) for product_id, title in rows]


def farmers(cooperative_ids: Sequence[int]) -> list[tuple[int, str]]:
    """(id, name and village) of own farmers."""
    rows = db.session.execute(
        select(Farmer.id, Farmer.name, Village.name)
        .join(Village, Village.id == Farmer.village_id)
        .where(Farmer.cooperative_id.in_(cooperative_ids), Farmer.status == PlaceStatus.ACTIVE)
        .order_by(Farmer.name)
    )
    return [(farmer_id, f"{name} · {village}") for farmer_id, name, village in rows]


def lot(code: str, actor: Actor) -> Lot:
    """A lot of an own cooperative; another's is not found."""
    found = db.session.scalar(
        select(Lot).where(Lot.code == code, Lot.cooperative_id.in_(actor.cooperatives()))
    )
    if found is None:
        raise NotFound
    return found


def open_lots(cooperative_ids: Sequence[int], today: date) -> list[tuple[Lot, str]]:
    """(lot, words) of own lots with fresh units left, the earliest best-before first."""
    rows = db.session.execute(
        select(Lot, Product.title, Variant.name)
        .join(Variant, Variant.sku == Lot.sku)
        .join(Product, Product.id == Variant.product_id)
        .where(Lot.cooperative_id.in_(cooperative_ids), Lot.on_hand > 0)
        .where(or_(Lot.best_before.is_(None), Lot.best_before >= today))
        .order_by(Lot.best_before.is_(None), Lot.best_before, Lot.id)
        .execution_options(populate_existing=True)
    )
    return [(found, f"{title} · {name}") for found, title, name in rows]


def growers(lot: Lot) -> list[tuple[str | None, str, int]]:
    """(farmer, village, grams) of a lot; no farmer where the cooperative itself grew it."""
    names = {
        farmer.id: farmer.name
        for farmer in db.session.scalars(
            select(Farmer).where(Farmer.id.in_([part.farmer_id for part in lot.contributions]))
        )
    }
    villages = {
        village.id: village.name
        for village in db.session.scalars(
            select(Village).where(Village.id.in_([part.village_id for part in lot.contributions]))
        )
    }
    return [
        (names.get(part.farmer_id or 0), villages[part.village_id], part.grams)
        for part in lot.contributions
    ]


def moves_of_lot(lot: Lot) -> list[StockMove]:
    """What happened to a lot's units, the newest first."""
    return list(
        db.session.scalars(
            select(StockMove)
            .where(StockMove.lot_id == lot.id)
            .order_by(StockMove.id.desc())
            .limit(100)
        )
    )
