"""What the operator arranges for visitors: kinds of produce and specialty halls (特产馆)."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select

from shop.db import db, overwrite, transactional
from shop.domain.catalog import queries
from shop.domain.catalog.models import Category, Hall, HallItem, Product
from shop.domain.catalog.states import HallKind
from shop.domain.villages.models import Village
from shop.flows.product_content import reword
from shop.kernel.actor import Actor
from shop.kernel.errors import Forbidden, Invalid, NotFound

MAX_IN_HALL = 60


@transactional
def save_category(
    *,
    actor: Actor,
    slug: str,
    values: Mapping[str, Any],
    new: bool = False,
    expected_version: int | None = None,
) -> None:
    """Make or change a kind of produce: ``name name_en perishable certificate_required position``.

    Products of a renamed kind are found by its new name from then on. Raises ``Stale``.
    """
    _operator(actor)
    category = queries.category(slug)
    if category is None:
        if expected_version is not None:
            raise NotFound("no such kind")
        db.session.add(Category(slug=slug, **values))
        return
    if new:
        raise Invalid.at("/slug", "this name is taken", code="taken")
    renamed = (values["name"], values["name_en"]) != (category.name, category.name_en)
    overwrite(Category, Category.id == category.id, expected=expected_version, **values)
    if renamed:
        reword(Product.category_id == category.id)


@transactional
def save_hall(
    *,
    actor: Actor,
    now: datetime,
    slug: str,
    values: Mapping[str, Any],
    products: Sequence[str],
    new: bool = False,
    expected_version: int | None = None,
) -> None:
    """Make or change a hall and what stands in it, in order.

    ``values``: ``title title_en kind intro village`` (slug or ``None``), ``position shown``;
    ``products`` are slugs. A village's hall names its village. Raises ``Stale``.
    """
    _operator(actor)
    columns = {name: value for name, value in values.items() if name != "village"}
    columns["village_id"] = _village_id(values)
    hall = queries.hall(slug)
    if new and hall is not None:
        raise Invalid.at("/slug", "this name is taken", code="taken")
    if hall is None and not new:
        raise NotFound("no such hall")
    if hall is None:
        hall = Hall(slug=slug, created_at=now, **columns)
        db.session.add(hall)
        db.session.flush()
    else:
        overwrite(Hall, Hall.id == hall.id, expected=expected_version, **columns)
    _fill(hall, products)


@transactional
def remove_hall(*, actor: Actor, slug: str) -> None:
    """Close a hall; the goods in it stay where they are sold."""
    _operator(actor)
    hall = queries.hall(slug)
    if hall is None:
        raise NotFound("no such hall")
    db.session.execute(delete(HallItem).where(HallItem.hall_id == hall.id))
    db.session.delete(hall)


def _fill(hall: Hall, slugs: Sequence[str]) -> None:
    wanted = list(dict.fromkeys(slugs))
    if len(wanted) > MAX_IN_HALL:
        raise Invalid.at("/products", f"at most {MAX_IN_HALL} products stand in a hall")
    rows = db.session.execute(select(Product.slug, Product.id).where(Product.slug.in_(wanted)))
    ids = dict(rows.all())
    if absent := [slug for slug in wanted if slug not in ids]:
        raise Invalid.at("/products", f"no such product: {absent[0]}")
    db.session.execute(delete(HallItem).where(HallItem.hall_id == hall.id))
    db.session.add_all(
        HallItem(hall_id=hall.id, product_id=ids[slug], position=position)
        for position, slug in enumerate(wanted)
    )


def _village_id(values: Mapping[str, Any]) -> int | None:
    if values.get("village"):
        found = db.session.scalar(select(Village.id).where(Village.slug == values["village"]))
        if found is None:
            raise Invalid.at("/village", "no such village")
        return found
    if values["kind"] == HallKind.VILLAGE:
        raise Invalid.at("/village", "a village's hall names its village", code="required")
    return None


def _operator(actor: Actor) -> None:
    if not actor.is_operator:
        raise Forbidden("only the operator arranges the shop")
