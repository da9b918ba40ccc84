"""A buyer's cart: kept while signed in, merged at sign-in."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import select

from shop.db import db, transactional
from shop.domain.catalog.models import Product, Variant
from shop.domain.catalog.states import ProductStatus
from shop.domain.orders import queries as order_queries
from shop.domain.orders import service as orders
from shop.domain.orders.errors import CartFull
from shop.kernel.actor import Actor
from shop.kernel.errors import Invalid, NotFound
from shop.reads.live_items import sku_of
from shop.reads.pricing import MAX_LINES


@transactional
def put(
    *,
    actor: Actor,
    sku: str,
    quantity: int,
    now: datetime,
    live_item_id: int | None = None,
    add: bool = True,
) -> None:
    """Add units, or set them; 0 takes the SKU out.

    Raises ``NotFound`` for what is not on sale, and ``CartFull``: a cart is one order's lines.
    """
    if actor.user_id is None or not 0 <= quantity <= 999:
        raise Invalid.at("/quantity", "0 to 999")
    if quantity == 0:
        orders.take_from_carts([(actor.user_id, sku)])
        return
    _check(sku, live_item_id)
    inside = {row.sku for row in order_queries.cart(actor.user_id)}
    if sku not in inside and len(inside) >= MAX_LINES:
        raise CartFull("the cart is full: order first, or take something out", most=MAX_LINES)
    orders.put_in_cart(actor.user_id, sku, quantity, live_item_id=live_item_id, add=add, now=now)


@transactional
def merge(*, actor: Actor, kept: Mapping[str, int], now: datetime) -> None:
    """Bring what a visitor put aside before signing in; what is gone or too much is left out."""
    if actor.user_id is None:
        return
    on_sale = set(
        db.session.scalars(
            select(Variant.sku)
            .join(Product, Product.id == Variant.product_id)
            .where(Variant.sku.in_(list(kept)), Product.status == ProductStatus.ON_SALE)
        )
    )
    inside = {row.sku for row in order_queries.cart(actor.user_id)}
    for sku in (sku for sku in kept if sku in on_sale):
        if sku not in inside and len(inside) >= MAX_LINES:
            continue
        inside.add(sku)
        quantity = min(max(kept[sku], 1), 999)
        orders.put_in_cart(actor.user_id, sku, quantity, live_item_id=None, add=False, now=now)


def _check(sku: str, live_item_id: int | None) -> None:
    known = db.session.scalar(
        select(Variant.id)
        .join(Product, Product.id == Variant.product_id)
        .where(Variant.sku == sku, Product.status == ProductStatus.ON_SALE)
    )
    if known is None:
        raise NotFound
    if live_item_id is not None and sku_of(live_item_id) != sku:
        raise NotFound
