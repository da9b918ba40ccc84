"""When a price may be struck through beside a lower one.

Rules on clearly marked prices and price fraud, art. 16: a compared price whose basis is not stated
must not exceed the lowest deal price of the seven days before, or the last deal price where those
days saw none.
"""

from dataclasses import dataclass
from datetime import timedelta

from shop.domain.catalog.states import StrikeBasis

WINDOW = timedelta(days=7)
STATED = frozenset({StrikeBasis.RETAIL_PRICE, StrikeBasis.STATED_PERIOD})


@dataclass(frozen=True, kw_only=True)
class Deals:
    """What buyers really paid for a SKU, in fen; ``None`` where nobody did."""

    lowest_in_window_fen: int | None = None
    last_fen: int | None = None

    @property
    def ceiling_fen(self) -> int | None:
        """The highest price that may be struck through without a stated basis."""
        if self.lowest_in_window_fen is not None:
            return self.lowest_in_window_fen
        return self.last_fen


def objection(
    *, strike_fen: int, price_fen: int, basis: StrikeBasis, source: str | None, deals: Deals
) -> str | None:
    """Why this price may not be struck through, or ``None`` where it may."""
    if strike_fen <= price_fen:
        return "a struck-through price is above the price"
    if basis in STATED:
        return None if source and source.strip() else "this basis needs its source"
    ceiling = deals.ceiling_fen
    if ceiling is None:
        return "nothing was sold yet, so a basis with its source is needed"
    if strike_fen > ceiling:
        return "above the lowest price paid in the last seven days"
    return None
