"""Where a price goes: before anything is bought, and until an order is completed."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select

from shop.db import db
from shop.domain.catalog.models import Product, Variant
from shop.domain.inventory.queries import next_lot
from shop.domain.orders.models import Order
from shop.domain.settlement.queries import current_rules
from shop.domain.settlement.queries import rules as frozen_rules
from shop.domain.settlement.split import legs_of, preview
from shop.domain.settlement.states import PartyKind
from shop.domain.villages.models import Village
from shop.kernel.clock import local_date
from shop.reads.pricing import Quote
from shop.reads.sold import sold_lines

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


def of_quote(quote: Quote) -> tuple[Share, ...]:
    """Where the goods of a quote will go, by the rules that an order placed now is frozen with."""
    rules = {part.cooperative_id: part.rule for part in quote.parts}
    return _added(
        preview(line.total_fen, rules[line.cooperative_id], line.commission_bp)
        for line in quote.lines
    )


def of_order(order_id: int) -> tuple[Share, ...]:
    """Where the goods of an order will go when it is completed, by its frozen rules.

    A paid one knows its lots and is exact, after the refunds owed so far; an unpaid one is shared
    as its page said before. An order that brings nobody income gives nothing.
    """
    order = db.session.get_one(Order, order_id)
    if order.paid_at is not None:
        legs = [leg for line in sold_lines(order) for leg in legs_of(line)]
        return _added({leg.party_kind: -leg.amount_fen} for leg in legs)
    rules = frozen_rules([part.split_rule_id for part in order.parts])
    rule_of = {part.cooperative_id: rules[part.split_rule_id] for part in order.parts}
    return _added(
        preview(line.total_fen, rule_of[line.cooperative_id], line.commission_bp)
        for line in order.lines
    )


def _added(splits: Iterable[Mapping[PartyKind, int]]) -> tuple[Share, ...]:
    whole: Counter[PartyKind] = Counter()
    for split in splits:
        whole.update(split)
    return shown(whole)


def _village_name(village_id: int, known: Village) -> str:
    return known.name if village_id == known.id else db.session.get_one(Village, village_id).name


def shown(split: Mapping[PartyKind, int], kinds: Sequence[PartyKind] = SHOWN) -> tuple[Share, ...]:
    """The parties that get something, the farmers first."""
    return tuple(Share(kind=kind, amount_fen=split[kind]) for kind in kinds if split.get(kind))
