"""Writing new orders down: several in a few statements, as they come together."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from shop.bulk import insert_rows
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
    written = insert_rows(Order, [new.order for new in orders], returning=("number", "id"))
    ids: dict[str, int] = dict(written)
    numbered = [(ids[new.order["number"]], new) for new in orders]
    insert_rows(OrderPart, [part | {"order_id": i} for i, new in numbered for part in new.parts])
    lines = insert_rows(
        OrderLine,
        [line | {"order_id": i} for i, new in numbered for line in new.lines],
        returning=("order_id", "line_no", "id"),
    )
    line_ids = {(order_id, line_no): line_id for order_id, line_no, line_id in lines}
    insert_rows(OrderHistory, [_first_step(i, new.order["buyer_id"], now) for i, new in numbered])
    return [
        Written(order_id=i, line_ids=[line_ids[i, line["line_no"]] for line in new.lines])
        for i, new in numbered
    ]


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
