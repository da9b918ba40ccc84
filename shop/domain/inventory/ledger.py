"""Stock moves: the only way a counter's reason is written down."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Required, TypedDict, Unpack

from shop.bulk import insert_rows
from shop.db import db
from shop.domain.inventory.models import StockMove
from shop.domain.inventory.states import AdjustReason, MoveKind


class MoveFacts(TypedDict, total=False):
    """What a move says; the deltas are signed units of the SKU."""

    sku: Required[str]
    cooperative_id: Required[int]
    now: Required[datetime]
    on_hand: int
    held: int
    allotted: int
    lot_id: int | None
    hold_id: int | None
    order_id: int | None
    live_item_id: int | None
    reason: AdjustReason | None
    note: str | None
    actor_id: int | None


def record(kind: MoveKind, **facts: Unpack[MoveFacts]) -> None:
    """Append one move."""
    db.session.add(StockMove(**_row(kind, facts)))


def record_all(kind: MoveKind, moves: Sequence[MoveFacts]) -> None:
    """Append several moves of one kind in one statement."""
    insert_rows(StockMove, [_row(kind, facts) for facts in moves])


def _row(kind: MoveKind, facts: MoveFacts) -> dict[str, Any]:
    return {
        "kind": kind,
        "sku": facts["sku"],
        "cooperative_id": facts["cooperative_id"],
        "on_hand_delta": facts.get("on_hand", 0),
        "held_delta": facts.get("held", 0),
        "allotted_delta": facts.get("allotted", 0),
        "lot_id": facts.get("lot_id"),
        "hold_id": facts.get("hold_id"),
        "order_id": facts.get("order_id"),
        "live_item_id": facts.get("live_item_id"),
        "reason": facts.get("reason"),
        "note": facts.get("note"),
        "actor_id": facts.get("actor_id"),
        "at": facts["now"],
    }
