"""The one price of a wish, read by a quote or inside the order's transaction."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from shop.domain.catalog.models import Product, Variant
from shop.domain.catalog.states import AfterSale, ProductStatus
from shop.domain.inventory.errors import OutOfStock
from shop.domain.live.models import LiveItem, LiveSession
from shop.domain.live.prices import in_room
from shop.domain.live.queries import is_public
from shop.domain.live.sales import DealNotActive
from shop.domain.live.states import ON_AIR, ItemStatus
from shop.domain.logistics import regions
from shop.domain.logistics.freight import NoDelivery, freight_fen
from shop.domain.logistics.models import FreightRule
from shop.domain.settlement.models import SplitRule
from shop.domain.villages.models import Cooperative
from shop.domain.villages.states import PlaceStatus
from shop.kernel.clock import local_date
from shop.kernel.errors import Invalid, NotFound
from shop.reads import price_book
from shop.reads.price_book import Book

MAX_LINES = 50
MAX_UNITS = 999
PERISHABLE_CONSENT = "perishable-no-return"


@dataclass(frozen=True, kw_only=True)
class Wish:
    """One thing a buyer asks for."""

    sku: str
    quantity: int
    live_item_id: int | None = None


@dataclass(frozen=True, kw_only=True)
class PricedLine:
    """A wish with its price and everything an order line keeps."""

    sku: str
    quantity: int
    unit_price_fen: int
    list_price_fen: int
    product_id: int
    slug: str
    title: str
    variant_name: str
    unit: str
    weight_grams: int
    cooperative_id: int
    cooperative_slug: str
    cooperative_name: str
    village_id: int
    commission_bp: int
    after_sale: AfterSale
    ship_within_hours: int
    live_item_id: int | None = None
    live_session_id: int | None = None
    host_id: int | None = None
    allotted: bool = False
    per_buyer_max: int | None = None
    max_quantity: int = MAX_UNITS
    snapshot: Mapping[str, Any]

    @property
    def total_fen(self) -> int:
        return self.quantity * self.unit_price_fen

    @property
    def is_live_price(self) -> bool:
        return self.live_item_id is not None and self.unit_price_fen != self.list_price_fen


@dataclass(frozen=True, kw_only=True)
class Part:
    """One cooperative's share of a quote; ``freight_fen`` is 0 while no region is known."""

    cooperative_id: int
    goods_fen: int
    freight_fen: int
    rule: SplitRule
    ship_by: datetime


@dataclass(frozen=True, kw_only=True)
class Quote:
    """What an order placed now would cost, in fen."""

    lines: tuple[PricedLine, ...]
    parts: tuple[Part, ...]
    goods_fen: int
    discount_fen: int
    freight_fen: int
    total_fen: int
    ship_by: datetime
    needs_consent: dict[str, tuple[str, ...]]


def quote(wishes: Sequence[Wish], *, region_code: str | None, now: datetime) -> Quote:
    """Price ``wishes``; raises ``NotFound``, ``DealNotActive``, ``OutOfStock``, ``NoDelivery``.

    Prices come from nowhere else (pricing rules art. 20): list, card, quote and order agree, and a
    region that an order refuses is refused here (``Invalid``).
    """
    return quote_from(open_book(wishes), wishes, region_code=region_code, now=now)


def open_book(wishes: Sequence[Wish]) -> Book:
    """The book that prices these wishes, in a constant number of queries."""
    deals = (wish.live_item_id for wish in wishes if wish.live_item_id is not None)
    return price_book.open_book((wish.sku for wish in wishes), deals)


def quote_from(
    book: Book, wishes: Sequence[Wish], *, region_code: str | None, now: datetime
) -> Quote:
    """``quote`` out of an open book."""
    _check_wishes(wishes)
    if region_code is not None:
        _check_region(region_code, now=now)
    lines = tuple(_line(wish, book, local_date(now)) for wish in wishes)
    parts = _parts(lines, book, region_code=region_code, now=now)
    goods = sum(line.total_fen for line in lines)
    freight = sum(part.freight_fen for part in parts)
    perishable = tuple(line.sku for line in lines if line.after_sale is AfterSale.PERISHABLE)
    return Quote(
        lines=lines,
        parts=parts,
        goods_fen=goods,
        discount_fen=0,
        freight_fen=freight,
        total_fen=goods + freight,
        ship_by=max(part.ship_by for part in parts),
        needs_consent={PERISHABLE_CONSENT: perishable} if perishable else {},
    )


def _check_region(code: str, *, now: datetime) -> None:
    if not (regions.is_valid_on(code, local_date(now)) and regions.is_deliverable_level(code)):
        raise Invalid.at("/ship_to/region_code", "choose a county or district")


def _check_wishes(wishes: Sequence[Wish]) -> None:
    """One line a SKU; the same SKU from a room and from the shelf is refused."""
    if not 1 <= len(wishes) <= MAX_LINES:
        raise Invalid.at("/items", f"an order has 1 to {MAX_LINES} lines")
    seen = set()
    for place, wish in enumerate(wishes):
        if not 1 <= wish.quantity <= MAX_UNITS:
            raise Invalid.at(f"/items/{place}/quantity", f"1 to {MAX_UNITS}")
        if wish.sku in seen:
            raise Invalid.at(f"/items/{place}/sku", "this item stands twice")
        seen.add(wish.sku)


def priced(wishes: Sequence[Wish], *, today: date) -> tuple[PricedLine, ...]:
    """Each wish with the price of this moment and the page of ``today``."""
    book = open_book(wishes)
    return tuple(_line(wish, book, today) for wish in wishes)


def _line(wish: Wish, book: Book, today: date) -> PricedLine:
    if wish.sku not in book.offers:
        raise NotFound("there is no such item", sku=wish.sku)
    variant, product, seller = book.offers[wish.sku]
    _check_on_sale(product, seller, wish.sku)
    line = PricedLine(
        sku=variant.sku,
        quantity=wish.quantity,
        unit_price_fen=variant.price_fen,
        list_price_fen=variant.price_fen,
        product_id=product.id,
        slug=product.slug,
        title=product.title,
        variant_name=variant.name,
        unit=variant.unit,
        weight_grams=variant.weight_grams,
        cooperative_id=seller.id,
        cooperative_slug=seller.slug,
        cooperative_name=seller.name,
        village_id=product.village_id,
        commission_bp=0,
        after_sale=product.after_sale,
        ship_within_hours=product.ship_within_hours,
        max_quantity=max(min(book.left[wish.sku], MAX_UNITS), 0),
        snapshot=book.page(wish.sku, today),
    )
    if wish.live_item_id is None:
        return line
    return _at_live_price(line, variant, book.deals.get(wish.live_item_id))


def _check_on_sale(product: Product, seller: Cooperative, sku: str) -> None:
    if product.status in {ProductStatus.DRAFT, ProductStatus.IN_REVIEW}:
        raise NotFound("there is no such item", sku=sku)
    if product.status is not ProductStatus.ON_SALE or seller.status is not PlaceStatus.ACTIVE:
        raise OutOfStock("this item is not on sale now", sku=sku, available=0)


def _at_live_price(
    line: PricedLine, variant: Variant, deal: tuple[LiveItem, LiveSession] | None
) -> PricedLine:
    if deal is None or deal[0].sku != line.sku:
        raise NotFound("there is no such deal", sku=line.sku)
    item, session = deal
    if session.status not in ON_AIR and not is_public(session):
        raise NotFound("there is no such deal", sku=line.sku)
    if session.status not in ON_AIR or item.status is not ItemStatus.ON or item.closed_at:
        raise DealNotActive("this deal is not on", sku=line.sku)
    room = line.max_quantity
    if item.allotment is not None:
        room = min(item.allotment - item.held - item.sold, MAX_UNITS)
    if item.per_buyer_max is not None:
        room = min(room, item.per_buyer_max)
    return replace(
        line,
        unit_price_fen=in_room(item.live_price_fen, shop_fen=variant.price_fen),
        live_item_id=item.id,
        live_session_id=session.id,
        host_id=session.host_id,
        commission_bp=variant.commission_bp,
        allotted=item.allotment is not None,
        per_buyer_max=item.per_buyer_max,
        max_quantity=max(room, 0),
    )


def _parts(
    lines: Sequence[PricedLine], book: Book, *, region_code: str | None, now: datetime
) -> tuple[Part, ...]:
    sellers = sorted({line.cooperative_id for line in lines})
    parts = []
    for seller in sellers:
        own = [line for line in lines if line.cooperative_id == seller]
        goods = sum(line.total_fen for line in own)
        fee = 0
        if region_code is not None:
            grams = sum(line.weight_grams * line.quantity for line in own)
            fee = _freight(
                book.freights.get(seller), own[0], region_code, grams=grams, goods_fen=goods
            )
        if seller not in book.splits:
            raise NotFound("this seller has no split rule yet", cooperative=own[0].cooperative_slug)
        hours = max(line.ship_within_hours for line in own)
        parts.append(
            Part(
                cooperative_id=seller,
                goods_fen=goods,
                freight_fen=fee,
                rule=book.splits[seller],
                ship_by=now + timedelta(hours=hours),
            )
        )
    return tuple(parts)


def _freight(
    rule: FreightRule | None, line: PricedLine, region_code: str, *, grams: int, goods_fen: int
) -> int:
    fee = (
        None
        if rule is None
        else freight_fen(rule, region_code=region_code, grams=grams, goods_fen=goods_fen)
    )
    if fee is None:
        raise NoDelivery(
            "this seller does not send there",
            cooperative=line.cooperative_slug,
            region_code=region_code,
        )
    return fee
