"""What a cooperative does with its goods: draft, change, submit, take off and put on the shelf."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select

from shop.db import db, transactional
from shop.domain.catalog import queries, revisions, service
from shop.domain.catalog.models import Category, Product
from shop.domain.catalog.prices import check_floor
from shop.domain.catalog.states import AfterSale, ProductStatus, RevisionStatus
from shop.domain.villages.models import Cooperative
from shop.flows import product_content as contents
from shop.flows.relabelling import relabel
from shop.kernel.actor import Actor
from shop.kernel.clock import local_date
from shop.kernel.errors import Forbidden, IllegalMove, Invalid, NotFound

FROZEN = frozenset({ProductStatus.IN_REVIEW, ProductStatus.ARCHIVED})


@transactional
def create_product(
    *,
    actor: Actor,
    now: datetime,
    cooperative: str,
    content: Mapping[str, Any],
    slug: str | None = None,
) -> str:
    """Begin a draft of a cooperative and give its slug.

    ``content`` is described in ``product_content``; ``title`` and ``category`` are needed, seller
    and village are the cooperative's where they are left out. Raises ``NotFound`` for a cooperative
    of others, ``Invalid`` at the field that is wrong.
    """
    home = _own_cooperative(cooperative, actor)
    category = queries.category(content["category"])
    if category is None:
        raise Invalid.at("/category", "no such category")
    wanted = contents.resolved(content, cooperative_id=home.id, actor=actor, product=None)
    words = {**contents.defaults(home, category), **wanted.words, **wanted.at_once}
    service.check_after_sale(words["after_sale"], category)
    product = service.draft(
        cooperative_id=home.id, words=words, actor=_dressed(actor, home.id), now=now, slug=slug
    )
    _write_draft(product, wanted, actor=actor, now=now)
    return product.slug


@transactional
def change_product(
    *,
    actor: Actor,
    now: datetime,
    slug: str,
    content: Mapping[str, Any],
    expected_version: int | None = None,
) -> None:
    """Change a draft at once; of an approved page let words, pictures, seller and papers wait.

    Prices (a manager's) and the promise to ship hold at once. Raises ``NotFound``, ``Stale``,
    ``IllegalMove`` while in review or archived, ``Forbidden`` for a clerk's price, ``Invalid``.
    """
    product = _own(slug, actor, expected_version)
    if product.status in FROZEN:
        raise IllegalMove(f"product: {product.status} cannot be changed")
    wanted = contents.resolved(
        content, cooperative_id=product.cooperative_id, actor=actor, product=product
    )
    if product.approved_at is None:
        service.set_words(product, {**wanted.words, **wanted.at_once})
        db.session.flush()
        category = db.session.get_one(Category, product.category_id)
        service.check_after_sale(product.after_sale, category)
        _write_draft(product, wanted, actor=actor, now=now)
    else:
        _check_prices_allowed(product, wanted, actor)
        service.set_words(product, wanted.at_once)
        if contents.price_variants(product, wanted.variants, actor=actor, now=now):
            relabel([values["sku"] for values in wanted.variants], now=now)
        _propose(product, wanted, actor=actor, now=now)
    service.touch(product, now)


@transactional
def drop_variant(
    *, actor: Actor, now: datetime, slug: str, sku: str, expected_version: int | None = None
) -> None:
    """Take a SKU out of a draft; raises ``IllegalMove`` once approved, ``Invalid`` when in use."""
    product = _own(slug, actor, expected_version)
    if product.status is not ProductStatus.DRAFT:
        raise IllegalMove(f"product: {product.status} keeps its variants")
    service.drop_variant(product, sku)
    service.refresh_from(product)
    service.touch(product, now)


@transactional
def submit_product(
    *, actor: Actor, now: datetime, slug: str, expected_version: int | None = None
) -> None:
    """Ask the operator for the first approval; raises ``Invalid`` naming all that is missing."""
    product = _own(slug, actor, expected_version)
    if product.status is ProductStatus.DRAFT:
        service.check_complete(product, local_date(now))
    _move(product, ProductStatus.IN_REVIEW, actor=actor, now=now)


@transactional
def take_back_product(
    *, actor: Actor, now: datetime, slug: str, expected_version: int | None = None
) -> None:
    """Take a product out of the review queue to go on writing."""
    _move(_own(slug, actor, expected_version), ProductStatus.DRAFT, actor=actor, now=now)


@transactional
def take_off_sale(
    *, actor: Actor, now: datetime, slug: str, expected_version: int | None = None
) -> None:
    """Take a product off the shelf; orders that stand are served."""
    product = _own(slug, actor, expected_version)
    if product.status is ProductStatus.BLOCKED:
        raise IllegalMove("product: only the operator lifts a block")
    _move(product, ProductStatus.OFF_SALE, actor=actor, now=now)


@transactional
def put_on_sale(
    *, actor: Actor, now: datetime, slug: str, expected_version: int | None = None
) -> None:
    """Put an approved product back on the shelf; its papers must still be valid."""
    product = _own(slug, actor, expected_version)
    if product.status is not ProductStatus.OFF_SALE:
        raise IllegalMove(f"product: {product.status} cannot become on_sale by its cooperative")
    service.check_complete(product, local_date(now))
    _move(product, ProductStatus.ON_SALE, actor=actor, now=now)


@transactional
def archive_product(
    *, actor: Actor, now: datetime, slug: str, expected_version: int | None = None
) -> None:
    """Put a product away for good; open orders go on."""
    product = _own(slug, actor, expected_version)
    _move(product, ProductStatus.ARCHIVED, actor=actor, now=now)
    _withdraw(product, actor=actor, now=now)


@transactional
def withdraw_revision(
    *, actor: Actor, now: datetime, slug: str, expected_version: int | None = None
) -> None:
    """Take back a change that waits; the page stays as it is."""
    product = _own(slug, actor, expected_version)
    if not _withdraw(product, actor=actor, now=now):
        raise IllegalMove("revision: none is waiting")
    service.touch(product, now)


def _own_cooperative(slug: str, actor: Actor) -> Cooperative:
    found = db.session.scalar(
        select(Cooperative).where(
            Cooperative.slug == slug, Cooperative.id.in_(actor.cooperatives("clerk"))
        )
    )
    if found is None:
        raise NotFound("no such cooperative")
    return found


def _own(slug: str, actor: Actor, expected_version: int | None) -> Product:
    product = queries.locked(slug, cooperative_ids=actor.cooperatives("clerk"))
    if product is None:
        raise NotFound("no such product")
    service.check_version(product, expected_version)
    return product


def _dressed(actor: Actor, cooperative_id: int) -> Actor:
    manages = cooperative_id in actor.cooperatives("manager")
    return actor.wearing("manager" if manages else "clerk")


def _move(product: Product, status: ProductStatus, *, actor: Actor, now: datetime) -> None:
    service.move(product, status, actor=_dressed(actor, product.cooperative_id), now=now)


def _write_draft(product: Product, wanted: contents.Wanted, *, actor: Actor, now: datetime) -> None:
    known = {variant.sku: variant for variant in product.variants}
    for position, values in enumerate(wanted.variants):
        if values["sku"] in known:
            for name in service.VARIANT_REVIEWED & values.keys():
                setattr(known[values["sku"]], name, values[name])
        else:
            _check_new(values, position, asked={})
            service.add_variant(product, values, pointer=f"/variants/{position}")
    contents.price_variants(product, wanted.variants, actor=actor, now=now)
    if "pictures" in wanted.lists:
        service.set_pictures(product, wanted.lists["pictures"])
    if "certificates" in wanted.lists:
        service.set_certificates(product, wanted.lists["certificates"], now)


def _check_new(values: Mapping[str, Any], position: int, *, asked: Mapping[str, Any]) -> None:
    """A new SKU says everything; ``asked`` is what waits for it already and still holds."""
    for name in ("name", "price_fen", "unit", "weight_grams"):
        if values.get(name) is None:
            raise Invalid.at(f"/variants/{position}/{name}", "is needed", code="required")
    floor_fen = values.get("live_floor_fen", asked.get("live_floor_fen"))
    check_floor(floor_fen, price_fen=values["price_fen"], pointer=f"/variants/{position}")


def _check_prices_allowed(product: Product, wanted: contents.Wanted, actor: Actor) -> None:
    """Prices that buyers see are a manager's word."""
    priced = any(service.VARIANT_AT_ONCE & values.keys() for values in wanted.variants)
    if priced and product.cooperative_id not in actor.cooperatives("manager"):
        raise Forbidden("prices are set by a manager")


def _propose(product: Product, wanted: contents.Wanted, *, actor: Actor, now: datetime) -> None:
    known = {variant.sku for variant in product.variants}
    waiting = queries.waiting_revision(product.id)
    asked = waiting.changes.get("variants", {}) if waiting else {}
    variants: dict[str, dict[str, Any]] = {}
    for position, values in enumerate(wanted.variants):
        if values["sku"] in known:
            kept = service.VARIANT_REVIEWED & values.keys()
        else:
            _check_new(values, position, asked=asked.get(values["sku"], {}))
            kept = (service.VARIANT_REVIEWED | service.VARIANT_AT_ONCE) & values.keys()
            if values.get("strike_price_fen") is not None:
                raise Invalid.at(
                    f"/variants/{position}/strike_price_fen",
                    "a new variant has no price to compare",
                )
        if kept:
            variants[values["sku"]] = {name: values[name] for name in sorted(kept)}
    _check_rules(product, wanted)
    changes = {"words": wanted.words, "variants": variants, **wanted.lists}
    revisions.propose(product, changes, actor=_dressed(actor, product.cooperative_id), now=now)


def _check_rules(product: Product, wanted: contents.Wanted) -> None:
    category = db.session.get_one(Category, wanted.words.get("category_id", product.category_id))
    rule = AfterSale(wanted.words.get("after_sale", product.after_sale))
    service.check_after_sale(rule, category)


def _withdraw(product: Product, *, actor: Actor, now: datetime) -> bool:
    waiting = queries.waiting_revision(product.id)
    if waiting is not None:
        dressed = _dressed(actor, product.cooperative_id)
        revisions.decide(waiting, RevisionStatus.WITHDRAWN, actor=dressed, now=now)
    return waiting is not None
