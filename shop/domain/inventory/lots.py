"""Lots of paid lines: taken the earliest best-before first, and put back when nothing left."""

from datetime import date, datetime

from sqlalchemy import select, update

from shop.db import changed, db
from shop.domain.inventory import expiry
from shop.domain.inventory.errors import OutOfStock
from shop.domain.inventory.ledger import record
from shop.domain.inventory.models import Lot, LotSale, Stock
from shop.domain.inventory.queries import fresh_lots
from shop.domain.inventory.states import MoveKind


def take(
    *,
    sku: str,
    cooperative_id: int,
    order_id: int,
    order_line_id: int,
    quantity: int,
    today: date,
    now: datetime,
) -> None:
    """Choose the lots of a paid line, the earliest best-before first and never an expired one.

    The SKU's counter has been updated in this transaction, so its lots are ours until it ends.
    Raises ``OutOfStock`` when the fresh lots are too few.
    """
    left = quantity
    for lot in fresh_lots(sku, today):
        units = min(left, lot.on_hand)
        changed(
            update(Lot)
            .where(Lot.id == lot.id)
            .values(on_hand=Lot.on_hand - units)
            .execution_options(synchronize_session=False)
        )
        db.session.add(
            LotSale(order_id=order_id, order_line_id=order_line_id, lot_id=lot.id, quantity=units)
        )
        record(
            MoveKind.CONSUME,
            sku=sku,
            cooperative_id=cooperative_id,
            on_hand=-units,
            lot_id=lot.id,
            order_id=order_id,
            now=now,
        )
        left -= units
        if left == 0:
            return
    raise OutOfStock("no fresh lot is left", sku=sku, wanted=quantity, available=quantity - left)


def put_back(
    order_line_id: int, quantity: int, *, cooperative_id: int, actor_id: int | None, now: datetime
) -> None:
    """Return units of a paid line that never left to their lots, the last taken first.

    Those of a lot that is past its best by now are written off at once.
    """
    left = quantity
    sales = db.session.scalars(
        select(LotSale).where(LotSale.order_line_id == order_line_id).order_by(LotSale.id.desc())
    )
    for sale in sales:
        units = min(left, sale.quantity - sale.returned)
        if units <= 0:
            continue
        lot = db.session.get_one(Lot, sale.lot_id)
        sale.returned += units
        for table, where in ((Stock, Stock.sku == lot.sku), (Lot, Lot.id == lot.id)):
            changed(
                update(table)
                .where(where)
                .values(on_hand=table.on_hand + units)
                .execution_options(synchronize_session=False)
            )
        record(
            MoveKind.RETURN,
            sku=lot.sku,
            cooperative_id=cooperative_id,
            on_hand=units,
            lot_id=lot.id,
            order_id=sale.order_id,
            actor_id=actor_id,
            now=now,
        )
        expiry.write_off(lot.sku, now=now)
        left -= units
