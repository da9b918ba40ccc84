"""The shapes that leave a room, the same in snapshot and event."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from shop.domain.live.states import ItemStatus, StockState, stock_state


@dataclass(frozen=True, kw_only=True)
class Item:
    """A SKU in a room with what a card shows; money in fen, weight in grams.

    ``remaining`` is what may still be sold: of the allotment, else of the shop's shelf.
    ``is_on_sale`` says whether product and cooperative may sell; without it ``status`` is off.
    ``live_price_fen`` is never above ``price_fen``, whatever the host once set.
    """

    id: int
    session_id: int
    seq_no: int
    sku: str
    cooperative_id: int
    product_slug: str
    title: str
    name: str
    unit: str
    weight_grams: int
    cover: str | None
    status: ItemStatus
    is_on_sale: bool
    live_price_fen: int | None
    price_fen: int
    strike_price_fen: int | None
    allotment: int | None
    held: int
    sold: int
    remaining: int
    per_buyer_max: int | None
    shown_stock: StockState | None

    @property
    def cover_url(self) -> str | None:
        return f"/pictures/{self.cover}/s.webp" if self.cover else None

    @property
    def now_fen(self) -> int:
        """What one unit costs in the room."""
        return self.live_price_fen or self.price_fen

    @property
    def stock(self) -> StockState:
        """What viewers are told; an item that is off has nothing to sell."""
        return stock_state(self.remaining if self.status is ItemStatus.ON else 0)

    @property
    def has_turned(self) -> bool:
        """Whether viewers were told another stock state last."""
        return self.stock is not self.shown_stock

    @property
    def shop_fen(self) -> int | None:
        """The shop's price where the room's is lower: a second price, shown with its condition.

        It is never struck through: no evidence stands behind that, as it does behind a strike
        price (pricing rules art. 16).
        """
        return self.price_fen if self.price_fen > self.now_fen else None


def for_viewers(item: Item) -> dict[str, Any]:
    """A live item as everybody may see it: a stock state, never a count."""
    return {
        "id": item.id,
        "seq_no": item.seq_no,
        "sku": item.sku,
        "product": item.product_slug,
        "title": item.title,
        "name": item.name,
        "unit": item.unit,
        "weight_grams": item.weight_grams,
        "cover_url": item.cover_url,
        "status": str(item.status),
        "live_price_fen": item.live_price_fen,
        "price_fen": item.price_fen,
        "strike_price_fen": item.strike_price_fen,
        "allotment": item.allotment,
        "stock": str(item.stock),
        "per_buyer_max": item.per_buyer_max,
    }


def for_host(item: Item) -> dict[str, Any]:
    """A live item as its host and the operator see it: with exact counts."""
    return for_viewers(item) | {
        "remaining": item.remaining,
        "held": item.held,
        "sold": item.sold,
    }


def for_card(item: Item, *, started_at: datetime | None, now: datetime) -> dict[str, Any]:
    """What ``pin.set`` carries; ``media_ts`` is milliseconds since the show began."""
    elapsed = (now - started_at).total_seconds() if started_at else 0.0
    return {
        "item_id": item.id,
        "sku": item.sku,
        "product": item.product_slug,
        "title": item.title,
        "name": item.name,
        "unit": item.unit,
        "cover_url": item.cover_url,
        "live_price_fen": item.now_fen,
        "price_fen": item.price_fen,
        "strike_price_fen": item.strike_price_fen,
        "stock": str(item.stock),
        "media_ts": max(0, round(elapsed * 1000)),
    }


def masked(name: str) -> str:
    """``张**``: enough to see oneself in a room, too little to be found."""
    first = next((sign for sign in name.strip() if sign.isalnum()), "")
    return f"{first}**"
