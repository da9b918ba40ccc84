"""What a card outside the product's own page shows of a SKU."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import RowMapping, select

from shop.db import db
from shop.domain.catalog.models import Picture, Product, ProductPicture, Variant
from shop.domain.catalog.states import ProductStatus


@dataclass(frozen=True, kw_only=True)
class Card:
    """One SKU with its product's words and seller; money in fen, weight in grams."""

    sku: str
    product_id: int
    slug: str
    title: str
    name: str
    unit: str
    weight_grams: int
    price_fen: int
    strike_price_fen: int | None
    live_floor_fen: int | None
    commission_bp: int
    cooperative_id: int
    village_id: int
    cover: str | None
    on_sale: bool
    seller_name: str
    seller_address: str
    seller_contact: str
    seller_licence_no: str


COLUMNS = (
    Variant.sku,
    Variant.product_id,
    Product.slug,
    Product.title,
    Variant.name,
    Variant.unit,
    Variant.weight_grams,
    Variant.price_fen,
    Variant.strike_price_fen,
    Variant.live_floor_fen,
    Variant.commission_bp,
    Product.cooperative_id,
    Product.village_id,
    Product.status,
    Product.seller_name,
    Product.seller_address,
    Product.seller_contact,
    Product.seller_licence_no,
)


def cards(skus: Sequence[str]) -> dict[str, Card]:
    """SKU to card, for every SKU that exists."""
    if not skus:
        return {}
    rows = (
        db.session.execute(
            select(*COLUMNS)
            .join(Product, Product.id == Variant.product_id)
            .where(Variant.sku.in_(skus))
        )
        .mappings()
        .all()
    )
    covers = _covers([row["product_id"] for row in rows])
    return {row["sku"]: _card(row, covers) for row in rows}


def _covers(product_ids: Sequence[int]) -> dict[int, str]:
    found: dict[int, str] = {}
    rows = db.session.execute(
        select(ProductPicture.product_id, Picture.name)
        .join(Picture, Picture.id == ProductPicture.picture_id)
        .where(ProductPicture.product_id.in_(product_ids))
        .order_by(ProductPicture.product_id, ProductPicture.position)
    )
    for row in rows:
        found.setdefault(row.product_id, row.name)
    return found


def _card(row: RowMapping, covers: dict[int, str]) -> Card:
    words = {key: value for key, value in row.items() if key != "status"}
    return Card(
        **words,
        cover=covers.get(row["product_id"]),
        on_sale=row["status"] is ProductStatus.ON_SALE,
    )
