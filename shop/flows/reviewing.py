"""What the operator does with the goods of others: approve, send back, block, lift."""

from datetime import datetime

from shop.db import db, transactional
from shop.domain.catalog import queries, revisions, service
from shop.domain.catalog.models import Product, ProductRevision
from shop.domain.catalog.states import ProductStatus, RevisionStatus
from shop.flows import product_content as contents
from shop.flows.relabelling import relabel
from shop.kernel.actor import Actor
from shop.kernel.clock import local_date
from shop.kernel.errors import Forbidden, IllegalMove, Invalid, NotFound


@transactional
def approve_product(
    *, actor: Actor, now: datetime, slug: str, expected_version: int | None = None
) -> None:
    """Approve what waits: a new product goes on sale, a changed page gets its new words.

    Raises ``IllegalMove`` where nothing waits, ``Invalid`` where a paper ran out in the meantime.
    """
    product, actor = _seen(slug, actor, expected_version)
    if product.status is ProductStatus.IN_REVIEW:
        service.check_complete(product, local_date(now))
        product.approved_at = now
        service.move(product, ProductStatus.ON_SALE, actor=actor, now=now)
        for variant in product.variants:
            service.open_prices(variant, actor_id=actor.user_id, now=now)
    else:
        waiting = _waiting(product)
        revisions.apply(product, waiting.changes, actor_id=actor.user_id, now=now)
        service.check_after_sale(product.after_sale, product.category)
        service.check_complete(product, local_date(now))
        service.refresh_from(product)
        revisions.decide(waiting, RevisionStatus.APPROVED, actor=actor, now=now)
        service.touch(product, now)
        relabel([variant.sku for variant in product.variants], now=now)
    service.refresh_terms(product, *contents.place_names(product))


@transactional
def reject_product(
    *,
    actor: Actor,
    now: datetime,
    slug: str,
    reason: str,
    expected_version: int | None = None,
) -> None:
    """Send back what waits with a reason: a new product to draft, a changed page as it was."""
    product, actor = _seen(slug, actor, expected_version)
    _check_reason(reason)
    if product.status is ProductStatus.IN_REVIEW:
        service.move(product, ProductStatus.DRAFT, actor=actor, now=now, reason=reason)
        return
    waiting = _waiting(product)
    revisions.decide(waiting, RevisionStatus.REJECTED, actor=actor, now=now, reason=reason)
    service.touch(product, now)


@transactional
def block_product(
    *,
    actor: Actor,
    now: datetime,
    slug: str,
    rule: str,
    reason: str,
    expected_version: int | None = None,
) -> None:
    """Take a product out of the shop by a named rule; orders that stand go on (FAULTS 22)."""
    product, actor = _seen(slug, actor, expected_version)
    _check_reason(reason)
    if not rule.strip():
        raise Invalid.at("/rule", "a block names its rule", code="required")
    service.move(product, ProductStatus.BLOCKED, actor=actor, now=now, reason=reason)
    product.blocked_rule = rule


@transactional
def unblock_product(
    *, actor: Actor, now: datetime, slug: str, expected_version: int | None = None
) -> None:
    """Lift a block; the cooperative puts the product on sale again when it is ready."""
    product, actor = _seen(slug, actor, expected_version)
    if product.status is not ProductStatus.BLOCKED:
        raise IllegalMove(f"product: {product.status} is not blocked")
    service.move(product, ProductStatus.OFF_SALE, actor=actor, now=now)
    product.blocked_rule = None


def _seen(slug: str, actor: Actor, expected_version: int | None) -> tuple[Product, Actor]:
    if not actor.is_operator:
        raise Forbidden("only the operator decides on goods")
    product = queries.locked(slug)
    if product is None:
        raise NotFound("no such product")
    service.check_version(product, expected_version)
    return product, actor.wearing("operator")


def _waiting(product: Product) -> ProductRevision:
    found = queries.waiting_revision(product.id)
    if found is None:
        raise IllegalMove(f"product: {product.status} has nothing to decide on")
    db.session.refresh(found)
    return found


def _check_reason(reason: str) -> None:
    if not reason.strip():
        raise Invalid.at("/reason", "a reason is needed", code="required")
