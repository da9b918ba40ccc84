"""What ``flask audit`` sees: stuck work, buyers above their share, impossible steps and seats."""

from datetime import timedelta
from typing import Any

from flask import Flask
from sqlalchemy import text

from shop.db import db
from shop.reads import audit
from tests.conftest import NOON
from tests.structure.rows import Rows

OLD, SOON = NOON - timedelta(minutes=2), NOON + timedelta(minutes=20)


def names() -> set[str]:
    found = {broken.name for broken in audit.violations(NOON)}
    db.session.rollback()
    return found


def test_work_that_sticks_is_seen_however_often_it_was_tried(ctx: Flask) -> None:
    with db.engine.begin() as line:
        rows = Rows(line)
        rows("outbox_message", status="waiting", due_at=SOON, created_at=OLD)
        rows("outbox_message", status="waiting", due_at=OLD, leased_until=SOON, attempts=1)
        rows("outbox_message", status="waiting", due_at=NOON, created_at=NOON, attempts=1)
        shown = rows("outbox_message", status="dead", due_at=OLD)
        rows("task", ref=f"outbox:{shown['id']}")
        for status in ("applied", "quarantined", "ignored", "duplicate"):
            rows("inbox_event", status=status, received_at=OLD)
        waiting = rows("inbox_event", source="kuaidi100", type="shunfeng:SF1", status="parked")
        rows("task", dedupe_key="parked:kuaidi100:shunfeng:SF1", ref=f"inbox:{waiting['id']}")
        rows("inbox_event", source="kuaidi100", type="shunfeng:SF1", status="parked")
    assert not {name for name in names() if name.startswith("I24")}, "all of this is as it should"
    for name, table, values in (
        ("I24", "outbox_message", {"status": "waiting", "due_at": SOON, "created_at": OLD}),
        ("I24-dead", "outbox_message", {"status": "dead"}),
        ("I24-inbox", "inbox_event", {"status": "parked", "received_at": OLD}),
        ("I24-inbox", "inbox_event", {"status": "received", "received_at": OLD}),
    ):
        with db.engine.begin() as line:
            made = Rows(line, "later")(table, attempts=1, **values)
        assert name in names(), values
        with db.engine.begin() as line:
            line.execute(text(f"DELETE FROM {table} WHERE id = :id"), {"id": made["id"]})


def test_a_buyers_share_is_counted_from_the_orders_themselves(ctx: Flask) -> None:
    with db.engine.begin() as line:
        rows = Rows(line)
        item = rows("live_item", per_buyer_max=3)
        order = rows("orders", paid_at=NOON)
        for line_no in (1, 2):
            rows(
                "order_line",
                order_id=order["id"],
                live_item_id=item["id"],
                line_no=line_no,
                quantity=2,
                unit_price_fen=500,
                total_fen=1000,
            )
        quota = {"live_item_id": item["id"], "buyer_id": order["buyer_id"]}
        rows("buyer_quota", **quota, taken=3)
    assert {"I5", "I5-count"} <= names()
    with db.engine.begin() as line:
        line.execute(text("UPDATE order_line SET cancelled = 1 WHERE line_no = 2"))
    assert not {"I5", "I5-count"} & names()


def test_steps_of_money_and_parcels_that_no_table_has_are_seen(ctx: Flask) -> None:
    with db.engine.begin() as line:
        rows = Rows(line)
        payment = rows("payment", status="created")
        step: dict[str, Any] = {"payment_id": payment["id"]}
        rows("payment_history", **step, from_status="created", to_status="captured")
        refund = rows("refund", payment_id=payment["id"], amount_fen=1)
        step |= {"refund_id": refund["id"]}
        rows("payment_history", **step, from_status="due", to_status="succeeded")
    assert not {name for name in names() if name.startswith("I31")}
    with db.engine.begin() as line:
        rows = Rows(line, "later")
        rows(
            "payment_history", payment_id=payment["id"], from_status="refunded", to_status="failed"
        )
        rows("payment_history", **step, from_status="failed", to_status="due")
        parcel = rows("shipment", status="in_transit")
        rows("shipment_event", shipment_id=parcel["id"], status="delivered")
    assert {"I31-payment", "I31-refund", "I31-shipment"} <= names()


def test_a_seat_of_nowhere_and_a_broken_file_are_seen(ctx: Flask, database_url: str) -> None:
    with db.engine.begin() as line:
        rows = Rows(line)
        rows("role_grant", role="host", place="")
        home = rows("cooperative")["id"]
        rows("role_grant", role="keeper", cooperative_id=home, place=f"c{home}")
    assert not {name for name in names() if name.startswith("I32")}
    with db.engine.begin() as line:
        Rows(line, "later")("role_grant", role="manager", place="")
        if database_url.startswith("sqlite"):
            line.execute(text("PRAGMA ignore_check_constraints = ON"))
            line.execute(text("UPDATE village SET status = 'nowhere'"))
            line.execute(text("PRAGMA ignore_check_constraints = OFF"))
    wanted = {"I32-places"} | ({"I32-integrity"} if database_url.startswith("sqlite") else set())
    assert wanted <= names()
