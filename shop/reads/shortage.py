"""What is left of a thing that a crowd wants, and when more may come back."""

from dataclasses import dataclass
from datetime import datetime

from shop.domain.inventory import holds
from shop.domain.inventory.errors import OutOfStock
from shop.domain.inventory.queries import available, earliest_expiry
from shop.domain.live import sales


@dataclass(frozen=True)
class Shortage:
    """Why a counter refuses: units ``left``, and the first moment when a hold on it ends."""

    sku: str
    left: int
    expiry: datetime | None

    def refusal(self, units: int) -> OutOfStock:
        """The error of a buyer who wants more than that."""
        return holds.refuse(self.sku, units, left=self.left, expiry=self.expiry)


def of_shelf(sku: str) -> Shortage:
    """What the shelf of a SKU may still promise."""
    return Shortage(sku, available([sku])[sku], earliest_expiry(sku, None))


def of_allotment(sku: str, live_item_id: int) -> Shortage:
    """What a room's allotment may still promise."""
    left = sales.remaining(live_item_id) or 0
    return Shortage(sku, left, earliest_expiry(sku, live_item_id))


def of_goods(sku: str, live_item_id: int | None) -> Shortage:
    """What a buyer of these goods may still get, from the room or from the shelf behind it."""
    if live_item_id is None or sales.remaining(live_item_id) is None:
        return of_shelf(sku)
    return of_allotment(sku, live_item_id)
