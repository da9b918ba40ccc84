"""What the database itself refuses, tried by plain SQL past every line of our code."""

from collections.abc import Callable, Iterator

import pytest
import sqlalchemy as sa
from flask import Flask

from shop.db import WRITE, Base, db
from shop.models import known
from tests.structure.rows import AT, Rows, refused

known()
APPEND_ONLY = sorted(
    table.name for table in Base.metadata.sorted_tables if table.info.get("append_only")
)


@pytest.fixture
def line(ctx: Flask) -> Iterator[sa.Connection]:
    """A connection that writes."""
    with db.engine.connect().execution_options(**{WRITE: True}) as connection:
        yield connection


@pytest.fixture
def rows(line: sa.Connection) -> Rows:
    return Rows(line)


def on_sqlite(connection: sa.Connection) -> bool:
    return connection.dialect.name == "sqlite"


def committed(connection: sa.Connection, write: Callable[[], object]) -> None:
    """Write and commit: PostgreSQL speaks at once of some rules, at the commit of others."""
    write()
    connection.commit()


def a_row(rows: Rows, table: str) -> None:
    if table in {"ledger_tx", "ledger_entry"}:
        rows.balanced()
    elif table == "packing_input":
        rows(table, intake_id=rows("intake")["id"])
    else:
        rows(table)
    rows.connection.commit()


def test_the_truth_only_grows(line: sa.Connection, rows: Rows) -> None:
    for table in APPEND_ONLY:
        a_row(rows, table)
        before = line.execute(sa.text(f"SELECT count(*) FROM {table}")).scalar_one()
        line.rollback()
        column = list(Base.metadata.tables[table].columns)[-1].name
        said = f"append-only: {table}"
        assert said in refused(line, f"UPDATE {table} SET {column} = {column}")
        assert said in refused(line, f"DELETE FROM {table}")
        if on_sqlite(line):
            assert refused(line, f"REPLACE INTO {table} SELECT * FROM {table}")
        else:
            assert "append-only" in refused(line, f"TRUNCATE {table} CASCADE")
        assert line.execute(sa.text(f"SELECT count(*) FROM {table}")).scalar_one() == before
        line.rollback()


def test_every_history_and_ledger_is_append_only() -> None:
    wanted = {
        table.name
        for table in Base.metadata.sorted_tables
        if table.name.endswith(("_history", "_move", "_event", "_entry", "_tx"))
    }
    assert wanted - set(APPEND_ONLY) == {"inbox_event"}


def test_stock_is_never_negative_and_never_promised_twice(line: sa.Connection, rows: Rows) -> None:
    """I1."""
    sku = rows("stock", on_hand=5, held=2, allotted=1)["sku"]
    line.commit()
    for change in ("on_hand = -1", "held = -1", "allotted = -1", "held = 5", "on_hand = 2"):
        said = refused(line, f"UPDATE stock SET {change} WHERE sku = :sku", sku=sku)
        assert "ck_stock" in said


def test_a_lot_never_holds_less_than_nothing_or_more_than_it_had(
    line: sa.Connection, rows: Rows
) -> None:
    lot = rows("lot", quantity=5, on_hand=5)["id"]
    line.commit()
    for left in (-1, 6):
        said = refused(line, "UPDATE lot SET on_hand = :left WHERE id = :id", left=left, id=lot)
        assert "ck_lot_on_hand" in said


def test_a_live_item_sells_no_more_than_its_allotment(line: sa.Connection, rows: Rows) -> None:
    item = rows("live_item", allotment=3, held=1, sold=1)["id"]
    line.commit()
    for change in ("sold = 3", "held = 3", "held = -1", "allotment = 1"):
        assert "ck_live_item" in refused(
            line, f"UPDATE live_item SET {change} WHERE id = :id", id=item
        )


def test_a_hold_is_closed_once(line: sa.Connection, rows: Rows) -> None:
    """I4."""
    hold = rows("stock_hold")["id"]
    rows("stock_move", kind="consume", hold_id=hold)
    line.commit()
    with pytest.raises(sa.exc.IntegrityError):
        rows("stock_move", kind="release", hold_id=hold)


def test_no_order_is_captured_twice(line: sa.Connection, rows: Rows) -> None:
    """I8."""
    order = rows("orders")["id"]
    rows("payment", order_id=order, status="captured")
    second = rows("payment", order_id=order, status="processing")["id"]
    line.commit()
    refused(line, "UPDATE payment SET status = 'captured' WHERE id = :id", id=second)
    line.execute(sa.text("UPDATE payment SET status = 'surplus' WHERE id = :id"), {"id": second})
    line.commit()


def test_a_provider_names_a_payment_once(line: sa.Connection, rows: Rows) -> None:
    """I9."""
    rows("payment", gateway="sandbox", provider_id="p1", status="created")
    rows("refund", provider_id="r1")
    line.commit()
    with pytest.raises(sa.exc.IntegrityError):
        rows("payment", gateway="sandbox", provider_id="p1", status="created")
    line.rollback()
    with pytest.raises(sa.exc.IntegrityError):
        rows("refund", provider_id="r1")


def test_refunds_never_exceed_what_was_captured(line: sa.Connection, rows: Rows) -> None:
    """I12."""
    payment = rows("payment", amount_fen=1000)
    owner = {"payment_id": payment["id"], "order_id": payment["order_id"]}
    first = rows("refund", amount_fen=700, **owner)["id"]
    line.commit()
    with pytest.raises(sa.exc.IntegrityError, match="refunds_within_captured"):
        rows("refund", amount_fen=301, **owner)
    line.rollback()
    line.execute(sa.text("UPDATE refund SET status = 'failed' WHERE id = :id"), {"id": first})
    rows("refund", amount_fen=1000, **owner)
    line.commit()
    refused(line, "UPDATE refund SET status = 'due' WHERE id = :id", id=first)


def test_a_refund_keeps_its_amount(line: sa.Connection, rows: Rows) -> None:
    refund = rows("refund", amount_fen=100)["id"]
    line.commit()
    said = refused(line, "UPDATE refund SET amount_fen = 1 WHERE id = :id", id=refund)
    assert "keeps its amount" in said


def test_a_ledger_transaction_balances(line: sa.Connection, rows: Rows) -> None:
    """I15."""
    order = rows("orders")["id"]
    line.commit()
    rows("ledger_entry", tx_id="lame", order_id=order, amount_fen=100)
    rows("ledger_entry", tx_id="lame", order_id=order, amount_fen=-99)
    with pytest.raises(sa.exc.DBAPIError, match="unbalanced"):
        committed(line, lambda: rows("ledger_tx", id="lame", order_id=order))


def test_a_ledger_transaction_has_legs(line: sa.Connection, rows: Rows) -> None:
    with pytest.raises(sa.exc.DBAPIError, match="unbalanced"):
        committed(line, lambda: rows("ledger_tx", id="bare"))


def test_no_leg_stands_without_its_header(line: sa.Connection, rows: Rows) -> None:
    rows("ledger_entry", tx_id="stray", amount_fen=1)
    rows("ledger_entry", tx_id="stray", amount_fen=-1)
    with pytest.raises(sa.exc.DBAPIError):
        line.commit()


def test_no_leg_comes_after_the_header(line: sa.Connection, rows: Rows) -> None:
    header = rows.balanced()
    line.commit()
    leg = {"tx_id": header["id"], "order_id": header["order_id"], "amount_fen": 7}
    with pytest.raises(sa.exc.DBAPIError):
        committed(line, lambda: rows("ledger_entry", **leg))


def test_a_cause_is_posted_once(line: sa.Connection, rows: Rows) -> None:
    """I19 and I21: a completion and a reversal are causes."""
    cause = rows.balanced()["cause_key"]
    line.commit()
    with pytest.raises(sa.exc.IntegrityError):
        rows.balanced(cause_key=cause)


def test_a_provider_s_event_is_kept_once(line: sa.Connection, rows: Rows) -> None:
    """I25."""
    rows("inbox_event", source="stripe", event_id="evt_1")
    rows("inbox_event", source="sandbox", event_id="evt_1")
    line.commit()
    with pytest.raises(sa.exc.IntegrityError):
        rows("inbox_event", source="stripe", event_id="evt_1")


def test_a_key_has_one_answer(line: sa.Connection, rows: Rows) -> None:
    """I28."""
    mine = {"actor": "user:1", "route": "POST /orders", "key": "k"}
    rows("kept_answer", **mine)
    rows("kept_answer", **(mine | {"actor": "user:2"}))
    line.commit()
    with pytest.raises(sa.exc.IntegrityError):
        rows("kept_answer", **mine)


def test_units_shipped_or_refunded_never_exceed_those_bought(
    line: sa.Connection, rows: Rows
) -> None:
    """I26."""
    bought = rows("order_line", quantity=2, unit_price_fen=500, total_fen=1000)["id"]
    line.commit()
    for change in ("shipped = 3", "cancelled = 3", "refunded = 3", "refunded_fen = 1001"):
        assert "ck_order_line" in refused(
            line, f"UPDATE order_line SET {change} WHERE id = :id", id=bought
        )


@pytest.mark.parametrize("table", ["orders", "payment", "ledger_entry"])
def test_there_is_one_currency(line: sa.Connection, rows: Rows, table: str) -> None:
    with pytest.raises(sa.exc.IntegrityError):
        rows(table, currency="USD")


def test_an_order_s_total_is_its_parts(line: sa.Connection, rows: Rows) -> None:
    with pytest.raises(sa.exc.IntegrityError, match="ck_orders_total"):
        rows("orders", goods_fen=1000, freight_fen=200, total_fen=1199)


def test_there_is_one_open_pin_in_a_room(line: sa.Connection, rows: Rows) -> None:
    pin = rows("live_pin")
    line.commit()
    with pytest.raises(sa.exc.IntegrityError):
        rows("live_pin", session_id=pin["session_id"], item_id=pin["item_id"])
    line.rollback()
    rows("live_pin", session_id=pin["session_id"], item_id=pin["item_id"], unpinned_at=AT)
    line.commit()


def test_a_word_that_no_enum_knows_is_refused(line: sa.Connection, rows: Rows) -> None:
    order = rows("orders")["id"]
    line.commit()
    assert "ck_orders_status_known" in refused(
        line, "UPDATE orders SET status = 'lost' WHERE id = :id", id=order
    )


def test_foreign_keys_are_kept(line: sa.Connection) -> None:
    refused(
        line,
        "INSERT INTO cart_item (user_id, sku, quantity, added_at) VALUES (1, 'x', 1, :at)",
        at="2026-03-02",
    )
