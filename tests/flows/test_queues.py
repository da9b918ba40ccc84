"""Queues on SQLite: what waits is found by an index of what waits, as on PostgreSQL."""

from collections.abc import Callable
from datetime import date

import pytest
import sqlalchemy as sa
from flask import Flask

from shop.db import db
from shop.domain.inventory import queries as shelf
from shop.domain.logistics import queries as parcels
from shop.domain.orders import forgetting
from shop.domain.orders import queries as orders
from shop.domain.outbox import inbox
from shop.domain.outbox import queries as outbox
from shop.domain.payments import queries as payments
from shop.reads import inventory
from tests.conftest import NOON

QUEUES: dict[str, Callable[[], object]] = {
    "ix_inbox_event_open": lambda: inbox.unapplied("sandbox", now=NOON),
    "ix_intake_left": lambda: inventory.open_intakes([1]),
    "ix_lot_past_best": lambda: shelf.skus_past_best(date(2026, 3, 2)),
    "ix_orders_status_id": lambda: (orders.delivered_before(NOON), orders.unpaid_past(NOON)),
    "ix_orders_street_held": lambda: forgetting.forget_streets(held_since=NOON),
    "ix_outbox_message_dead": outbox.counts,
    "ix_outbox_message_waiting": lambda: outbox.anything_due(now=NOON),
    "ix_payment_open": lambda: payments.unsettled(NOON),
    "ix_refund_open": lambda: payments.unsettled_refunds(NOON),
    "ix_shipment_under_way": lambda: parcels.left_at_station(NOON),
    "ix_stock_hold_held": lambda: shelf.earliest_expiry("X", None),
}


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("index", QUEUES)
def test_a_queue_is_read_by_its_own_index(ctx: Flask, index: str) -> None:
    sent: list[tuple[str, object]] = []

    def note(_c: object, _cursor: object, statement: str, given: object, *_more: object) -> None:
        sent.append((statement, given))

    sa.event.listen(db.engine, "before_cursor_execute", note)
    QUEUES[index]()
    sa.event.remove(db.engine, "before_cursor_execute", note)
    db.session.rollback()
    with db.engine.connect() as line:
        plans = [
            str(line.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", given).all())  # type: ignore[arg-type]
            for statement, given in sent
        ]
    assert any(f"INDEX {index}" in plan for plan in plans), plans
