"""Goods a host may put on a shelf, with the least price their cooperative allows there."""

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import select

from shop.db import db
from shop.domain.catalog.models import Product, Variant
from shop.domain.catalog.states import ProductStatus
from shop.domain.inventory.queries import available
from shop.domain.villages.models import Cooperative
from shop.domain.villages.states import PlaceStatus
from shop.reads.catalogue import searched

MOST = 100


@dataclass(frozen=True, kw_only=True)
class Linkable:
    """One SKU; money in fen, ``floor_fen`` is the least live price."""

    sku: str
    title: str
    name: str
    unit: str
    cooperative: str
    price_fen: int
    floor_fen: int
    available: int


def linkable(*, without: Collection[str], q: str = "") -> list[Linkable]:
    """SKUs on sale that are not on the shelf yet; ``q`` is a SKU, or as visitors search."""
    query = (
        select(
            Variant.sku,
            Product.title,
            Variant.name,
            Variant.unit,
            Cooperative.name.label("cooperative"),
            Variant.price_fen,
            Variant.live_floor_fen,
        )
        .join(Product, Product.id == Variant.product_id)
        .join(Cooperative, Cooperative.id == Product.cooperative_id)
        .where(
            Product.status == ProductStatus.ON_SALE,
            Cooperative.status == PlaceStatus.ACTIVE,
            Variant.sku.not_in(without),
        )
        .order_by(Product.id, Variant.position)
        .limit(MOST)
    )
    rows = db.session.execute(query.where(Variant.sku.in_([q, q.upper()]))).all() if q else []
    if not rows:
        rows = db.session.execute(query.where(*searched(q))).all()
    left = available([row.sku for row in rows])
    return [
        Linkable(
            sku=row.sku,
            title=row.title,
            name=row.name,
            unit=row.unit,
            cooperative=row.cooperative,
            price_fen=row.price_fen,
            floor_fen=row.live_floor_fen or row.price_fen,
            available=left[row.sku],
        )
        for row in rows
    ]
