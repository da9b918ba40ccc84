"""What a keeper chooses from at the scale and the shelf, and one lot from the inside."""

from collections.abc import Sequence
from datetime import date

from sqlalchemy import ColumnElement, and_, or_, select, true

from shop.db import db
from shop.domain.catalog.models import Product, Variant
from shop.domain.catalog.states import ProductStatus
from shop.domain.inventory.models import Lot, StockMove
from shop.domain.inventory.queries import LEFT
from shop.domain.villages.models import Farmer, Village
from shop.domain.villages.states import PlaceStatus
from shop.kernel.actor import Actor
from shop.kernel.errors import NotFound

MOST = 200
"""What a select offers; there is a search for the rest."""
SOME = 30
"""Lots that a form names; others are named by their code."""


def skus(cooperative_ids: Sequence[int], *, q: str = "", chosen: str = "") -> list[tuple[str, str]]:
    """(SKU, words) of what a lot may be of: the newest whose title has ``q``, and the chosen."""
    own = (
        select(Variant.sku, Product.title, Variant.position, Variant.name)
        .join(Product, Product.id == Variant.product_id)
        .where(_own(cooperative_ids))
    )
    newest = own.where(_titled(q)).order_by(Product.id.desc(), Variant.position).limit(MOST)
    found = set(db.session.execute(newest))
    if chosen:
        found.update(db.session.execute(own.where(Variant.sku == chosen)))
    ordered = sorted(found, key=lambda row: (row[1], row[2], row[0]))
    return [(sku, f"{title} · {name}") for sku, title, _, name in ordered]


def products(
    cooperative_ids: Sequence[int], *, q: str = "", chosen: str = ""
) -> list[tuple[int, str]]:
    """(id, title) of own products: the newest whose title has ``q``, and the chosen (an id)."""
    own = select(Product.id, Product.title).where(_own(cooperative_ids))
    newest = own.where(_titled(q)).order_by(Product.id.desc()).limit(MOST)
    found = set(db.session.execute(newest))
    if chosen.isdecimal():
        found.update(db.session.execute(own.where(Product.id == int(chosen))))
    ordered = sorted(found, key=lambda row: (row[1], row[0]))
    return [(product_id, title) for product_id, title in ordered]


def _own(cooperative_ids: Sequence[int]) -> ColumnElement[bool]:
    return and_(
        Product.cooperative_id.in_(cooperative_ids), Product.status != ProductStatus.ARCHIVED
    )


def _titled(q: str) -> ColumnElement[bool]:
    return Product.title.contains(q, autoescape=True) if q else true()


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
    """(lot, words) of own lots with fresh units left, some with the earliest best-before."""
    rows = db.session.execute(
        select(Lot, Product.title, Variant.name)
        .join(Variant, Variant.sku == Lot.sku)
        .join(Product, Product.id == Variant.product_id)
        .where(Lot.cooperative_id.in_(cooperative_ids), LEFT)
        .where(or_(Lot.best_before.is_(None), Lot.best_before >= today))
        .order_by(Lot.best_before.nulls_last(), Lot.id)
        .limit(SOME)
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
