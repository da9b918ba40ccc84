"""Nouns of the shelf."""

from collections.abc import Sequence
from datetime import date, datetime

from sqlalchemy import func, literal_column, or_, select

from shop.bulk import among
from shop.db import db
from shop.domain.inventory.models import Lot, LotSale, Stock, StockHold
from shop.domain.inventory.states import HoldState

LEFT = Lot.on_hand > literal_column("0")
"""Written out, so that the index of such lots alone is looked at."""


def available(skus: Sequence[str]) -> dict[str, int]:
    """Units that may still be promised from the shelf, for every SKU asked."""
    rows = db.session.execute(
        select(Stock.sku, Stock.on_hand - Stock.held - Stock.allotted).where(among(Stock.sku, skus))
    )
    return dict.fromkeys(skus, 0) | {row[0]: row[1] for row in rows}


def fresh_lots(sku: str, today: date) -> list[Lot]:
    """Lots that may be sold today, the earliest best-before first."""
    return list(
        db.session.scalars(
            select(Lot)
            .where(Lot.sku == sku, Lot.on_hand > 0)
            .where(or_(Lot.best_before.is_(None), Lot.best_before >= today))
            .order_by(Lot.best_before.is_(None), Lot.best_before, Lot.id)
            .execution_options(populate_existing=True)
        )
    )


def next_lot(sku: str, today: date) -> Lot | None:
    """The lot the next buyer's goods come from, or ``None``."""
    return next(iter(fresh_lots(sku, today)), None)


def expired_lots(sku: str, today: date) -> list[Lot]:
    """Lots of a SKU with units left whose best-before has passed."""
    return list(
        db.session.scalars(
            select(Lot)
            .where(Lot.sku == sku, Lot.on_hand > 0, Lot.best_before < today)
            .order_by(Lot.id)
            .execution_options(populate_existing=True)
        )
    )


def expired_units(sku: str, today: date) -> int:
    """How many units of a SKU are past their best and still counted."""
    return (
        db.session.scalar(
            select(func.sum(Lot.on_hand)).where(Lot.sku == sku, Lot.best_before < today)
        )
        or 0
    )


def skus_past_best(today: date) -> list[str]:
    """SKUs with units left in a lot whose best-before has passed, in order."""
    return sorted(set(db.session.scalars(select(Lot.sku).where(LEFT, Lot.best_before < today))))


def earliest_expiry(sku: str, live_item_id: int | None) -> datetime | None:
    """When the first open hold on a counter ends: the soonest that units may come back."""
    return db.session.scalar(
        select(func.min(StockHold.expires_at)).where(
            StockHold.sku == sku,
            StockHold.state == HoldState.HELD,
            StockHold.live_item_id.is_(None)
            if live_item_id is None
            else StockHold.live_item_id == live_item_id,
        )
    )


def lot_sales(order_id: int) -> list[LotSale]:
    """Which lots an order was taken from."""
    return list(
        db.session.scalars(select(LotSale).where(LotSale.order_id == order_id).order_by(LotSale.id))
    )
