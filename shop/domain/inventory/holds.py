"""Promises to unpaid orders: made, released or consumed, each at most once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, update

from shop.bulk import insert_rows
from shop.db import changed, db
from shop.domain.inventory import expiry
from shop.domain.inventory.errors import OutOfStock
from shop.domain.inventory.ledger import MoveFacts, record, record_all
from shop.domain.inventory.models import Stock, StockHold
from shop.domain.inventory.states import HoldState, MoveKind
from shop.kernel.clock import rfc3339


@dataclass(frozen=True, kw_only=True)
class Ended:
    """A hold that has just ended: what its counter is owed back."""

    hold_id: int
    order_id: int
    order_line_id: int
    sku: str
    live_item_id: int | None
    quantity: int


def take_from_shelf(sku: str, quantity: int) -> bool:
    """Promise units in one statement, so two buyers cannot both win the last one."""
    return bool(
        changed(
            update(Stock)
            .where(Stock.sku == sku, Stock.on_hand - Stock.held - Stock.allotted >= quantity)
            .values(held=Stock.held + quantity)
            .execution_options(synchronize_session=False)
        )
    )


def refuse(sku: str, quantity: int, *, left: int, expiry: datetime | None) -> OutOfStock:
    """The error of a counter that has too few, with the soonest moment units may return."""
    return OutOfStock(
        "not enough left",
        sku=sku,
        wanted=quantity,
        available=max(left, 0),
        hold_expires_at=rfc3339(expiry) if expiry else None,
    )


@dataclass(frozen=True, kw_only=True)
class Promise:
    """Units of one line whose counter has been taken already."""

    sku: str
    cooperative_id: int
    order_id: int
    order_line_id: int
    live_item_id: int | None
    quantity: int
    expires_at: datetime


def open_holds(promises: Sequence[Promise], *, now: datetime) -> None:
    """Write down promises, each with its move."""
    written = insert_rows(
        StockHold,
        [
            {
                "sku": one.sku,
                "order_id": one.order_id,
                "order_line_id": one.order_line_id,
                "live_item_id": one.live_item_id,
                "quantity": one.quantity,
                "expires_at": one.expires_at,
                "created_at": now,
            }
            for one in promises
        ],
        returning=("order_line_id", "id"),
    )
    ids: dict[int, int] = dict(written)
    moves = [
        MoveFacts(
            sku=one.sku,
            cooperative_id=one.cooperative_id,
            held=one.quantity,
            hold_id=ids[one.order_line_id],
            order_id=one.order_id,
            live_item_id=one.live_item_id,
            now=now,
        )
        for one in promises
    ]
    record_all(MoveKind.HOLD, moves)


def untake_from_shelf(sku: str, quantity: int) -> None:
    """Give back what this transaction took and will not write down."""
    changed(
        update(Stock)
        .where(Stock.sku == sku)
        .values(held=Stock.held - quantity)
        .execution_options(synchronize_session=False)
    )


def of_order(order_id: int) -> ColumnElement[bool]:
    """Holds of one order."""
    return StockHold.order_id == order_id


def expired_on(sku: str, live_item_id: int | None, *, now: datetime) -> ColumnElement[bool]:
    """Expired holds on one counter."""
    counter = (
        StockHold.live_item_id.is_(None)
        if live_item_id is None
        else StockHold.live_item_id == live_item_id
    )
    return (StockHold.sku == sku) & counter & (StockHold.expires_at <= now)


def end(which: ColumnElement[bool], state: HoldState, *, now: datetime) -> list[Ended]:
    """End open holds, guarded by their state: the row count decides who adds back."""
    rows = db.session.execute(
        update(StockHold)
        .where(which, StockHold.state == HoldState.HELD)
        .values(state=state, closed_at=now)
        .returning(
            StockHold.id,
            StockHold.order_id,
            StockHold.order_line_id,
            StockHold.sku,
            StockHold.live_item_id,
            StockHold.quantity,
        )
        .execution_options(synchronize_session=False)
    ).all()
    ended = [
        Ended(
            hold_id=hold_id,
            order_id=order_id,
            order_line_id=line_id,
            sku=sku,
            live_item_id=item_id,
            quantity=quantity,
        )
        for hold_id, order_id, line_id, sku, item_id, quantity in rows
    ]
    return sorted(ended, key=lambda e: (e.live_item_id or 0, e.sku))


def give_back_to_shelf(
    ended: Ended, *, cooperative_id: int, from_live: bool, now: datetime
) -> None:
    """Return a released promise to the shelf.

    ``from_live``: the hold was on a live item that has closed, so its units leave the allotment.
    Units past their best do not come back: they leave on hand.
    """
    values = (
        {"allotted": Stock.allotted - ended.quantity}
        if from_live
        else {"held": Stock.held - ended.quantity}
    )
    to_shelf = from_live or ended.live_item_id is None
    if to_shelf:
        changed(
            update(Stock)
            .where(Stock.sku == ended.sku)
            .values(values)
            .execution_options(synchronize_session=False)
        )
    record(
        MoveKind.RELEASE,
        sku=ended.sku,
        cooperative_id=cooperative_id,
        held=-ended.quantity,
        allotted=-ended.quantity if from_live else 0,
        hold_id=ended.hold_id,
        order_id=ended.order_id,
        live_item_id=ended.live_item_id,
        now=now,
    )
    if to_shelf:
        expiry.write_off(ended.sku, now=now)


def consume(ended: Ended, *, cooperative_id: int, now: datetime) -> None:
    """A paid promise leaves the shelf; the lots follow in ``lots.take``."""
    live = ended.live_item_id is not None
    counter = (
        {"allotted": Stock.allotted - ended.quantity}
        if live
        else {"held": Stock.held - ended.quantity}
    )
    changed(
        update(Stock)
        .where(Stock.sku == ended.sku)
        .values(on_hand=Stock.on_hand - ended.quantity, **counter)
        .execution_options(synchronize_session=False)
    )
    record(
        MoveKind.CONSUME,
        sku=ended.sku,
        cooperative_id=cooperative_id,
        held=-ended.quantity,
        allotted=-ended.quantity if live else 0,
        hold_id=ended.hold_id,
        order_id=ended.order_id,
        live_item_id=ended.live_item_id,
        now=now,
    )


def take_allotted(
    sku: str, quantity: int, *, cooperative_id: int, order_id: int, live_item_id: int, now: datetime
) -> None:
    """Units of an allotment leave the shelf for money that came after its hold had ended."""
    changed(
        update(Stock)
        .where(Stock.sku == sku)
        .values(on_hand=Stock.on_hand - quantity, allotted=Stock.allotted - quantity)
        .execution_options(synchronize_session=False)
    )
    record(
        MoveKind.CONSUME,
        sku=sku,
        cooperative_id=cooperative_id,
        allotted=-quantity,
        order_id=order_id,
        live_item_id=live_item_id,
        now=now,
    )


def take_unheld(sku: str, quantity: int) -> bool:
    """Take units for money that came after its hold had ended."""
    return bool(
        changed(
            update(Stock)
            .where(Stock.sku == sku, Stock.on_hand - Stock.held - Stock.allotted >= quantity)
            .values(on_hand=Stock.on_hand - quantity)
            .execution_options(synchronize_session=False)
        )
    )


def extend(order_id: int, until: datetime) -> Sequence[int]:
    """Let an order's open holds last until ``until``; gives the ids that were still open."""
    return list(
        db.session.scalars(
            update(StockHold)
            .where(StockHold.order_id == order_id, StockHold.state == HoldState.HELD)
            .values(expires_at=until)
            .returning(StockHold.id)
            .execution_options(synchronize_session=False)
        )
    )
