"""Stock moves: the only way a counter's reason is written down."""

from datetime import datetime

from shop.db import db
from shop.domain.inventory.models import StockMove
from shop.domain.inventory.states import AdjustReason, MoveKind


def record(
    kind: MoveKind,
    *,
    sku: str,
    cooperative_id: int,
    now: datetime,
    on_hand: int = 0,
    held: int = 0,
    allotted: int = 0,
    lot_id: int | None = None,
    hold_id: int | None = None,
    order_id: int | None = None,
    live_item_id: int | None = None,
    reason: AdjustReason | None = None,
    note: str | None = None,
    actor_id: int | None = None,
) -> None:
    """Append one move; the deltas are signed units of the SKU."""
    db.session.add(
        StockMove(
            kind=kind,
            sku=sku,
            cooperative_id=cooperative_id,
            on_hand_delta=on_hand,
            held_delta=held,
            allotted_delta=allotted,
            lot_id=lot_id,
            hold_id=hold_id,
            order_id=order_id,
            live_item_id=live_item_id,
            reason=reason,
            note=note,
            actor_id=actor_id,
            at=now,
        )
    )
