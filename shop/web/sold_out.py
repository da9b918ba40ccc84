"""In a rush for what is sold out, the refusal of a moment ago answers for the next ones.

It may refuse early and never sells: it holds for a second at most, so units that come back are
sold again, and it is asked only in a rush, so that in a quiet shop every word is the database's.
"""

import time
from collections.abc import Iterable
from dataclasses import dataclass

from shop.domain.inventory.errors import OutOfStock
from shop.reads.pricing import Wish
from shop.web.rush import MOST_KEYS, Rush

FRESH_S = 1.0
Goods = tuple[str, int | None]


@dataclass(frozen=True)
class _Shortage:
    available: int
    expiry: object
    at: float


class SoldOut:
    """What this process was told is gone: by SKU and live item."""

    def __init__(self) -> None:
        self._known: dict[Goods, _Shortage] = {}
        self._rush = Rush()

    def refusal(self, wishes: Iterable[Wish]) -> OutOfStock | None:
        """The refusal that the database would give again, or ``None`` where it must be asked."""
        for wish in wishes:
            goods = (wish.sku, wish.live_item_id)
            known = self._known.get(goods)
            if known is None or not self._rush.asked(goods):
                continue
            if wish.quantity > known.available and time.monotonic() - known.at < FRESH_S:
                return OutOfStock(
                    "not enough left",
                    sku=wish.sku,
                    wanted=wish.quantity,
                    available=known.available,
                    hold_expires_at=known.expiry,
                )
        return None

    def note(self, wishes: Iterable[Wish], refused: OutOfStock) -> None:
        """Remember what the database has just refused."""
        available = refused.facts.get("available")
        for wish in wishes:
            if wish.sku == refused.facts.get("sku") and isinstance(available, int):
                if len(self._known) >= MOST_KEYS:
                    self._known.clear()
                self._known[wish.sku, wish.live_item_id] = _Shortage(
                    available, refused.facts.get("hold_expires_at"), time.monotonic()
                )
