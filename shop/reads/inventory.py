"""A cooperative's shelf: counters with the lots behind them, and the ledger of moves."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

from sqlalchemy import Select, literal_column, select

from shop.db import db
from shop.domain.catalog.models import Product, Variant
from shop.domain.inventory.models import Intake, Lot, Stock, StockMove
from shop.domain.inventory.states import MoveKind
from shop.domain.orders.models import Order
from shop.domain.villages.models import Cooperative, Farmer
from shop.kernel.actor import Actor
from shop.kernel.errors import NotFound
from shop.keyset import Key, Keyset, keyset

MOST_OPEN = 100


@dataclass(frozen=True, kw_only=True)
class ShelfRow:
    """One SKU of the shelf, in units."""

    sku: str
    title: str
    variant: str
    unit: str
    on_hand: int
    held: int
    allotted: int
    available: int
    lots: tuple[Lot, ...]


def shelf_page(
    cooperative_ids: Sequence[int], *, limit: int, after: Sequence[Any] | None
) -> Keyset:
    """SKUs of the cooperatives with their counters, product by product, never stocked ones too."""
    keys: tuple[Key, ...] = (
        (Product.id, "asc"),
        (Variant.position, "asc"),
        (Variant.id, "asc"),
    )
    found = keyset(_shelf(cooperative_ids), keys=keys, limit=limit, after=after)
    return Keyset(rows=_with_lots(found.rows), next=found.next)


def _shelf(cooperative_ids: Sequence[int]) -> Select[Any]:
    query = (
        select(Variant, Product, Stock)
        .join(Product, Product.id == Variant.product_id)
        .outerjoin(Stock, Stock.sku == Variant.sku)
        .where(Product.cooperative_id.in_(cooperative_ids))
        .execution_options(populate_existing=True)
    )
    return cast("Select[Any]", query)


def _with_lots(rows: Sequence[Any]) -> list[ShelfRow]:
    lots: dict[str, list[Lot]] = {}
    for lot in db.session.scalars(
        select(Lot)
        .where(Lot.sku.in_([variant.sku for variant, _, _ in rows]), Lot.on_hand > 0)
        .order_by(Lot.best_before.is_(None), Lot.best_before, Lot.id)
        .execution_options(populate_existing=True)
    ):
        lots.setdefault(lot.sku, []).append(lot)
    return [
        ShelfRow(
            sku=variant.sku,
            title=product.title,
            variant=variant.name,
            unit=variant.unit,
            on_hand=stock.on_hand if stock else 0,
            held=stock.held if stock else 0,
            allotted=stock.allotted if stock else 0,
            available=stock.available if stock else 0,
            lots=tuple(lots.get(variant.sku, ())),
        )
        for variant, product, stock in rows
    ]


COUNTED = frozenset({MoveKind.RECEIPT, MoveKind.CONSUME, MoveKind.ADJUST, MoveKind.RETURN})
"""Moves of units that are there; the others only promise them."""


@dataclass(frozen=True, kw_only=True)
class MoveRow:
    """One move with the public names of what it touched."""

    move: StockMove
    lot: str | None
    order: str | None

    @property
    def delta(self) -> int:
        """What the move did to on hand, or (kept, let go, set aside) to what may be promised.

        Receipts, sales, corrections and returns add up to what is on hand: of a sale's two rows,
        the lot's has the units and the hold's none.
        """
        if self.move.kind in COUNTED:
            return self.move.on_hand_delta
        return -(self.move.held_delta or self.move.allotted_delta)


def moves(actor: Actor, *, sku: str | None) -> Select[StockMove]:
    """The ledger of own moves, to be paged by id; raises ``NotFound`` for another's SKU."""
    own = actor.cooperatives()
    query = select(StockMove).where(StockMove.cooperative_id.in_(own))
    if sku is None:
        return query
    known = db.session.scalar(
        select(Variant.id)
        .join(Product, Product.id == Variant.product_id)
        .where(Variant.sku == sku, Product.cooperative_id.in_(own))
    )
    if known is None:
        raise NotFound
    return query.where(StockMove.sku == sku)


def named(moves: Sequence[StockMove]) -> list[MoveRow]:
    """Moves with lot codes and order numbers, in two queries."""
    codes = _pairs(select(Lot.id, Lot.code).where(Lot.id.in_([move.lot_id for move in moves])))
    numbers = _pairs(
        select(Order.id, Order.number).where(Order.id.in_([move.order_id for move in moves]))
    )
    return [
        MoveRow(move=move, lot=codes.get(move.lot_id or 0), order=numbers.get(move.order_id or 0))
        for move in moves
    ]


def _pairs(query: Select[int, str]) -> dict[int, str]:
    found: dict[int, str] = {}
    for key, words in db.session.execute(query):
        found[key] = words
    return found


def open_intakes(cooperative_ids: Sequence[int]) -> list[tuple[Intake, Farmer, Product]]:
    """Deliveries with grams no packing run has used, the newest ``MOST_OPEN`` of them."""
    rows = db.session.execute(
        select(Intake, Farmer, Product)
        .join(Farmer, Farmer.id == Intake.farmer_id)
        .join(Product, Product.id == Intake.product_id)
        .where(Intake.cooperative_id.in_(cooperative_ids), Intake.left_grams > literal_column("0"))
        .order_by(Intake.id.desc())
        .limit(MOST_OPEN)
    )
    return [(intake, farmer, product) for intake, farmer, product in rows]


def slip(slip_no: str, actor: Actor) -> tuple[Intake, Farmer, Product]:
    """One weighing slip of an own cooperative; raises ``NotFound``."""
    row = db.session.execute(
        select(Intake, Farmer, Product)
        .join(Farmer, Farmer.id == Intake.farmer_id)
        .join(Product, Product.id == Intake.product_id)
        .where(Intake.slip_no == slip_no, Intake.cooperative_id.in_(actor.cooperatives()))
    ).first()
    if row is None:
        raise NotFound
    return row[0], row[1], row[2]


def cooperative_id(slug: str, own: Sequence[int]) -> int | None:
    """The id of an own cooperative by its slug."""
    return db.session.scalar(
        select(Cooperative.id).where(Cooperative.slug == slug, Cooperative.id.in_(own))
    )
