"""Units past their best: they leave on hand as soon as nobody is promised them."""

from datetime import datetime

from sqlalchemy import select, update

from shop.db import changed, db
from shop.domain.inventory.ledger import record
from shop.domain.inventory.models import Lot, Stock
from shop.domain.inventory.queries import expired_lots
from shop.domain.inventory.states import AdjustReason, MoveKind
from shop.kernel.clock import local_date


def write_off(sku: str, *, now: datetime) -> int:
    """Take a SKU's expired units out of on hand as far as they are not promised; gives how many.

    Called wherever units come back to the shelf, so that what may be promised is never past its
    best. Whoever moves a lot has its SKU's counter first, so nothing changes under this one's lock.
    """
    today = local_date(now)
    if not expired_lots(sku, today):
        return 0
    free = db.session.execute(
        select(Stock.on_hand - Stock.held - Stock.allotted)
        .where(Stock.sku == sku)
        .with_for_update()
    ).scalar_one()
    written = 0
    for lot in expired_lots(sku, today):
        units = min(lot.on_hand, free - written)
        if units <= 0:
            continue
        _take_out(lot, units, now=now)
        written += units
    return written


def _take_out(lot: Lot, units: int, *, now: datetime) -> None:
    for table, where in ((Stock, Stock.sku == lot.sku), (Lot, Lot.id == lot.id)):
        changed(
            update(table)
            .where(where)
            .values(on_hand=table.on_hand - units)
            .execution_options(synchronize_session=False)
        )
    record(
        MoveKind.ADJUST,
        sku=lot.sku,
        cooperative_id=lot.cooperative_id,
        on_hand=-units,
        lot_id=lot.id,
        reason=AdjustReason.EXPIRED,
        now=now,
    )
