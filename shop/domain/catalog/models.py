"""Tables of what is sold, with the words that were approved and those that wait."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from shop.columns import Word, one_of
from shop.db import APPEND_ONLY, Base, Versioned
from shop.domain.catalog.states import (
    AfterSale,
    CertificateKind,
    HallKind,
    ProductStatus,
    RevisionStatus,
    StrikeBasis,
)


class Category(Versioned, Base):
    """Kind of produce; ``perishable`` alone allows the exemption, never wider."""

    __tablename__ = "category"

    id: Mapped[int] = mapped_column(primary_key=True)
    slug: Mapped[str] = mapped_column(String(64), unique=True)
    name: Mapped[str] = mapped_column(String(40))
    name_en: Mapped[str] = mapped_column(String(40))
    perishable: Mapped[bool] = mapped_column(default=False)
    certificate_required: Mapped[bool] = mapped_column(default=False)
    position: Mapped[int] = mapped_column(default=0)


class Picture(Base):
    """An uploaded picture, re-encoded to three WebP sizes under a name of our own."""

    __tablename__ = "picture"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(32), unique=True)
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"), index=True)
    width: Mapped[int]
    height: Mapped[int]
    bytes: Mapped[int]
    created_at: Mapped[datetime]


class Product(Base):
    """What a cooperative sells; ``version`` counts every change and is the ETag."""

    __tablename__ = "product"
    __table_args__ = (
        one_of("status", ProductStatus),
        one_of("after_sale", AfterSale),
        CheckConstraint("ship_within_hours BETWEEN 1 AND 2160", name="ship_within"),
        Index("ix_product_status_created_at", "status", "created_at", "id"),
        Index("ix_product_status_from_fen", "status", "from_fen", "id"),
        Index("ix_product_status_sales", "status", "sales", "id"),
        Index("ix_product_cooperative_id_id", "cooperative_id", "id"),
        Index("ix_product_village_id_counted", "village_id", "status", "cooperative_id"),
        *(
            Index(f"ix_product_{whose}_{key}", whose, "status", key, "id")
            for whose in ("cooperative_id", "village_id", "category_id")
            for key in ("created_at", "from_fen", "sales")
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    slug: Mapped[str] = mapped_column(String(64), unique=True)
    cooperative_id: Mapped[int] = mapped_column(ForeignKey("cooperative.id"))
    village_id: Mapped[int] = mapped_column(ForeignKey("village.id"))
    category_id: Mapped[int] = mapped_column(ForeignKey("category.id"))
    title: Mapped[str] = mapped_column(String(80))
    summary: Mapped[str] = mapped_column(String(200), default="")
    description: Mapped[str] = mapped_column(Text, default="")
    seller_name: Mapped[str] = mapped_column(String(80))
    seller_address: Mapped[str] = mapped_column(String(200))
    seller_contact: Mapped[str] = mapped_column(String(40))
    seller_licence_no: Mapped[str] = mapped_column(String(18))
    after_sale: Mapped[AfterSale] = mapped_column(Word(AfterSale))
    claim_window_hours: Mapped[int] = mapped_column(default=24)
    shelf_life_days: Mapped[int]
    storage: Mapped[str] = mapped_column(String(80), default="")
    ship_within_hours: Mapped[int] = mapped_column(default=48)
    status: Mapped[ProductStatus] = mapped_column(Word(ProductStatus), default=ProductStatus.DRAFT)
    blocked_rule: Mapped[str | None] = mapped_column(String(80))
    status_reason: Mapped[str | None] = mapped_column(String(200))
    from_fen: Mapped[int] = mapped_column(default=0)
    sales: Mapped[int] = mapped_column(default=0)
    version: Mapped[int] = mapped_column(default=1)
    approved_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]

    category: Mapped[Category] = relationship(lazy="joined")
    variants: Mapped[list["Variant"]] = relationship(
        order_by="Variant.position", lazy="selectin", back_populates="product"
    )
    pictures: Mapped[list["ProductPicture"]] = relationship(
        order_by="ProductPicture.position", lazy="selectin", cascade="all, delete-orphan"
    )
    certificates: Mapped[list["Certificate"]] = relationship(lazy="selectin")


class Variant(Base):
    """What is put in the cart: one SKU with its price per stated unit."""

    __tablename__ = "variant"
    __table_args__ = (
        CheckConstraint("price_fen > 0", name="price_positive"),
        CheckConstraint("strike_price_fen IS NULL OR strike_price_fen > price_fen", name="strike"),
        CheckConstraint(
            "live_floor_fen IS NULL OR live_floor_fen BETWEEN 1 AND price_fen", name="live_floor"
        ),
        CheckConstraint("weight_grams > 0", name="weight_positive"),
        CheckConstraint("commission_bp BETWEEN 0 AND 5000", name="commission"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    product_id: Mapped[int] = mapped_column(ForeignKey("product.id"), index=True)
    sku: Mapped[str] = mapped_column(String(40), unique=True)
    name: Mapped[str] = mapped_column(String(60))
    price_fen: Mapped[int]
    strike_price_fen: Mapped[int | None]
    unit: Mapped[str] = mapped_column(String(8))
    weight_grams: Mapped[int]
    live_floor_fen: Mapped[int | None]
    commission_bp: Mapped[int] = mapped_column(default=0)
    position: Mapped[int] = mapped_column(default=0)

    product: Mapped[Product] = relationship(back_populates="variants")


class ProductPicture(Base):
    """A picture on a product's page, in order."""

    __tablename__ = "product_picture"

    product_id: Mapped[int] = mapped_column(ForeignKey("product.id"), primary_key=True)
    picture_id: Mapped[int] = mapped_column(ForeignKey("picture.id"), primary_key=True)
    position: Mapped[int] = mapped_column(default=0)

    picture: Mapped[Picture] = relationship(lazy="joined")


class Certificate(Base):
    """A paper with a term; an expired or void one shows no badge."""

    __tablename__ = "certificate"
    __table_args__ = (one_of("kind", CertificateKind),)

    id: Mapped[int] = mapped_column(primary_key=True)
    product_id: Mapped[int] = mapped_column(ForeignKey("product.id"), index=True)
    kind: Mapped[CertificateKind] = mapped_column(Word(CertificateKind))
    number: Mapped[str] = mapped_column(String(60))
    holder: Mapped[str] = mapped_column(String(80))
    scope: Mapped[str] = mapped_column(String(120), default="")
    valid_from: Mapped[date]
    valid_to: Mapped[date]
    picture_id: Mapped[int | None] = mapped_column(ForeignKey("picture.id"))
    void_at: Mapped[datetime | None]

    def is_shown(self, on: date) -> bool:
        """Whether the badge may be shown on this day."""
        return self.void_at is None and self.valid_from <= on <= self.valid_to


class ProductRevision(Base):
    """Changed words, pictures, seller or certificates that wait while the page keeps selling."""

    __tablename__ = "product_revision"
    __table_args__ = (
        one_of("status", RevisionStatus),
        Index(
            "uq_product_revision_waiting",
            "product_id",
            unique=True,
            postgresql_where=text("status = 'waiting'"),
            sqlite_where=text("status = 'waiting'"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    product_id: Mapped[int] = mapped_column(ForeignKey("product.id"), index=True)
    changes: Mapped[dict[str, Any]]
    status: Mapped[RevisionStatus] = mapped_column(
        Word(RevisionStatus), default=RevisionStatus.WAITING
    )
    reason: Mapped[str | None] = mapped_column(String(200))
    submitted_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    submitted_at: Mapped[datetime]
    decided_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    decided_at: Mapped[datetime | None]


class ProductHistory(Base):
    """One row a move of a product."""

    __tablename__ = "product_history"
    __table_args__ = (APPEND_ONLY,)

    id: Mapped[int] = mapped_column(primary_key=True)
    product_id: Mapped[int] = mapped_column(ForeignKey("product.id"), index=True)
    from_status: Mapped[str | None] = mapped_column(String(32))
    to_status: Mapped[str] = mapped_column(String(32))
    actor_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    actor_role: Mapped[str] = mapped_column(String(16))
    reason: Mapped[str | None] = mapped_column(String(200))
    at: Mapped[datetime]


class PriceChange(Base):
    """Every price a SKU ever had; ``field`` is ``price_fen`` or ``strike_price_fen``."""

    __tablename__ = "price_change"
    __table_args__ = (Index("ix_price_change_sku_at", "sku", "at"), APPEND_ONLY)

    id: Mapped[int] = mapped_column(primary_key=True)
    sku: Mapped[str] = mapped_column(ForeignKey("variant.sku"))
    field: Mapped[str] = mapped_column(String(20))
    old_fen: Mapped[int | None]
    new_fen: Mapped[int | None]
    actor_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    at: Mapped[datetime]


class StrikeEvidence(Base):
    """Why a struck-through price was allowed, with the figures of that moment."""

    __tablename__ = "strike_evidence"
    __table_args__ = (one_of("basis", StrikeBasis), APPEND_ONLY)

    id: Mapped[int] = mapped_column(primary_key=True)
    sku: Mapped[str] = mapped_column(ForeignKey("variant.sku"), index=True)
    strike_price_fen: Mapped[int]
    basis: Mapped[StrikeBasis] = mapped_column(Word(StrikeBasis))
    lowest_paid_fen: Mapped[int | None]
    source: Mapped[str | None] = mapped_column(String(200))
    actor_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    at: Mapped[datetime]


class ProductTerm(Base):
    """How a product is found: characters, pairs, words, pinyin and initials, by range.

    A rare word is looked up by itself; of a common one each product of a list is asked in turn.
    """

    __tablename__ = "product_term"
    __table_args__ = (Index("ix_product_term_product_id_term", "product_id", "term"),)

    term: Mapped[str] = mapped_column(
        String(60, collation="C").with_variant(String(60), "sqlite"), primary_key=True
    )
    product_id: Mapped[int] = mapped_column(ForeignKey("product.id"), primary_key=True)


class Hall(Versioned, Base):
    """A specialty hall (特产馆) the operator curates by season or village."""

    __tablename__ = "hall"
    __table_args__ = (one_of("kind", HallKind),)

    id: Mapped[int] = mapped_column(primary_key=True)
    slug: Mapped[str] = mapped_column(String(64), unique=True)
    title: Mapped[str] = mapped_column(String(60))
    title_en: Mapped[str] = mapped_column(String(60))
    kind: Mapped[HallKind] = mapped_column(Word(HallKind))
    intro: Mapped[str] = mapped_column(String(200), default="")
    village_id: Mapped[int | None] = mapped_column(ForeignKey("village.id"))
    position: Mapped[int] = mapped_column(default=0)
    shown: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime]


class HallItem(Base):
    """A product in a hall, in the operator's order."""

    __tablename__ = "hall_item"
    __table_args__ = (UniqueConstraint("hall_id", "product_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    hall_id: Mapped[int] = mapped_column(ForeignKey("hall.id"))
    product_id: Mapped[int] = mapped_column(ForeignKey("product.id"))
    position: Mapped[int] = mapped_column(default=0)
