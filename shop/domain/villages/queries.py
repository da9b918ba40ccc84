"""Villages, cooperatives and farmers as they are."""

from collections.abc import Iterable, Sequence
from typing import TypeVar

from sqlalchemy import Select, func, select

from shop.db import db
from shop.domain.villages.models import Cooperative, Farmer, Village
from shop.domain.villages.states import PlaceStatus
from shop.kernel.errors import NotFound

P = TypeVar("P", Village, Cooperative)


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


def locked_village(village_id: int) -> Village:
    """A village that nobody else changes until this transaction ends; raises ``NotFound``."""
    return _locked(select(Village).where(Village.id == village_id))


def locked_cooperative(cooperative_id: int) -> Cooperative:
    """A cooperative that nobody else changes meanwhile; raises ``NotFound``."""
    return _locked(select(Cooperative).where(Cooperative.id == cooperative_id))


def _locked(query: Select[P]) -> P:
    """The lock leaves the key alone, so that what names the place does not wait."""
    found = db.session.scalar(
        query.with_for_update(key_share=True).execution_options(populate_existing=True)
    )
    if found is None:
        raise NotFound()
    return found


def active(ids: Iterable[int]) -> set[int]:
    """Which of these cooperatives may sell now."""
    query = select(Cooperative.id).where(
        Cooperative.id.in_(set(ids)), Cooperative.status == PlaceStatus.ACTIVE
    )
    return set(db.session.scalars(query))


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
