"""The price book: what the tables say at one moment about everything some buyers wish for."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import lazyload

from shop.bulk import among
from shop.db import db
from shop.domain.catalog.models import Product, Variant
from shop.domain.inventory.queries import available
from shop.domain.live.models import LiveItem, LiveSession
from shop.domain.logistics.freight import current_rules as freight_rules
from shop.domain.logistics.models import FreightRule
from shop.domain.settlement.models import SplitRule
from shop.domain.settlement.queries import current_rules as split_rules
from shop.domain.villages.models import Cooperative
from shop.reads.snapshot import snapshot


@dataclass(frozen=True, kw_only=True)
class Book:
    """All that prices a set of wishes, read at one moment: what orders that come together share."""

    offers: Mapping[str, tuple[Variant, Product, Cooperative]]
    deals: Mapping[int, tuple[LiveItem, LiveSession]]
    left: Mapping[str, int]
    freights: Mapping[int, FreightRule]
    splits: Mapping[int, SplitRule]
    _pages: dict[tuple[str, date], dict[str, Any]] = field(default_factory=dict)

    def page(self, sku: str, today: date) -> dict[str, Any]:
        """The page of a SKU as its buyers see it today: one for all orders of this book."""
        if (sku, today) not in self._pages:
            variant, product, _ = self.offers[sku]
            self._pages[sku, today] = snapshot(variant, product, today=today)
        return self._pages[sku, today]


def open_book(skus: Iterable[str], live_item_ids: Iterable[int]) -> Book:
    """Read the book in a constant number of queries."""
    wanted = sorted(set(skus))
    offers = _offers(wanted)
    sellers = sorted({seller.id for _, _, seller in offers.values()})
    return Book(
        offers=offers,
        deals=_deals(sorted(set(live_item_ids))),
        left=available(wanted),
        freights=freight_rules(sellers),
        splits=split_rules(sellers),
    )


def _offers(skus: Sequence[str]) -> dict[str, tuple[Variant, Product, Cooperative]]:
    rows = db.session.execute(
        select(Variant, Product, Cooperative)
        .join(Product, Product.id == Variant.product_id)
        .join(Cooperative, Cooperative.id == Product.cooperative_id)
        .where(among(Variant.sku, skus))
        .options(lazyload(Product.variants))
        .execution_options(populate_existing=True)
    )
    return {variant.sku: (variant, product, seller) for variant, product, seller in rows}


def _deals(ids: Sequence[int]) -> dict[int, tuple[LiveItem, LiveSession]]:
    if not ids:
        return {}
    rows = db.session.execute(
        select(LiveItem, LiveSession)
        .join(LiveSession, LiveSession.id == LiveItem.session_id)
        .where(among(LiveItem.id, ids))
        .execution_options(populate_existing=True)
    )
    return {item.id: (item, session) for item, session in rows}
