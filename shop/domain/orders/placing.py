"""Writing new orders down: several in a few statements, as they come together."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import insert

from shop.db import db
from shop.domain.orders.models import Order, OrderHistory, OrderLine, OrderPart
from shop.domain.orders.states import OrderStatus


@dataclass(frozen=True, kw_only=True)
class NewOrder:
    """Columns of one order, of its cooperatives' parts and of its lines, without ids."""

    order: dict[str, Any]
    parts: Sequence[dict[str, Any]]
    lines: Sequence[dict[str, Any]]


@dataclass(frozen=True, kw_only=True)
class Written:
    """Ids of one order and of its lines, in their order."""

    order_id: int
    line_ids: Sequence[int]


def write(orders: Sequence[NewOrder], *, now: datetime) -> list[Written]:
    """Insert orders with parts, lines and the first row of their histories."""
    ids = _insert(Order, [new.order for new in orders])
    numbered = list(zip(ids, orders, strict=True))
    _insert(OrderPart, [part | {"order_id": i} for i, new in numbered for part in new.parts])
    lines = iter(
        _insert(OrderLine, [line | {"order_id": i} for i, new in numbered for line in new.lines])
    )
    _insert(OrderHistory, [_first_step(i, new.order["buyer_id"], now) for i, new in numbered])
    return [Written(order_id=i, line_ids=[next(lines) for _ in new.lines]) for i, new in numbered]


def _insert(model: Any, rows: list[dict[str, Any]]) -> Sequence[int]:
    if not hasattr(model, "id"):
        db.session.execute(insert(model), rows)
        return ()
    return db.session.scalars(
        insert(model).returning(model.id, sort_by_parameter_order=True), rows
    ).all()


def _first_step(order_id: int, buyer_id: int, now: datetime) -> dict[str, Any]:
    return {
        "order_id": order_id,
        "from_status": None,
        "to_status": OrderStatus.PENDING_PAYMENT,
        "actor_id": buyer_id,
        "actor_role": "buyer",
        "reason": None,
        "at": now,
    }
