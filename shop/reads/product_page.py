"""A product's own page, as its reader may see it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import select

from shop.db import db
from shop.domain.catalog import queries
from shop.domain.catalog.models import Certificate, Picture, Product, ProductRevision, Variant
from shop.domain.catalog.states import AfterSale, CertificateKind, ProductStatus, RevisionStatus
from shop.domain.inventory.queries import available
from shop.domain.villages.models import Cooperative, Village
from shop.domain.villages.states import PlaceStatus, SellerKind
from shop.kernel.actor import Actor
from shop.kernel.clock import local_date
from shop.kernel.errors import NotFound


@dataclass(frozen=True, kw_only=True)
class Place:
    """A village, cooperative or kind of produce by its name; ``name_en`` may be empty."""

    slug: str
    name: str
    name_en: str = ""


@dataclass(frozen=True, kw_only=True)
class Seller:
    """Who sells (DOMAIN 9): shown without a further step on every page of the goods."""

    name: str
    address: str
    contact: str
    licence_no: str
    self_grown: bool


@dataclass(frozen=True, kw_only=True)
class Image:
    """A picture of the page; sizes ``s``, ``m``, ``l`` are in its address."""

    id: int
    name: str
    width: int
    height: int

    @property
    def url(self) -> str:
        return f"/pictures/{self.name}/m.webp"

    @property
    def small_url(self) -> str:
        return f"/pictures/{self.name}/s.webp"

    @property
    def large_url(self) -> str:
        return f"/pictures/{self.name}/l.webp"


@dataclass(frozen=True, kw_only=True)
class Paper:
    """A certificate; ``shown`` is whether its badge may be shown today."""

    kind: CertificateKind
    number: str
    holder: str
    scope: str
    valid_from: date
    valid_to: date
    picture_id: int | None
    picture: str | None
    shown: bool

    @property
    def picture_url(self) -> str | None:
        return f"/pictures/{self.picture}/l.webp" if self.picture else None


@dataclass(frozen=True, kw_only=True)
class Offer:
    """One SKU: price per ``unit`` in fen, net weight in grams, units left on the shelf."""

    sku: str
    name: str
    price_fen: int
    strike_price_fen: int | None
    unit: str
    weight_grams: int
    available: int
    live_floor_fen: int | None
    commission_bp: int

    @property
    def fen_per_jin(self) -> int:
        """What half a kilogram costs, in fen, rounded half up: how prices of produce compare."""
        return (self.price_fen * 1000 + self.weight_grams) // (2 * self.weight_grams)


@dataclass(frozen=True, kw_only=True)
class AfterSaleRule:
    """What a buyer may claim; quality faults are never exempt."""

    policy: AfterSale
    claim_window_hours: int

    @property
    def return_days(self) -> int:
        return 7 if self.policy is AfterSale.SEVEN_DAYS else 0


@dataclass(frozen=True, kw_only=True)
class Waiting:
    """The newest change of an approved page and what became of it."""

    status: RevisionStatus
    changes: Mapping[str, Any]
    reason: str | None
    submitted_at: datetime


@dataclass(frozen=True, kw_only=True)
class ProductPage:
    """Everything the page says; ``own`` readers also see state, floors and what waits."""

    id: int
    slug: str
    title: str
    summary: str
    description: str
    status: ProductStatus
    status_reason: str | None
    blocked_rule: str | None
    version: int
    village: Place
    cooperative: Place
    cooperative_id: int
    category: Place
    seller: Seller
    images: tuple[Image, ...]
    papers: tuple[Paper, ...]
    after_sale: AfterSaleRule
    shelf_life_days: int
    storage: str
    ship_within_hours: int
    variants: tuple[Offer, ...]
    sales: int
    approved: bool
    buyable: bool
    own: bool
    revision: Waiting | None

    @property
    def certificates(self) -> tuple[Paper, ...]:
        """The badges that may be shown."""
        return tuple(paper for paper in self.papers if paper.shown)

    @property
    def available(self) -> int:
        return sum(variant.available for variant in self.variants)

    @property
    def cover_url(self) -> str | None:
        return self.images[0].url if self.images else None


def product_page(slug: str, *, actor: Actor | None, now: datetime) -> ProductPage:
    """The page of one product; raises ``NotFound`` for what this reader may not see."""
    row = db.session.execute(
        select(Product, Village, Cooperative)
        .join(Village, Village.id == Product.village_id)
        .join(Cooperative, Cooperative.id == Product.cooperative_id)
        .where(Product.slug == slug)
        .execution_options(populate_existing=True)
    ).one_or_none()
    if row is None:
        raise NotFound("no such product")
    product, village, home = row
    buyable = product.status is ProductStatus.ON_SALE and home.status is PlaceStatus.ACTIVE
    own = actor is not None and (
        actor.is_operator or product.cooperative_id in actor.cooperatives("clerk", "keeper")
    )
    if not (buyable or own):
        raise NotFound("no such product")
    return _page(product, village, home, buyable=buyable, own=own, today=local_date(now))


def _page(
    product: Product,
    village: Village,
    home: Cooperative,
    *,
    buyable: bool,
    own: bool,
    today: date,
) -> ProductPage:
    left = available([variant.sku for variant in product.variants])
    return ProductPage(
        id=product.id,
        slug=product.slug,
        title=product.title,
        summary=product.summary,
        description=product.description,
        status=product.status,
        status_reason=product.status_reason,
        blocked_rule=product.blocked_rule,
        version=product.version,
        village=Place(slug=village.slug, name=village.name, name_en=village.name_en),
        cooperative=Place(slug=home.slug, name=home.name),
        cooperative_id=home.id,
        category=Place(
            slug=product.category.slug,
            name=product.category.name,
            name_en=product.category.name_en,
        ),
        seller=_seller(product, home),
        images=tuple(_image(shown.picture) for shown in product.pictures),
        papers=_papers(product, today),
        after_sale=AfterSaleRule(
            policy=product.after_sale, claim_window_hours=product.claim_window_hours
        ),
        shelf_life_days=product.shelf_life_days,
        storage=product.storage,
        ship_within_hours=product.ship_within_hours,
        variants=tuple(_offer(variant, left[variant.sku]) for variant in product.variants),
        sales=product.sales,
        approved=product.approved_at is not None,
        buyable=buyable,
        own=own,
        revision=_waiting(queries.last_revision(product.id)) if own else None,
    )


def _seller(product: Product, home: Cooperative) -> Seller:
    return Seller(
        name=product.seller_name,
        address=product.seller_address,
        contact=product.seller_contact,
        licence_no=product.seller_licence_no,
        self_grown=home.seller_kind is SellerKind.SELF_GROWN,
    )


def _image(picture: Picture) -> Image:
    return Image(id=picture.id, name=picture.name, width=picture.width, height=picture.height)


def _papers(product: Product, today: date) -> tuple[Paper, ...]:
    kept = [paper for paper in product.certificates if paper.void_at is None]
    ids = [paper.picture_id for paper in kept if paper.picture_id is not None]
    pictures = queries.pictures(ids) if ids else {}
    return tuple(_paper(paper, pictures, today) for paper in sorted(kept, key=lambda p: p.id))


def _paper(paper: Certificate, pictures: Mapping[int, Picture], today: date) -> Paper:
    picture = pictures.get(paper.picture_id) if paper.picture_id is not None else None
    return Paper(
        kind=paper.kind,
        number=paper.number,
        holder=paper.holder,
        scope=paper.scope,
        valid_from=paper.valid_from,
        valid_to=paper.valid_to,
        picture_id=paper.picture_id,
        picture=picture.name if picture else None,
        shown=paper.is_shown(today),
    )


def _offer(variant: Variant, left: int) -> Offer:
    return Offer(
        sku=variant.sku,
        name=variant.name,
        price_fen=variant.price_fen,
        strike_price_fen=variant.strike_price_fen,
        unit=variant.unit,
        weight_grams=variant.weight_grams,
        available=max(left, 0),
        live_floor_fen=variant.live_floor_fen,
        commission_bp=variant.commission_bp,
    )


def _waiting(revision: ProductRevision | None) -> Waiting | None:
    if revision is None or revision.status in {
        RevisionStatus.APPROVED,
        RevisionStatus.WITHDRAWN,
    }:
        return None
    return Waiting(
        status=revision.status,
        changes=revision.changes,
        reason=revision.reason,
        submitted_at=revision.submitted_at,
    )
