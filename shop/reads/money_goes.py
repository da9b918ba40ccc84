"""Where a price goes, before anything is bought, by the rule that will be frozen."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select

from shop.db import db
from shop.domain.catalog.models import Product, Variant
from shop.domain.inventory.queries import next_lot
from shop.domain.settlement.queries import current_rules
from shop.domain.settlement.split import preview
from shop.domain.settlement.states import PartyKind
from shop.domain.villages.models import Village
from shop.kernel.clock import local_date

SHOWN = (
    PartyKind.FARMER,
    PartyKind.COOPERATIVE,
    PartyKind.VILLAGE,
    PartyKind.HOST,
    PartyKind.PLATFORM,
)


@dataclass(frozen=True, kw_only=True)
class Share:
    """What one kind of party gets, in fen."""

    kind: PartyKind
    amount_fen: int


@dataclass(frozen=True, kw_only=True)
class MoneyGoes:
    """The split of one unit's price, with the village and harvest of the lot next in line."""

    price_fen: int
    unit: str
    shares: tuple[Share, ...]
    village_name: str
    harvested_on: date | None
    lot_code: str | None


def for_sku(
    sku: str, price_fen: int, *, now: datetime, with_host: bool = False
) -> MoneyGoes | None:
    """The split of ``price_fen``; ``with_host`` in a room. ``None``: no rule yet."""
    row = db.session.execute(
        select(Variant, Product, Village)
        .join(Product, Product.id == Variant.product_id)
        .join(Village, Village.id == Product.village_id)
        .where(Variant.sku == sku)
    ).first()
    if row is None:
        return None
    variant, product, village = row
    rule = current_rules([product.cooperative_id]).get(product.cooperative_id)
    if rule is None:
        return None
    lot = next_lot(sku, local_date(now))
    return MoneyGoes(
        price_fen=price_fen,
        unit=variant.unit,
        shares=shown(preview(price_fen, rule, variant.commission_bp if with_host else 0)),
        village_name=_village_name(lot.village_id, village) if lot else village.name,
        harvested_on=lot.harvested_on if lot else None,
        lot_code=lot.code if lot else None,
    )


def _village_name(village_id: int, known: Village) -> str:
    return known.name if village_id == known.id else db.session.get_one(Village, village_id).name


def shown(split: dict[PartyKind, int], kinds: Sequence[PartyKind] = SHOWN) -> tuple[Share, ...]:
    """The parties that get something, the farmers first."""
    return tuple(Share(kind=kind, amount_fen=split[kind]) for kind in kinds if split.get(kind))
