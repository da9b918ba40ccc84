"""Nouns of the catalogue."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, func, select

from shop.db import db
from shop.domain.catalog.models import (
    Category,
    Certificate,
    Hall,
    HallItem,
    Picture,
    PriceChange,
    Product,
    ProductHistory,
    ProductPicture,
    ProductRevision,
    StrikeEvidence,
    Variant,
)
from shop.domain.catalog.states import RevisionStatus
from shop.keyset import Key, Keyset, keyset


def by_slug(slug: str) -> Product | None:
    """A product in any state."""
    return db.session.scalar(select(Product).where(Product.slug == slug))


def locked(slug: str, *, cooperative_ids: Sequence[int] | None = None) -> Product | None:
    """A product that nobody else changes until this transaction ends; ``None`` ids: anybody's.

    The lock leaves its key alone, so that orders which name the product do not wait for an editor.
    """
    query = select(Product).where(Product.slug == slug)
    if cooperative_ids is not None:
        query = query.where(Product.cooperative_id.in_(cooperative_ids))
    return db.session.scalar(
        query.with_for_update(of=Product, key_share=True).execution_options(populate_existing=True)
    )


def hold_prices(sku: str) -> None:
    """Let nobody change this SKU's product until the transaction ends; others may hold it too."""
    db.session.execute(
        select(Product.id)
        .join(Variant, Variant.product_id == Product.id)
        .where(Variant.sku == sku)
        .with_for_update(read=True, of=Product)
    )


def locked_where(which: ColumnElement[bool]) -> list[Product]:
    """Products by id, which nobody else changes until this transaction ends."""
    return list(
        db.session.scalars(
            select(Product)
            .where(which)
            .order_by(Product.id)
            .with_for_update(of=Product)
            .execution_options(populate_existing=True)
        )
    )


def variant(sku: str) -> Variant | None:
    """One SKU."""
    return db.session.scalar(select(Variant).where(Variant.sku == sku))


def taken_skus(skus: Sequence[str], *, product_id: int | None) -> set[str]:
    """Which of these SKUs are another product's, or wait for the operator to become it."""
    if not skus:
        return set()
    query = select(Variant.sku).where(Variant.sku.in_(skus))
    waiting = select(ProductRevision.changes).where(
        ProductRevision.status == RevisionStatus.WAITING
    )
    if product_id is not None:
        query = query.where(Variant.product_id != product_id)
        waiting = waiting.where(ProductRevision.product_id != product_id)
    asked = {sku for changes in db.session.scalars(waiting) for sku in changes.get("variants", {})}
    return set(db.session.scalars(query)) | (asked & set(skus))


def category(slug: str) -> Category | None:
    """One kind of produce."""
    return db.session.scalar(select(Category).where(Category.slug == slug))


def categories() -> list[Category]:
    """All kinds, in the operator's order."""
    return list(db.session.scalars(select(Category).order_by(Category.position, Category.id)))


def category_page(*, limit: int, after: Sequence[Any] | None = None) -> Keyset:
    """One page of kinds."""
    keys: tuple[Key, ...] = ((Category.position, "asc"), (Category.id, "asc"))
    return keyset(select(Category), keys=keys, limit=limit, after=after)


def waiting_revision(product_id: int) -> ProductRevision | None:
    """The change that waits for the operator, if there is one."""
    return db.session.scalar(
        select(ProductRevision).where(
            ProductRevision.product_id == product_id,
            ProductRevision.status == RevisionStatus.WAITING,
        )
    )


def last_revision(product_id: int) -> ProductRevision | None:
    """The newest change, whatever became of it."""
    return db.session.scalar(
        select(ProductRevision)
        .where(ProductRevision.product_id == product_id)
        .order_by(ProductRevision.id.desc())
        .limit(1)
    )


def pictures(ids: Sequence[int]) -> dict[int, Picture]:
    """These pictures, by id."""
    rows = db.session.scalars(select(Picture).where(Picture.id.in_(ids)))
    return {picture.id: picture for picture in rows}


def pictures_since(owner_id: int, since: datetime) -> int:
    """How many pictures somebody brought since then."""
    return (
        db.session.scalar(
            select(func.count())
            .select_from(Picture)
            .where(Picture.owner_id == owner_id, Picture.created_at > since)
        )
        or 0
    )


def pictures_in_use(ids: Sequence[int], cooperative_id: int) -> set[int]:
    """Which of these pictures stand on a page of this cooperative already."""
    shown = (
        select(ProductPicture.picture_id)
        .join(Product, Product.id == ProductPicture.product_id)
        .where(ProductPicture.picture_id.in_(ids), Product.cooperative_id == cooperative_id)
    )
    on_papers = (
        select(Certificate.picture_id)
        .join(Product, Product.id == Certificate.product_id)
        .where(Certificate.picture_id.in_(ids), Product.cooperative_id == cooperative_id)
    )
    return {found for found in db.session.scalars(shown.union(on_papers)) if found is not None}


def last_evidence(sku: str) -> StrikeEvidence | None:
    """Why the price of this SKU is struck through."""
    return db.session.scalar(
        select(StrikeEvidence)
        .where(StrikeEvidence.sku == sku)
        .order_by(StrikeEvidence.id.desc())
        .limit(1)
    )


def price_changes(skus: Sequence[str], *, limit: int = 50) -> list[PriceChange]:
    """The newest price changes of these SKUs."""
    return list(
        db.session.scalars(
            select(PriceChange)
            .where(PriceChange.sku.in_(skus))
            .order_by(PriceChange.id.desc())
            .limit(limit)
        )
    )


def history(product_id: int) -> list[ProductHistory]:
    """Every move of a product, the newest first."""
    return list(
        db.session.scalars(
            select(ProductHistory)
            .where(ProductHistory.product_id == product_id)
            .order_by(ProductHistory.id.desc())
        )
    )


def hall(slug: str) -> Hall | None:
    """One specialty hall, shown or not."""
    return db.session.scalar(select(Hall).where(Hall.slug == slug))


def halls(*, shown_only: bool = True) -> list[Hall]:
    """Specialty halls in the operator's order."""
    query = select(Hall).order_by(Hall.position, Hall.id)
    return list(db.session.scalars(query.where(Hall.shown) if shown_only else query))


def hall_items(hall_id: int) -> list[HallItem]:
    """What stands in a hall, in order."""
    return list(
        db.session.scalars(
            select(HallItem)
            .where(HallItem.hall_id == hall_id)
            .order_by(HallItem.position, HallItem.id)
        )
    )
