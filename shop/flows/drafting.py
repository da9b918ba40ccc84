"""What an order will say: the request, the priced draft, and its rows."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from shop.domain.inventory.holds import Promise
from shop.domain.logistics import regions
from shop.domain.orders.errors import ConsentRequired, PriceChanged, SeveralSellers
from shop.domain.orders.placing import NewOrder, Written
from shop.kernel.actor import Actor
from shop.kernel.clock import rfc3339
from shop.kernel.codes import new_order_number
from shop.kernel.errors import Invalid
from shop.reads import pricing
from shop.reads.price_book import Book
from shop.reads.pricing import PricedLine, Quote, Wish

COOPERATIVE = "cooperative"
"""The ``seller_of_record`` under which each cooperative sells in its own name."""


@dataclass(frozen=True, kw_only=True)
class ShipTo:
    """Where the parcel goes; ``phone`` is E.164, ``region_code`` GB/T 2260 at county level."""

    name: str
    phone: str
    region_code: str
    street: str


@dataclass(frozen=True, kw_only=True)
class OrderRequest:
    """What a buyer asks to be placed.

    ``consents`` are the codes a quote named; ``expected_total_fen`` is what the buyer saw.
    """

    wishes: Sequence[Wish]
    ship_to: ShipTo
    note: str | None = None
    source: str | None = None
    consents: Sequence[str] = ()
    expected_total_fen: int | None = None


@dataclass(frozen=True, kw_only=True)
class Terms:
    """The shop's own settings that an order is placed under."""

    hold: timedelta
    live_hold: timedelta
    seller_of_record: str


@dataclass(frozen=True, kw_only=True)
class Placed:
    """An order as it is written down: all that its buyer is answered."""

    number: str
    buyer_id: int
    request: OrderRequest
    region: str
    quote: Quote
    seller_of_record: str
    consents: list[dict[str, Any]]
    expires_at: datetime
    created_at: datetime


def draft(
    request: OrderRequest, book: Book, *, actor: Actor, terms: Terms, now: datetime
) -> Placed:
    """Price a request out of an open book and check it; nothing is written yet.

    Raises ``NotFound``, ``OutOfStock``, ``DealNotActive``, ``PriceChanged``, ``NoDelivery``,
    ``ConsentRequired``, ``SeveralSellers``, ``Invalid``.
    """
    if actor.user_id is None:
        raise Invalid("an order has a buyer")
    quote = pricing.quote_from(
        book, request.wishes, region_code=request.ship_to.region_code, now=now
    )
    check_sellers(quote, seller_of_record=terms.seller_of_record)
    _check_total(quote, request.expected_total_fen)
    _check_consents(quote, request.consents)
    live = any(line.is_live_price for line in quote.lines)
    return Placed(
        number=new_order_number(now),
        buyer_id=actor.user_id,
        request=request,
        region=regions.full_name(request.ship_to.region_code),
        quote=quote,
        seller_of_record=terms.seller_of_record,
        consents=[
            {"code": code, "skus": list(skus), "at": rfc3339(now)}
            for code, skus in quote.needs_consent.items()
        ],
        expires_at=now + (terms.live_hold if live else terms.hold),
        created_at=now,
    )


def check_sellers(quote: Quote, *, seller_of_record: str) -> None:
    """Where cooperatives sell in their own names, an order is of one; raises ``SeveralSellers``."""
    sellers = sorted({line.cooperative_slug for line in quote.lines})
    if seller_of_record == COOPERATIVE and len(sellers) > 1:
        raise SeveralSellers(
            "each cooperative sells in its own name: order from each by itself", sellers=sellers
        )


def _check_total(quote: Quote, expected_fen: int | None) -> None:
    if expected_fen is not None and expected_fen != quote.total_fen:
        raise PriceChanged(
            "the total has changed", total_fen=quote.total_fen, expected_total_fen=expected_fen
        )


def _check_consents(quote: Quote, given: Sequence[str]) -> None:
    missing = [code for code in quote.needs_consent if code not in given]
    if missing:
        raise ConsentRequired(
            "some goods need your consent first",
            errors=[
                {
                    "pointer": "/consents",
                    "code": code,
                    "detail": ", ".join(quote.needs_consent[code]),
                }
                for code in missing
            ],
        )


def columns(placed: Placed) -> NewOrder:
    """The rows of an order."""
    quote, ship_to = placed.quote, placed.request.ship_to
    return NewOrder(
        order={
            "number": placed.number,
            "buyer_id": placed.buyer_id,
            "goods_fen": quote.goods_fen,
            "discount_fen": quote.discount_fen,
            "freight_fen": quote.freight_fen,
            "total_fen": quote.total_fen,
            "ship_name": ship_to.name,
            "ship_phone": ship_to.phone,
            "ship_region_code": ship_to.region_code,
            "ship_region": placed.region,
            "ship_street": ship_to.street,
            "note": placed.request.note,
            "source": placed.request.source,
            "consents": placed.consents,
            "seller_of_record": placed.seller_of_record,
            "ship_by": quote.ship_by,
            "expires_at": placed.expires_at,
            "created_at": placed.created_at,
        },
        parts=[
            {
                "cooperative_id": part.cooperative_id,
                "goods_fen": part.goods_fen,
                "freight_fen": part.freight_fen,
                "split_rule_id": part.rule.id,
                "ship_by": part.ship_by,
            }
            for part in quote.parts
        ],
        lines=[_line(place, line) for place, line in enumerate(quote.lines, start=1)],
    )


def _line(place: int, line: PricedLine) -> dict[str, Any]:
    return {
        "line_no": place,
        "sku": line.sku,
        "product_id": line.product_id,
        "cooperative_id": line.cooperative_id,
        "village_id": line.village_id,
        "live_session_id": line.live_session_id,
        "live_item_id": line.live_item_id,
        "host_id": line.host_id,
        "commission_bp": line.commission_bp,
        "title": line.title,
        "quantity": line.quantity,
        "unit_price_fen": line.unit_price_fen,
        "total_fen": line.total_fen,
        "weight_grams": line.weight_grams,
        "snapshot": line.snapshot,
    }


def promises(placed: Placed, written: Written) -> list[Promise]:
    """What is held for each of its lines."""
    return [
        Promise(
            sku=line.sku,
            cooperative_id=line.cooperative_id,
            order_id=written.order_id,
            order_line_id=line_id,
            live_item_id=line.live_item_id if line.allotted else None,
            quantity=line.quantity,
            expires_at=placed.expires_at,
        )
        for line, line_id in zip(placed.quote.lines, written.line_ids, strict=True)
    ]
