"""A product as its cooperative writes on it: what the page says, with what waits laid over it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import select

from shop.db import db
from shop.domain.catalog import queries, revisions, service
from shop.domain.catalog.models import Picture, PriceChange, Product
from shop.domain.villages.models import Cooperative, Village
from shop.kernel.actor import Actor
from shop.kernel.errors import NotFound
from shop.reads.product_page import Image


@dataclass(frozen=True, kw_only=True)
class Desk:
    """What the forms of one product begin with; ``words`` are columns, papers are JSON."""

    version: int
    approved: bool
    may_price: bool
    words: Mapping[str, Any]
    category: str
    village: str
    variants: Sequence[Mapping[str, Any]]
    pictures: Sequence[Image]
    papers: Sequence[Mapping[str, Any]]
    missing: Sequence[Mapping[str, str]]


def desk(slug: str, *, actor: Actor, today: date) -> Desk:
    """The desk of one of the caller's products; raises ``NotFound`` for another's."""
    product = db.session.scalar(
        select(Product)
        .where(Product.slug == slug, Product.cooperative_id.in_(actor.cooperatives("clerk")))
        .execution_options(populate_existing=True)
    )
    if product is None:
        raise NotFound("no such product")
    waiting = queries.waiting_revision(product.id)
    changes = waiting.changes if waiting else {}
    said = revisions.merged(revisions.standing(product), changes)
    words = {**said["words"], "ship_within_hours": product.ship_within_hours}
    return Desk(
        version=product.version,
        approved=product.approved_at is not None,
        may_price=product.approved_at is None
        or product.cooperative_id in actor.cooperatives("manager"),
        words=words,
        category=_category_slug(product, words["category_id"]),
        village=db.session.get_one(Village, words["village_id"]).slug,
        variants=_variants(product, said["variants"]),
        pictures=_pictures(said["pictures"]),
        papers=said["certificates"],
        missing=service.missing(product, today),
    )


def own_cooperatives(actor: Actor) -> list[tuple[str, str]]:
    """Slug and name of every cooperative for which the caller may write goods."""
    rows = db.session.execute(
        select(Cooperative.slug, Cooperative.name)
        .where(Cooperative.id.in_(actor.cooperatives("clerk")))
        .order_by(Cooperative.id)
    )
    return [(slug, name) for slug, name in rows]


def price_history(skus: Sequence[str], *, limit: int = 30) -> list[PriceChange]:
    """The newest price changes of these SKUs."""
    return queries.price_changes(skus, limit=limit)


def _category_slug(product: Product, category_id: int) -> str:
    if category_id == product.category_id:
        return product.category.slug
    found = [kind.slug for kind in queries.categories() if kind.id == category_id]
    return found[0] if found else product.category.slug


def _variants(product: Product, said: Mapping[str, Mapping[str, Any]]) -> list[dict[str, Any]]:
    """SKUs of the product with the words that wait, then new ones that wait."""
    rows = []
    for variant in product.variants:
        rows.append(
            {
                "sku": variant.sku,
                "price_fen": variant.price_fen,
                "strike_price_fen": variant.strike_price_fen,
                "live_floor_fen": variant.live_floor_fen,
                "commission_bp": variant.commission_bp,
                "new": False,
                **said[variant.sku],
            }
        )
    known = {variant.sku for variant in product.variants}
    rows += [{"new": True, "sku": sku, **said[sku]} for sku in said if sku not in known]
    return rows


def _pictures(ids: Sequence[int]) -> list[Image]:
    rows = {row.id: row for row in db.session.scalars(select(Picture).where(Picture.id.in_(ids)))}
    return [
        Image(id=row.id, name=row.name, width=row.width, height=row.height)
        for row in (rows[i] for i in ids if i in rows)
    ]
