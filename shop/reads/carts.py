"""A cart as its buyer sees it: what can be bought now, and what is gone."""

from collections.abc import Sequence
from dataclasses import dataclass

from shop.domain.inventory.errors import OutOfStock
from shop.domain.live.sales import DealNotActive
from shop.kernel.errors import NotFound
from shop.reads import pricing
from shop.reads.pricing import PricedLine, Wish


@dataclass(frozen=True, kw_only=True)
class CartView:
    """Lines at the price of this moment; ``gone`` are SKUs that are not on sale any more."""

    lines: tuple[PricedLine, ...]
    gone: tuple[str, ...]

    @property
    def goods_fen(self) -> int:
        return sum(line.total_fen for line in self.lines)


def cart(wishes: Sequence[Wish]) -> CartView:
    """Price each wish by itself, so that one that is gone hides no other.

    A deal that is over falls back to the price on the shelf.
    """
    lines, gone = [], []
    for wish in wishes:
        line = _priced(wish) or (
            _priced(Wish(sku=wish.sku, quantity=wish.quantity)) if wish.live_item_id else None
        )
        if line is None:
            gone.append(wish.sku)
        else:
            lines.append(line)
    return CartView(lines=tuple(lines), gone=tuple(gone))


def _priced(wish: Wish) -> PricedLine | None:
    try:
        return pricing.priced([wish])[0]
    except (NotFound, OutOfStock, DealNotActive):
        return None
