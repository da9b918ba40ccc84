"""Placing an order: priced, promised and written down in one transaction, or not at all."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select

from shop.db import db, transactional
from shop.domain.audit import service as answers
from shop.domain.audit.service import Kept, KeyedRequest
from shop.domain.inventory import holds
from shop.domain.logistics import regions
from shop.domain.orders import service as orders
from shop.domain.orders.errors import ConsentRequired, PriceChanged, SeveralSellers
from shop.domain.orders.models import Order, OrderLine, OrderPart
from shop.flows import holding
from shop.kernel.actor import Actor
from shop.kernel.clock import rfc3339
from shop.kernel.codes import new_order_number
from shop.kernel.errors import Invalid
from shop.reads import pricing
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


@transactional
def place_order(
    request: OrderRequest,
    *,
    actor: Actor,
    terms: Terms,
    now: datetime,
    key: KeyedRequest | None = None,
    answer: Callable[[Order], Kept] | None = None,
) -> Order | Kept:
    """Place one order, or give the kept answer of the same key.

    ``key`` and ``answer`` tie an ``Idempotency-Key`` to the order in the same commit, so that a
    reply lost on the way is found again. Raises ``NotFound``, ``OutOfStock``, ``PurchaseLimit``,
    ``DealNotActive``, ``PriceChanged``, ``NoDelivery``, ``ConsentRequired``, ``SeveralSellers``,
    ``Invalid``.
    """
    if key is not None and (kept := answers.take(key, now=now)):
        return kept
    order = _place(request, actor=actor, terms=terms, now=now)
    if key is not None and answer is not None:
        answers.keep(key, answer(order), now=now)
    return order


def _place(request: OrderRequest, *, actor: Actor, terms: Terms, now: datetime) -> Order:
    if actor.user_id is None:
        raise Invalid("an order has a buyer")
    quote = pricing.quote(request.wishes, region_code=request.ship_to.region_code, now=now)
    check_sellers(quote, seller_of_record=terms.seller_of_record)
    _check_total(quote, request.expected_total_fen)
    _check_consents(quote, request.consents)
    holding.promise(quote.lines, buyer_id=actor.user_id, now=now)
    order = _write(request, quote, actor=actor, terms=terms, now=now)
    _write_lines(order, quote, now=now)
    orders.record(order, None, actor=actor.wearing("buyer"), now=now, reason=None)
    orders.take_from_cart(actor.user_id, [line.sku for line in quote.lines])
    db.session.flush()
    db.session.refresh(order, ["lines", "parts"])
    return order


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


def _write(
    request: OrderRequest,
    quote: Quote,
    *,
    actor: Actor,
    terms: Terms,
    now: datetime,
) -> Order:
    live = any(line.is_live_price for line in quote.lines)
    order = Order(
        number=_unused_number(now),
        buyer_id=actor.user_id,
        goods_fen=quote.goods_fen,
        discount_fen=quote.discount_fen,
        freight_fen=quote.freight_fen,
        total_fen=quote.total_fen,
        ship_name=request.ship_to.name,
        ship_phone=request.ship_to.phone,
        ship_region_code=request.ship_to.region_code,
        ship_region=regions.full_name(request.ship_to.region_code),
        ship_street=request.ship_to.street,
        note=request.note,
        source=request.source,
        consents=[
            {"code": code, "skus": list(skus), "at": rfc3339(now)}
            for code, skus in quote.needs_consent.items()
        ],
        seller_of_record=terms.seller_of_record,
        ship_by=quote.ship_by,
        expires_at=now + (terms.live_hold if live else terms.hold),
        created_at=now,
    )
    db.session.add(order)
    db.session.flush()
    return order


def _unused_number(now: datetime) -> str:
    while True:
        number = new_order_number(now)
        if db.session.scalar(select(Order.id).where(Order.number == number)) is None:
            return number


def _write_lines(order: Order, quote: Quote, *, now: datetime) -> None:
    db.session.add_all(
        OrderPart(
            order_id=order.id,
            cooperative_id=part.cooperative_id,
            goods_fen=part.goods_fen,
            freight_fen=part.freight_fen,
            split_rule_id=part.rule.id,
            ship_by=part.ship_by,
        )
        for part in quote.parts
    )
    for place, line in enumerate(quote.lines, start=1):
        row = _line(order.id, place, line)
        db.session.add(row)
        db.session.flush()
        holds.open_hold(
            sku=line.sku,
            cooperative_id=line.cooperative_id,
            order_id=order.id,
            order_line_id=row.id,
            live_item_id=line.live_item_id if line.allotted else None,
            quantity=line.quantity,
            expires_at=order.expires_at,
            now=now,
        )


def _line(order_id: int, place: int, line: PricedLine) -> OrderLine:
    return OrderLine(
        order_id=order_id,
        line_no=place,
        sku=line.sku,
        product_id=line.product_id,
        cooperative_id=line.cooperative_id,
        village_id=line.village_id,
        live_session_id=line.live_session_id,
        live_item_id=line.live_item_id,
        host_id=line.host_id,
        commission_bp=line.commission_bp,
        title=line.title,
        quantity=line.quantity,
        unit_price_fen=line.unit_price_fen,
        total_fen=line.total_fen,
        weight_grams=line.weight_grams,
        snapshot=dict(line.snapshot),
    )
