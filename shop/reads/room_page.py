"""What a room's page tells of each thing on its shelf: who grew it, who sells it, who gets what."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import or_, select

from shop.db import db
from shop.domain.catalog.cards import Card, cards
from shop.domain.inventory.models import Lot
from shop.domain.live.shapes import Item
from shop.domain.settlement.queries import current_rules
from shop.domain.settlement.split import preview
from shop.domain.villages.queries import villages_by_id
from shop.kernel.clock import local_date
from shop.reads.money_goes import Share, shown


@dataclass(frozen=True, kw_only=True)
class Seller:
    """The actual seller (Order 117 art. 26); ``key`` tells one from another on a page."""

    key: str
    name: str
    address: str
    contact: str
    licence_no: str


@dataclass(frozen=True, kw_only=True)
class Story:
    """Of one item: the split of its price, the lot next in line, and its seller."""

    shares: tuple[Share, ...]
    village_name: str
    village_name_en: str
    harvested_on: date | None
    lot_code: str | None
    seller: Seller


def stories(
    items: Sequence[Item], *, now: datetime, at_shop_price: bool = False
) -> dict[int, Story]:
    """Item id to story, in five statements however long the shelf is."""
    words = cards([item.sku for item in items])
    lots = _next_lots(list(words), local_date(now))
    rules = current_rules([card.cooperative_id for card in words.values()])
    growing = {sku: lots[sku].village_id if sku in lots else words[sku].village_id for sku in words}
    villages = villages_by_id(growing.values())
    found = {}
    for item in items:
        card, lot, village = words[item.sku], lots.get(item.sku), villages[growing[item.sku]]
        rule = rules.get(card.cooperative_id)
        price = item.price_fen if at_shop_price else item.now_fen
        found[item.id] = Story(
            shares=shown(preview(price, rule, card.commission_bp)) if rule else (),
            village_name=village.name,
            village_name_en=village.name_en,
            harvested_on=lot.harvested_on if lot else None,
            lot_code=lot.code if lot else None,
            seller=_seller(card),
        )
    return found


def sellers(told: dict[int, Story]) -> list[Seller]:
    """Everybody who sells in the room, once each."""
    return list({story.seller.key: story.seller for story in told.values()}.values())


def _seller(card: Card) -> Seller:
    return Seller(
        key=card.seller_licence_no,
        name=card.seller_name,
        address=card.seller_address,
        contact=card.seller_contact,
        licence_no=card.seller_licence_no,
    )


def _next_lots(skus: Sequence[str], today: date) -> dict[str, Lot]:
    """The lot the next unit of each SKU comes from: the earliest best-before that is still good."""
    rows = db.session.scalars(
        select(Lot)
        .where(Lot.sku.in_(skus), Lot.on_hand > 0)
        .where(or_(Lot.best_before.is_(None), Lot.best_before >= today))
        .order_by(Lot.sku, Lot.best_before.is_(None), Lot.best_before, Lot.id)
    )
    found: dict[str, Lot] = {}
    for lot in rows:
        found.setdefault(lot.sku, lot)
    return found
