"""A cart as its buyer sees it: what can be bought now, from whom, and what stays behind."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum

from shop.domain.inventory.errors import OutOfStock
from shop.domain.live.sales import DealNotActive
from shop.domain.logistics.freight import NoDelivery
from shop.kernel.errors import Invalid, NotFound
from shop.reads import pricing
from shop.reads.pricing import PricedLine, Wish


class Why(StrEnum):
    """Why a checkout takes less of a cart than stands in it."""

    GONE = "gone"
    SOLD_OUT = "sold_out"
    FEWER = "fewer"
    NO_DELIVERY = "no_delivery"
    TOO_MANY = "too_many"


@dataclass(frozen=True, kw_only=True)
class Short:
    """A wish that a checkout leaves in the cart, or of which it takes only ``left`` units."""

    title: str
    why: Why
    left: int = 0


@dataclass(frozen=True, kw_only=True)
class Basket:
    """Lines that can be bought now, of one cooperative or of all."""

    lines: tuple[PricedLine, ...]
    short: tuple[Short, ...] = ()

    @property
    def goods_fen(self) -> int:
        return sum(line.total_fen for line in self.lines)

    @property
    def sellers(self) -> list[str]:
        return list(dict.fromkeys(line.cooperative_slug for line in self.lines))

    @property
    def wishes(self) -> list[Wish]:
        return [
            Wish(sku=line.sku, quantity=line.quantity, live_item_id=line.live_item_id)
            for line in self.lines
        ]

    def of(self, seller: str) -> "Basket":
        """The lines of one cooperative."""
        own = tuple(line for line in self.lines if line.cooperative_slug == seller)
        return replace(self, lines=own)


@dataclass(frozen=True, kw_only=True)
class CartView:
    """Lines at the price of this moment; ``gone`` are SKUs that are not on sale any more."""

    lines: tuple[PricedLine, ...]
    gone: tuple[str, ...]

    @property
    def buyable(self) -> Basket:
        """What an order placed now could hold: no more than is left, and one order's lines."""
        lines = [line for line in self.lines if line.max_quantity > 0]
        taken = tuple(
            replace(line, quantity=min(line.quantity, line.max_quantity))
            for line in lines[: pricing.MAX_LINES]
        )
        short = [Short(title=sku, why=Why.GONE) for sku in self.gone]
        short += [
            Short(title=line.title, why=Why.SOLD_OUT)
            for line in self.lines
            if line.max_quantity <= 0
        ]
        short += [
            Short(title=line.title, why=Why.FEWER, left=line.max_quantity)
            for line in lines[: pricing.MAX_LINES]
            if line.max_quantity < line.quantity
        ]
        short += [Short(title=line.title, why=Why.TOO_MANY) for line in lines[pricing.MAX_LINES :]]
        return Basket(lines=taken, short=tuple(short))

    @property
    def goods_fen(self) -> int:
        return self.buyable.goods_fen


def cart(wishes: Sequence[Wish], *, today: date) -> CartView:
    """Price each wish by itself, so that one that is gone hides no other.

    A deal that is over falls back to the price on the shelf.
    """
    lines, gone = [], []
    for wish in wishes:
        line = _priced(wish, today)
        if line is None and wish.live_item_id is not None:
            line = _priced(Wish(sku=wish.sku, quantity=wish.quantity), today)
        if line is None:
            gone.append(wish.sku)
        else:
            lines.append(line)
    return CartView(lines=tuple(lines), gone=tuple(gone))


def _priced(wish: Wish, today: date) -> PricedLine | None:
    try:
        return pricing.priced([wish], today=today)[0]
    except (NotFound, OutOfStock, DealNotActive):
        return None


def deliverable(basket: Basket, *, region_code: str | None, now: datetime) -> Basket:
    """Leave out cooperatives that do not send to a region; where none does, nothing is left out."""
    if region_code is None:
        return basket
    refused = {
        seller
        for seller in basket.sellers
        if not _delivers(basket.of(seller), region_code=region_code, now=now)
    }
    if len(refused) in (0, len(basket.sellers)):
        return basket
    stays = [line for line in basket.lines if line.cooperative_slug in refused]
    return Basket(
        lines=tuple(line for line in basket.lines if line.cooperative_slug not in refused),
        short=(*basket.short, *(Short(title=x.title, why=Why.NO_DELIVERY) for x in stays)),
    )


def _delivers(basket: Basket, *, region_code: str, now: datetime) -> bool:
    try:
        pricing.quote(basket.wishes, region_code=region_code, now=now)
    except (NoDelivery, NotFound):
        return False
    except Invalid:
        return True
    return True
