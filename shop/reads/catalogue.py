"""Goods in lists: cards for visitors, for their cooperative and for the operator."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import cache
from typing import Any, Literal

from sqlalchemy import ColumnElement, ScalarSelect, Select, exists, func, or_, select

from shop.db import db
from shop.domain.catalog import terms
from shop.domain.catalog.models import (
    Category,
    HallItem,
    Picture,
    Product,
    ProductPicture,
    ProductRevision,
    ProductTerm,
    Variant,
)
from shop.domain.catalog.states import ProductStatus, RevisionStatus
from shop.domain.inventory.models import Stock
from shop.domain.villages.models import Cooperative, Village
from shop.domain.villages.states import PlaceStatus
from shop.keyset import DEFAULT_LIMIT, Key, Keyset, keyset

Sort = Literal["newest", "price", "-price", "sales"]

KEYS: dict[str, tuple[Key, ...]] = {
    "newest": ((Product.created_at, "desc"), (Product.id, "desc")),
    "price": ((Product.from_fen, "asc"), (Product.id, "asc")),
    "-price": ((Product.from_fen, "desc"), (Product.id, "desc")),
    "sales": ((Product.sales, "desc"), (Product.id, "desc")),
}
LOOSE_FROM = 3


@dataclass(frozen=True, kw_only=True)
class ProductCard:
    """A product in a list; ``price_fen`` is its lowest, ``available`` counts units on the shelf."""

    id: int
    slug: str
    title: str
    summary: str
    price_fen: int
    highest_fen: int
    unit: str
    available: int
    sales: int
    status: ProductStatus
    waiting: bool
    cover: str | None
    village: str
    village_name: str
    village_name_en: str
    cooperative: str
    cooperative_name: str

    @property
    def cover_url(self) -> str | None:
        return f"/pictures/{self.cover}/m.webp" if self.cover else None

    @property
    def price_varies(self) -> bool:
        return self.highest_fen > self.price_fen


def products(
    *,
    q: str = "",
    village: str | None = None,
    cooperative: str | None = None,
    category: str | None = None,
    sort: Sort = "newest",
    limit: int = DEFAULT_LIMIT,
    after: Sequence[Any] | None = None,
) -> Keyset:
    """One page of ``ProductCard`` that anybody may buy from; every word of ``q`` must be found."""
    query = _cards().where(*public())
    if village:
        query = query.where(Product.village_id == _id_of(Village, village))
    if cooperative:
        query = query.where(Product.cooperative_id == _id_of(Cooperative, cooperative))
    if category:
        query = query.where(Product.category_id == _id_of(Category, category))
    for condition in searched(q):
        query = query.where(condition)
    return _page(query, KEYS[sort], limit, after)


def _id_of(place: type[Village | Cooperative | Category], slug: str) -> ScalarSelect[int]:
    """Looked up first, so that the index of its products gives them in the order of pages."""
    return select(place.id).where(place.slug == slug).scalar_subquery()


def goods(
    cooperative_ids: Sequence[int] | None,
    *,
    status: ProductStatus | None = None,
    q: str = "",
    limit: int = DEFAULT_LIMIT,
    after: Sequence[Any] | None = None,
) -> Keyset:
    """Cards in any state, the last written first: of these cooperatives, or of all (``None``)."""
    query = _cards()
    if cooperative_ids is not None:
        query = query.where(Product.cooperative_id.in_(cooperative_ids))
    if status is not None:
        query = query.where(Product.status == status)
    if q.strip():
        query = query.where(Product.title.contains(q.strip(), autoescape=True))
    return _page(query, ((Product.id, "desc"),), limit, after)


def in_hall(hall_id: int, *, everything: bool = False) -> list[ProductCard]:
    """What stands in a hall, in the operator's order; only what can be bought unless asked."""
    query = _cards().join(HallItem, HallItem.product_id == Product.id)
    query = query.where(HallItem.hall_id == hall_id).order_by(HallItem.position, HallItem.id)
    if not everything:
        query = query.where(*public())
    return [_card(row) for row in db.session.execute(query)]


def public() -> tuple[ColumnElement[bool], ...]:
    """What makes a product visible to a stranger."""
    return (
        Product.status == ProductStatus.ON_SALE,
        Cooperative.status == PlaceStatus.ACTIVE,
    )


def searched(q: str) -> list[ColumnElement[bool]]:
    """One condition a word; a query of no word that could be found finds nothing."""
    words = terms.words_of(q)
    if q.strip() and not words:
        return [Product.id < 0]
    return [_found(word) for word in words]


def _found(word: str) -> ColumnElement[bool]:
    """By prefix range; three characters and more also where all of them stand apart."""
    by_prefix = Product.id.in_(
        select(ProductTerm.product_id).where(
            ProductTerm.term >= word, ProductTerm.term < word + terms.LAST
        )
    )
    if not terms.is_chinese(word) or len(word) < LOOSE_FROM:
        return by_prefix
    signs = set(word)
    apart = (
        select(ProductTerm.product_id)
        .where(ProductTerm.term.in_(sorted(signs)))
        .group_by(ProductTerm.product_id)
        .having(func.count() == len(signs))
    )
    return or_(by_prefix, Product.id.in_(apart))


@cache
def _cards() -> Select[Any]:
    """Built once: putting it together takes longer than a short list."""
    own = Variant.product_id == Product.id
    highest = select(func.max(Variant.price_fen)).where(own)
    unit = select(Variant.unit).where(own).order_by(Variant.price_fen, Variant.id).limit(1)
    left = (
        select(func.coalesce(func.sum(Stock.on_hand - Stock.held - Stock.allotted), 0))
        .join(Variant, Variant.sku == Stock.sku)
        .where(own)
    )
    cover = (
        select(Picture.name)
        .join(ProductPicture, ProductPicture.picture_id == Picture.id)
        .where(ProductPicture.product_id == Product.id)
        .order_by(ProductPicture.position, ProductPicture.picture_id)
        .limit(1)
    )
    waiting = exists().where(
        ProductRevision.product_id == Product.id,
        ProductRevision.status == RevisionStatus.WAITING,
    )
    return (
        select(
            Product.id,
            Product.slug,
            Product.title,
            Product.summary,
            Product.from_fen,
            func.coalesce(highest.correlate(Product).scalar_subquery(), 0),
            func.coalesce(unit.correlate(Product).scalar_subquery(), ""),
            left.correlate(Product).scalar_subquery(),
            Product.sales,
            Product.status,
            waiting.correlate(Product),
            cover.correlate(Product).scalar_subquery(),
            Village.slug,
            Village.name,
            Village.name_en,
            Cooperative.slug,
            Cooperative.name,
        )
        .join(Village, Village.id == Product.village_id)
        .join(Cooperative, Cooperative.id == Product.cooperative_id)
    )


FIELDS = tuple(field.name for field in fields(ProductCard))


def _card(row: Any) -> ProductCard:
    return ProductCard(**dict(zip(FIELDS, row, strict=False)))


def _page(
    query: Select[Any], keys: Sequence[Key], limit: int, after: Sequence[Any] | None
) -> Keyset:
    found = keyset(query, keys=keys, limit=limit, after=after)
    return Keyset(rows=[_card(row) for row in found.rows], next=found.next)
