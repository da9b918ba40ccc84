"""Villages, cooperatives and farmers as they are."""

from collections.abc import Iterable, Sequence

from sqlalchemy import Select, func, select

from shop.db import db
from shop.domain.villages.models import Cooperative, Farmer, Village
from shop.domain.villages.states import PlaceStatus


def villages(*, active: bool = True) -> list[Village]:
    """Villages by name; the operator also sees suspended ones."""
    query = select(Village).order_by(Village.id)
    if active:
        query = query.where(Village.status == PlaceStatus.ACTIVE)
    return list(db.session.scalars(query))


def village(slug: str) -> Village | None:
    """One village by its slug, whatever its status."""
    return db.session.scalar(select(Village).where(Village.slug == slug))


def villages_by_id(ids: Iterable[int]) -> dict[int, Village]:
    """Village id to village."""
    found = db.session.scalars(select(Village).where(Village.id.in_(set(ids))))
    return {one.id: one for one in found}


def cooperatives(*, active: bool = True) -> list[Cooperative]:
    """Cooperatives by id; the operator also sees suspended ones."""
    query = select(Cooperative).order_by(Cooperative.id)
    if active:
        query = query.where(Cooperative.status == PlaceStatus.ACTIVE)
    return list(db.session.scalars(query))


def cooperative(slug: str) -> Cooperative | None:
    """One cooperative by its slug, whatever its status."""
    return db.session.scalar(select(Cooperative).where(Cooperative.slug == slug))


def cooperatives_by_id(ids: Iterable[int]) -> dict[int, Cooperative]:
    """Cooperative id to cooperative."""
    found = db.session.scalars(select(Cooperative).where(Cooperative.id.in_(set(ids))))
    return {one.id: one for one in found}


def slugs(ids: Iterable[int]) -> list[str]:
    """The slugs of some cooperatives, in the order of their ids."""
    query = select(Cooperative.slug).where(Cooperative.id.in_(set(ids))).order_by(Cooperative.id)
    return list(db.session.scalars(query))


def farmers_of(cooperative_ids: Sequence[int]) -> Select[Farmer]:
    """Farmers of these cooperatives, suspended ones too, to be listed in pages."""
    return select(Farmer).where(Farmer.cooperative_id.in_(cooperative_ids))


def farmers(cooperative_ids: Sequence[int]) -> list[Farmer]:
    """All of them, by id."""
    return list(db.session.scalars(farmers_of(cooperative_ids).order_by(Farmer.id)))


def farmer(farmer_id: int, *, cooperative_ids: Sequence[int]) -> Farmer | None:
    """One farmer of these cooperatives; another's is not found."""
    return db.session.scalar(
        select(Farmer).where(Farmer.id == farmer_id, Farmer.cooperative_id.in_(cooperative_ids))
    )


def farmer_counts() -> dict[int, int]:
    """Cooperative id to its active farmers."""
    rows = db.session.execute(
        select(Farmer.cooperative_id, func.count())
        .where(Farmer.status == PlaceStatus.ACTIVE)
        .group_by(Farmer.cooperative_id)
    )
    return {row[0]: row[1] for row in rows}
