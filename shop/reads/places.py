"""Villages, flagship stores (旗舰店) and specialty halls (特产馆) as visitors see them."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

from sqlalchemy import ScalarSelect, Select, func, select

from shop.db import db
from shop.domain.catalog import queries
from shop.domain.catalog.models import Hall, HallItem, Picture, Product
from shop.domain.catalog.states import HallKind, ProductStatus
from shop.domain.villages.models import Cooperative, Village
from shop.domain.villages.states import PlaceStatus, SellerKind
from shop.kernel.errors import NotFound
from shop.keyset import DEFAULT_LIMIT, Keyset, keyset
from shop.reads import catalogue
from shop.reads.catalogue import ProductCard

MOST_COUNTED = 100
"""More are not counted: a card's note need not cost what a county has."""


@dataclass(frozen=True, kw_only=True)
class VillageCard:
    """A village; ``goods`` counts products that can be bought, up to ``MOST_COUNTED``."""

    id: int
    slug: str
    name: str
    name_en: str
    region_code: str
    intro: str
    intro_en: str
    cover: str | None
    goods: int

    @property
    def cover_url(self) -> str | None:
        return f"/pictures/{self.cover}/m.webp" if self.cover else None


@dataclass(frozen=True, kw_only=True)
class CooperativeCard:
    """A cooperative with its licence and story."""

    id: int
    slug: str
    name: str
    licence_no: str
    seller_kind: SellerKind
    address: str
    contact: str
    story: str
    cover: str | None
    goods: int
    village: str
    village_name: str
    village_name_en: str

    @property
    def cover_url(self) -> str | None:
        return f"/pictures/{self.cover}/m.webp" if self.cover else None


@dataclass(frozen=True, kw_only=True)
class HallCard:
    """A hall with the first of what stands in it."""

    id: int
    slug: str
    title: str
    title_en: str
    kind: HallKind
    intro: str
    goods: tuple[ProductCard, ...]


def villages(*, limit: int = DEFAULT_LIMIT, after: Sequence[Any] | None = None) -> Keyset:
    """One page of ``VillageCard``, in the order they were entered."""
    found = keyset(_villages(), keys=((Village.id, "asc"),), limit=limit, after=after)
    return Keyset(rows=[_village(row) for row in found.rows], next=found.next)


def village(slug: str) -> VillageCard:
    """One village; raises ``NotFound`` where it is absent or suspended."""
    row = db.session.execute(_villages().where(Village.slug == slug)).one_or_none()
    if row is None:
        raise NotFound("no such village")
    return _village(row)


def cooperatives(
    *,
    village: str | None = None,
    limit: int = DEFAULT_LIMIT,
    after: Sequence[Any] | None = None,
) -> Keyset:
    """One page of ``CooperativeCard``, in the order they were entered."""
    query = _cooperatives()
    if village:
        query = query.where(Village.slug == village)
    found = keyset(query, keys=((Cooperative.id, "asc"),), limit=limit, after=after)
    return Keyset(rows=[_cooperative(row) for row in found.rows], next=found.next)


def cooperative(slug: str) -> CooperativeCard:
    """One flagship store; raises ``NotFound`` where it is absent or suspended."""
    row = db.session.execute(_cooperatives().where(Cooperative.slug == slug)).one_or_none()
    if row is None:
        raise NotFound("no such cooperative")
    return _cooperative(row)


def halls(*, first: int = 4) -> list[HallCard]:
    """Every hall that is shown and has something to buy."""
    found = [_hall(hall, catalogue.in_hall(hall.id)[:first]) for hall in queries.halls()]
    return [hall for hall in found if hall.goods]


def hall(slug: str) -> HallCard:
    """One hall with all that stands in it; raises ``NotFound``."""
    found = queries.hall(slug)
    if found is None or not found.shown:
        raise NotFound("no such hall")
    return _hall(found, catalogue.in_hall(found.id))


def hall_sizes() -> dict[int, int]:
    """Hall id to the number of products put in it."""
    rows = db.session.execute(select(HallItem.hall_id, func.count()).group_by(HallItem.hall_id))
    return {row[0]: row[1] for row in rows}


def _villages() -> Select[Any]:
    goods = _counted(
        select(Product.cooperative_id)
        .join(Cooperative, Cooperative.id == Product.cooperative_id)
        .where(Product.village_id == Village.id, *catalogue.public())
        .correlate(Village)
    )
    return (
        select(
            Village.id,
            Village.slug,
            Village.name,
            Village.name_en,
            Village.region_code,
            Village.intro,
            Village.intro_en,
            Picture.name,
            goods,
        )
        .outerjoin(Picture, Picture.id == Village.cover_id)
        .where(Village.status == PlaceStatus.ACTIVE)
    )


def _counted(products: Select[int]) -> ScalarSelect[Any]:
    some = products.limit(MOST_COUNTED).subquery()
    return select(func.count()).select_from(some).scalar_subquery()


VILLAGE = tuple(field.name for field in fields(VillageCard))


def _village(row: Any) -> VillageCard:
    return VillageCard(**dict(zip(VILLAGE, row, strict=False)))


def _cooperatives() -> Select[Any]:
    goods = _counted(
        select(Product.cooperative_id)
        .where(Product.cooperative_id == Cooperative.id, Product.status == ProductStatus.ON_SALE)
        .correlate(Cooperative)
    )
    return (
        select(
            Cooperative.id,
            Cooperative.slug,
            Cooperative.name,
            Cooperative.licence_no,
            Cooperative.seller_kind,
            Cooperative.address,
            Cooperative.contact,
            Cooperative.story,
            Picture.name,
            goods,
            Village.slug,
            Village.name,
            Village.name_en,
        )
        .join(Village, Village.id == Cooperative.village_id)
        .outerjoin(Picture, Picture.id == Cooperative.cover_id)
        .where(Cooperative.status == PlaceStatus.ACTIVE)
    )


COOPERATIVE = tuple(field.name for field in fields(CooperativeCard))


def _cooperative(row: Any) -> CooperativeCard:
    return CooperativeCard(**dict(zip(COOPERATIVE, row, strict=False)))


def _hall(hall: Hall, goods: Sequence[ProductCard]) -> HallCard:
    return HallCard(
        id=hall.id,
        slug=hall.slug,
        title=hall.title,
        title_en=hall.title_en,
        kind=hall.kind,
        intro=hall.intro,
        goods=tuple(goods),
    )
