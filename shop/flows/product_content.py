"""What a cooperative writes about its goods, resolved and checked: inside a transaction.

``content`` is what the API and the pages send, by these keys, all of which a change may leave out:
``title summary description storage shelf_life_days ship_within_hours category village`` (slugs),
``after_sale {policy, claim_window_hours}``, ``seller {name, address, contact, licence_no}``,
``pictures`` (ids), ``certificates`` and ``variants`` (lists of dictionaries).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, func, select

from shop.db import db
from shop.domain.accounts.models import RoleGrant
from shop.domain.catalog import queries, service
from shop.domain.catalog.models import Category, Product
from shop.domain.catalog.prices import Ground, set_prices
from shop.domain.catalog.states import AfterSale, StrikeBasis
from shop.domain.catalog.strike import WINDOW, Deals
from shop.domain.orders.models import Order, OrderLine
from shop.domain.villages.models import Cooperative, Village
from shop.domain.villages.states import PlaceStatus
from shop.kernel.actor import Actor
from shop.kernel.errors import Invalid, NotFound

MAX_PICTURES = 12
MAX_VARIANTS = 50
MAX_PAPERS = 20
PLAIN = ("title", "summary", "description", "storage", "shelf_life_days", "ship_within_hours")
DRIED_SHELF_LIFE_DAYS = 365
FRESH_SHELF_LIFE_DAYS = 7


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """Content in columns: what waits for review, what holds at once, and the lists."""

    words: dict[str, Any] = field(default_factory=dict)
    at_once: dict[str, Any] = field(default_factory=dict)
    lists: dict[str, Any] = field(default_factory=dict)
    variants: Sequence[Mapping[str, Any]] = ()


def resolved(
    content: Mapping[str, Any], *, cooperative_id: int, actor: Actor, product: Product | None
) -> Wanted:
    """Turn slugs and ids into columns; a picture or village that is not theirs is not found."""
    columns = {name: content[name] for name in PLAIN if name in content}
    for name, value in (content.get("seller") or {}).items():
        columns[f"seller_{name}"] = value
    rule = content.get("after_sale") or {}
    if "policy" in rule:
        columns["after_sale"] = AfterSale(rule["policy"])
    if "claim_window_hours" in rule:
        columns["claim_window_hours"] = rule["claim_window_hours"]
    if "category" in content:
        columns["category_id"] = _category(content["category"]).id
    if "village" in content:
        columns["village_id"] = _village_id(content["village"])
    lists: dict[str, Any] = {}
    if "pictures" in content:
        lists["pictures"] = _pictures(content["pictures"], cooperative_id, actor)
    if "certificates" in content:
        lists["certificates"] = _papers(content["certificates"], cooperative_id, actor)
    variants = content.get("variants", ())
    _check_skus(variants, product)
    return Wanted(
        words={k: v for k, v in columns.items() if k in service.REVIEWED},
        at_once={k: v for k, v in columns.items() if k in service.AT_ONCE},
        lists=lists,
        variants=variants,
    )


def defaults(cooperative: Cooperative, category: Category) -> dict[str, Any]:
    """Columns of a new product that nobody had to write."""
    fresh = category.perishable
    return {
        "summary": "",
        "description": "",
        "storage": "",
        "shelf_life_days": FRESH_SHELF_LIFE_DAYS if fresh else DRIED_SHELF_LIFE_DAYS,
        "after_sale": AfterSale.SEVEN_DAYS,
        "claim_window_hours": 24,
        "village_id": cooperative.village_id,
        **seller_of(cooperative),
    }


def price_variants(
    product: Product, wanted: Sequence[Mapping[str, Any]], *, actor: Actor, now: datetime
) -> bool:
    """Set the prices of the product's own SKUs among ``wanted``; whether anything changed."""
    known = {variant.sku: variant for variant in product.variants}
    changed = False
    for position, values in enumerate(wanted):
        if values["sku"] not in known:
            continue
        changed |= set_prices(
            known[values["sku"]],
            {name: values[name] for name in service.VARIANT_AT_ONCE if name in values},
            deals=deals(values["sku"], now),
            ground=_ground(values),
            offered=product.approved_at is not None,
            pointer=f"/variants/{position}",
            actor_id=actor.user_id,
            now=now,
        )
    service.refresh_from(product)
    return changed


def deals(sku: str, now: datetime) -> Deals:
    """What buyers paid for a SKU: lowest in the seven days before ``now``, and last."""
    paid = (
        select(OrderLine.unit_price_fen)
        .join(Order)
        .where(OrderLine.sku == sku, Order.paid_at.is_not(None), Order.paid_at <= now)
    )
    lowest = db.session.scalar(
        select(func.min(OrderLine.unit_price_fen))
        .join(Order)
        .where(OrderLine.sku == sku, Order.paid_at > now - WINDOW, Order.paid_at <= now)
    )
    last = db.session.scalar(paid.order_by(Order.paid_at.desc(), OrderLine.id.desc()).limit(1))
    return Deals(lowest_in_window_fen=lowest, last_fen=last)


def place_names(product: Product) -> list[str]:
    """The names of the village and cooperative under which a product is found too."""
    village = db.session.get_one(Village, product.village_id)
    cooperative = db.session.get_one(Cooperative, product.cooperative_id)
    return [village.name, village.name_en, cooperative.name]


def reword(which: ColumnElement[bool]) -> None:
    """Find these products anew, since a place or kind of theirs changed its name."""
    for product in queries.locked_where(which):
        if product.approved_at is not None:
            service.refresh_terms(product, *place_names(product))


def seller_of(cooperative: Cooperative) -> dict[str, Any]:
    """What a page says of its seller unless it says something else."""
    return {
        "seller_name": cooperative.name,
        "seller_address": cooperative.address,
        "seller_contact": cooperative.contact,
        "seller_licence_no": cooperative.licence_no,
    }


def follow_seller(
    cooperative_id: int, before: Mapping[str, Any], after: Mapping[str, Any], *, now: datetime
) -> None:
    """Correct the seller on pages that say what was registered; others keep their own words."""
    moved = [column for column in before if before[column] != after[column]]
    if not moved:
        return
    for product in queries.locked_where(Product.cooperative_id == cooperative_id):
        words = {c: after[c] for c in moved if getattr(product, c) == before[c]}
        if words:
            service.set_words(product, words)
            service.touch(product, now)
    db.session.flush()


def own_pictures(ids: Sequence[int], cooperative_id: int, actor: Actor) -> None:
    """Raise ``NotFound`` unless the cooperative brought each picture, or shows it already."""
    found = queries.pictures(ids)
    foreign = {i for i in ids if i not in found or found[i].owner_id != actor.user_id}
    if not foreign:
        return
    colleagues = set(
        db.session.scalars(
            select(RoleGrant.user_id).where(
                RoleGrant.cooperative_id == cooperative_id, RoleGrant.revoked_at.is_(None)
            )
        )
    )
    foreign -= {i for i in foreign & found.keys() if found[i].owner_id in colleagues}
    if foreign - queries.pictures_in_use(sorted(foreign), cooperative_id):
        raise NotFound("no such picture")


def _category(slug: str) -> Category:
    found = queries.category(slug)
    if found is None:
        raise Invalid.at("/category", "no such category")
    return found


def _village_id(slug: str) -> int:
    found = db.session.scalar(
        select(Village.id).where(Village.slug == slug, Village.status == PlaceStatus.ACTIVE)
    )
    if found is None:
        raise Invalid.at("/village", "no such village")
    return found


def _pictures(ids: Sequence[int], cooperative_id: int, actor: Actor) -> list[int]:
    if len(set(ids)) != len(ids) or len(ids) > MAX_PICTURES:
        raise Invalid.at("/pictures", f"at most {MAX_PICTURES} pictures, each once")
    own_pictures(ids, cooperative_id, actor)
    return list(ids)


def _papers(
    given: Sequence[Mapping[str, Any]], cooperative_id: int, actor: Actor
) -> list[dict[str, Any]]:
    if len({(p["kind"], p["number"]) for p in given}) != len(given) or len(given) > MAX_PAPERS:
        raise Invalid.at("/certificates", f"at most {MAX_PAPERS} certificates, each once")
    papers = []
    for position, paper in enumerate(given):
        if paper["valid_from"] > paper["valid_to"]:
            raise Invalid.at(f"/certificates/{position}/valid_to", "ends before it begins")
        picture_id = paper.get("picture")
        if picture_id is not None:
            own_pictures([picture_id], cooperative_id, actor)
        plain = {name: value for name, value in paper.items() if name != "picture"}
        papers.append({"scope": "", **plain, "picture_id": picture_id})
    return papers


def _check_skus(variants: Sequence[Mapping[str, Any]], product: Product | None) -> None:
    skus = [values["sku"] for values in variants]
    if len(set(skus)) != len(skus) or len(skus) > MAX_VARIANTS:
        raise Invalid.at("/variants", f"at most {MAX_VARIANTS} variants, each once")
    own = {variant.sku for variant in product.variants} if product else set()
    new = set(skus) - own
    taken = queries.taken_skus(sorted(new), product_id=product.id if product else None)
    for position, sku in enumerate(skus):
        if sku in taken:
            raise Invalid.at(f"/variants/{position}/sku", "this SKU is taken", code="taken")


def _ground(values: Mapping[str, Any]) -> Ground | None:
    if values.get("strike_basis") is None:
        return None
    return Ground(
        basis=StrikeBasis(values["strike_basis"]), source=values.get("strike_source") or None
    )
