"""Verbs of the catalogue: drafting, words, pictures, papers, and the moves of a product's life."""

import secrets
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import delete
from sqlalchemy.exc import IntegrityError

from shop.db import db
from shop.domain.catalog import queries, terms
from shop.domain.catalog.models import (
    Category,
    Certificate,
    PriceChange,
    Product,
    ProductHistory,
    ProductPicture,
    ProductTerm,
    Variant,
)
from shop.domain.catalog.states import PRODUCT_LIFE, AfterSale, ProductStatus
from shop.kernel.actor import Actor
from shop.kernel.errors import Invalid, Stale

WORDS = frozenset({"title", "summary", "description", "storage", "shelf_life_days"})
SELLER = frozenset({"seller_name", "seller_address", "seller_contact", "seller_licence_no"})
RULES = frozenset({"after_sale", "claim_window_hours", "category_id", "village_id"})
REVIEWED = WORDS | SELLER | RULES
"""What a buyer relies on: on an approved product these wait for the operator."""
AT_ONCE = frozenset({"ship_within_hours"})
VARIANT_REVIEWED = frozenset({"name", "unit", "weight_grams"})
VARIANT_AT_ONCE = frozenset({"price_fen", "strike_price_fen", "live_floor_fen", "commission_bp"})

SLUG_BODY = 40
SLUG_SIGNS = "abcdefghjkmnpqrstuvwxyz23456789"


def new_slug(title: str) -> str:
    """``xian-xiang-gu-k7q2``: readable pinyin, and four signs that keep two namesakes apart."""
    syllables: list[str] = []
    for run in terms.runs(title):
        syllables += terms.pinyin(run) if terms.is_chinese(run) else [run]
    body = ""
    for syllable in syllables:
        if not syllable.isascii() or len(body) + len(syllable) + 1 > SLUG_BODY:
            break
        body += f"{syllable}-"
    return (body or "p-") + "".join(secrets.choice(SLUG_SIGNS) for _ in range(4))


def draft(
    *,
    cooperative_id: int,
    words: Mapping[str, Any],
    actor: Actor,
    now: datetime,
    slug: str | None = None,
) -> Product:
    """Begin a product; ``words`` holds every column of ``REVIEWED`` and may hold ``AT_ONCE``."""
    product = Product(
        slug=slug or new_slug(str(words["title"])),
        cooperative_id=cooperative_id,
        status=ProductStatus.DRAFT,
        created_at=now,
        updated_at=now,
        version=1,
        **words,
    )
    product.variants, product.pictures, product.certificates = [], [], []
    db.session.add(product)
    db.session.flush()
    _remember(product, None, actor=actor, now=now)
    return product


def set_words(product: Product, words: Mapping[str, Any]) -> None:
    """Change columns of the product itself."""
    for column, value in words.items():
        if column not in REVIEWED | AT_ONCE:
            raise ValueError(column)
        setattr(product, column, value)


def check_after_sale(after_sale: AfterSale, category: Category) -> None:
    """The exemption from the 7-day return stands only for what perishes (Consumer Law art. 25)."""
    if after_sale is AfterSale.PERISHABLE and not category.perishable:
        raise Invalid.at("/after_sale/policy", "only perishable goods may be exempt from return")


def add_variant(product: Product, values: Mapping[str, Any], *, pointer: str) -> Variant:
    """Give the product one more SKU, without a struck-through price as yet.

    Raises ``Invalid`` at ``pointer`` where the SKU is another's, also one of this very moment.
    """
    taken = Invalid.at(f"{pointer}/sku", "this SKU is taken", code="taken")
    if queries.variant(values["sku"]) is not None:
        raise taken
    made = Variant(
        product_id=product.id,
        sku=values["sku"],
        name=values["name"],
        price_fen=values["price_fen"],
        unit=values["unit"],
        weight_grams=values["weight_grams"],
        live_floor_fen=values.get("live_floor_fen"),
        commission_bp=values.get("commission_bp") or 0,
        position=len(product.variants),
    )
    try:
        with db.session.begin_nested():
            product.variants.append(made)
    except IntegrityError as error:
        if queries.variant(values["sku"]) is None:
            raise
        raise taken from error
    return made


def drop_variant(product: Product, sku: str) -> None:
    """Take back a SKU that nothing refers to; raises ``Invalid`` where something does."""
    found = [variant for variant in product.variants if variant.sku == sku]
    if not found:
        raise Invalid.at("/variants", "no such variant")
    try:
        with db.session.begin_nested():
            db.session.execute(delete(Variant).where(Variant.id == found[0].id))
    except IntegrityError as error:
        raise Invalid.at("/variants", "this variant is in use already") from error
    db.session.expire(product, ["variants"])


def set_pictures(product: Product, picture_ids: Sequence[int]) -> None:
    """Show these pictures in this order; the first is the cover."""
    product.pictures = [
        ProductPicture(product_id=product.id, picture_id=picture_id, position=position)
        for position, picture_id in enumerate(picture_ids)
    ]
    db.session.flush()


def set_certificates(product: Product, papers: Sequence[Mapping[str, Any]], now: datetime) -> None:
    """Keep these papers; one no longer named is void from now on, or gone from a draft."""
    kept = {(paper.kind, paper.number): paper for paper in valid_papers(product)}
    for values in papers:
        found = kept.pop((values["kind"], values["number"]), None)
        if found is None:
            db.session.add(Certificate(product_id=product.id, **values))
        else:
            for column, value in values.items():
                setattr(found, column, value)
    for paper in kept.values():
        if product.approved_at is None:
            db.session.delete(paper)
        else:
            paper.void_at = now
    db.session.flush()
    db.session.expire(product, ["certificates"])


def valid_papers(product: Product) -> list[Certificate]:
    """The papers that were not taken back, expired ones included."""
    return [paper for paper in product.certificates if paper.void_at is None]


def missing(product: Product, today: date) -> list[dict[str, str]]:
    """What stands between a product and the shelf, as ``errors[]`` entries."""
    found = []
    for column in ("title", *sorted(SELLER)):
        if not str(getattr(product, column)).strip():
            found.append((f"/{column.replace('seller_', 'seller/')}", "is needed"))
    if not product.variants:
        found.append(("/variants", "at least one variant is needed"))
    for position, variant in enumerate(product.variants):
        if not variant.unit.strip():
            found.append((f"/variants/{position}/unit", "the price needs its unit"))
    shown = any(paper.is_shown(today) for paper in product.certificates)
    if product.category.certificate_required and not shown:
        found.append(("/certificates", "goods of this kind need a valid certificate"))
    return [{"pointer": p, "code": "required", "detail": detail} for p, detail in found]


def check_complete(product: Product, today: date) -> None:
    """Raise ``Invalid`` naming everything that is missing."""
    if errors := missing(product, today):
        raise Invalid("the product is not complete", errors=errors)


def move(
    product: Product,
    status: ProductStatus,
    *,
    actor: Actor,
    now: datetime,
    reason: str | None = None,
) -> None:
    """Go one step; raises ``IllegalMove``. The product is locked by the caller."""
    before = product.status
    product.status = PRODUCT_LIFE.check(before, status)
    product.status_reason = reason
    touch(product, now)
    _remember(product, before, actor=actor, now=now)


def touch(product: Product, now: datetime) -> None:
    """Count a change: what was read before it is stale."""
    product.version += 1
    product.updated_at = now


def check_version(product: Product, expected: int | None) -> None:
    """Raise ``Stale`` where the caller read another version."""
    if expected is not None and product.version != expected:
        raise Stale("the product was changed in the meantime")


def open_prices(variant: Variant, *, actor_id: int | None, now: datetime) -> None:
    """Write the first rows of a SKU's price history, when buyers see it first."""
    for field in ("price_fen", "strike_price_fen"):
        if (value := getattr(variant, field)) is not None:
            db.session.add(
                PriceChange(sku=variant.sku, field=field, new_fen=value, actor_id=actor_id, at=now)
            )


def refresh_from(product: Product) -> None:
    """The lowest price of the page, by which lists sort."""
    product.from_fen = min((variant.price_fen for variant in product.variants), default=0)


def refresh_terms(product: Product, *places: str) -> None:
    """Write anew under which words the product is found; ``places`` are names it belongs to."""
    texts = [product.title, product.summary, product.category.name, product.category.name_en]
    texts += [variant.name for variant in product.variants]
    db.session.execute(delete(ProductTerm).where(ProductTerm.product_id == product.id))
    found = sorted(terms.terms_of(*texts, *places))
    db.session.add_all(ProductTerm(term=term, product_id=product.id) for term in found)
    db.session.flush()


def _remember(
    product: Product, before: ProductStatus | None, *, actor: Actor, now: datetime
) -> None:
    db.session.add(
        ProductHistory(
            product_id=product.id,
            from_status=before,
            to_status=product.status,
            actor_id=actor.user_id,
            actor_role=actor.role,
            reason=product.status_reason,
            at=now,
        )
    )
