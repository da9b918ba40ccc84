"""Verbs of the shelf: counters move by one conditional UPDATE each, never by reading first."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import func, select, update

from shop.db import changed, db, insert_into
from shop.domain.inventory import expiry
from shop.domain.inventory.errors import OutOfStock
from shop.domain.inventory.ledger import record
from shop.domain.inventory.models import Lot, LotContribution, LotSale, Stock
from shop.domain.inventory.queries import available
from shop.domain.inventory.states import AdjustReason, MoveKind
from shop.kernel.clock import local_date
from shop.kernel.codes import new_lot_code
from shop.kernel.errors import Invalid, NotFound


@dataclass(frozen=True, kw_only=True)
class Contribution:
    """Grams of a lot that one household, or the cooperative itself (``None``), grew."""

    farmer_id: int | None
    village_id: int
    grams: int


def receive_lot(
    *,
    sku: str,
    cooperative_id: int,
    village_id: int,
    quantity: int,
    harvested_on: date,
    best_before: date | None,
    contributions: Sequence[Contribution],
    now: datetime,
    label: str | None = None,
    unit_cost_fen: int | None = None,
    packing_run_id: int | None = None,
    actor_id: int | None = None,
) -> Lot:
    """Put a new lot on the shelf: lot, growers, counter and receipt in one breath."""
    lot = Lot(
        code=_unused_code(),
        label=label,
        sku=sku,
        cooperative_id=cooperative_id,
        village_id=village_id,
        packing_run_id=packing_run_id,
        harvested_on=harvested_on,
        best_before=best_before,
        quantity=quantity,
        on_hand=quantity,
        unit_cost_fen=unit_cost_fen,
        created_by=actor_id,
        created_at=now,
        contributions=[
            LotContribution(farmer_id=c.farmer_id, village_id=c.village_id, grams=c.grams)
            for c in contributions
        ],
    )
    db.session.add(lot)
    db.session.flush()
    _raise_on_hand(sku, cooperative_id=cooperative_id, quantity=quantity)
    record(
        MoveKind.RECEIPT,
        sku=sku,
        cooperative_id=cooperative_id,
        on_hand=quantity,
        lot_id=lot.id,
        actor_id=actor_id,
        now=now,
    )
    expiry.write_off(sku, now=now)
    return lot


def _unused_code() -> str:
    while True:
        code = new_lot_code()
        if db.session.scalar(select(Lot.id).where(Lot.code == code)) is None:
            return code


def _raise_on_hand(sku: str, *, cooperative_id: int, quantity: int) -> None:
    fresh = insert_into(Stock).values(
        sku=sku, cooperative_id=cooperative_id, on_hand=quantity, held=0, allotted=0
    )
    db.session.execute(
        fresh.on_conflict_do_update(
            index_elements=[Stock.sku], set_={"on_hand": Stock.on_hand + quantity}
        )
    )


def allot(
    sku: str, quantity: int, *, live_item_id: int, actor_id: int | None, now: datetime
) -> None:
    """Set units aside for a live item; raises ``OutOfStock`` when the shelf has too few."""
    _move_allotment(sku, quantity, live_item_id=live_item_id, actor_id=actor_id, now=now)


def return_allotment(
    sku: str, quantity: int, *, live_item_id: int, actor_id: int | None, now: datetime
) -> None:
    """Give units a live item no longer needs back to the shelf, unless they are past their best."""
    _move_allotment(sku, -quantity, live_item_id=live_item_id, actor_id=actor_id, now=now)
    expiry.write_off(sku, now=now)


def _move_allotment(
    sku: str, quantity: int, *, live_item_id: int, actor_id: int | None, now: datetime
) -> None:
    if quantity == 0:
        return
    taken = changed(
        update(Stock)
        .where(Stock.sku == sku, Stock.on_hand - Stock.held - Stock.allotted >= quantity)
        .where(Stock.allotted + quantity >= 0)
        .values(allotted=Stock.allotted + quantity)
        .execution_options(synchronize_session=False)
    )
    if not taken:
        raise OutOfStock(
            "not enough on the shelf", sku=sku, wanted=quantity, available=available([sku])[sku]
        )
    record(
        MoveKind.TRANSFER,
        sku=sku,
        cooperative_id=_owner(sku),
        allotted=quantity,
        live_item_id=live_item_id,
        actor_id=actor_id,
        now=now,
    )


def _owner(sku: str) -> int:
    owner = db.session.scalar(select(Stock.cooperative_id).where(Stock.sku == sku))
    if owner is None:
        raise NotFound
    return owner


def adjust(
    lot: Lot,
    delta: int,
    *,
    reason: AdjustReason,
    note: str | None,
    actor_id: int | None,
    now: datetime,
) -> None:
    """Correct a lot's count; raises ``OutOfStock`` when that many are promised already.

    What is past its best is never counted up again.
    """
    if delta == 0 or abs(delta) > lot.quantity:
        raise Invalid.at("/delta", "a correction is not zero, and within the lot")
    if delta > 0 and lot.best_before is not None and lot.best_before < local_date(now):
        raise Invalid.at("/delta", "this lot is past its best", code="expired")
    shelf = changed(
        update(Stock)
        .where(Stock.sku == lot.sku, Stock.on_hand + delta >= Stock.held + Stock.allotted)
        .values(on_hand=Stock.on_hand + delta)
        .execution_options(synchronize_session=False)
    )
    if not shelf:
        raise OutOfStock(
            "these units are promised",
            sku=lot.sku,
            wanted=-delta,
            available=available([lot.sku])[lot.sku],
        )
    in_lot = changed(
        update(Lot)
        .where(Lot.id == lot.id, Lot.on_hand + delta >= 0)
        .where(Lot.on_hand + delta <= Lot.quantity - _sold_of(lot, delta, reason))
        .values(on_hand=Lot.on_hand + delta)
        .execution_options(synchronize_session=False)
    )
    if not in_lot:
        raise Invalid.at("/delta", "the lot cannot hold this count")
    record(
        MoveKind.ADJUST,
        sku=lot.sku,
        cooperative_id=lot.cooperative_id,
        on_hand=delta,
        lot_id=lot.id,
        reason=reason,
        note=note,
        actor_id=actor_id,
        now=now,
    )
    if delta > 0:
        expiry.write_off(lot.sku, now=now)


def _sold_of(lot: Lot, delta: int, reason: AdjustReason) -> Any:
    """Units that are no longer the lot's to count up: only a returned one comes back from them."""
    if delta < 0 or reason is AdjustReason.RETURNED:
        return 0
    return (
        select(func.coalesce(func.sum(LotSale.quantity - LotSale.returned), 0))
        .where(LotSale.lot_id == lot.id)
        .scalar_subquery()
    )
