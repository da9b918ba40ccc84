"""Rules of money that the database itself cannot keep are seen by the audit when they break."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskCliRunner

from shop.db import db
from tests.structure.rows import AT, Rows


def late_order(rows: Rows) -> None:
    """I13: paid, promised for a fortnight ago, and still here."""
    order = rows("orders", status="paid", paid_at=AT, ship_by=AT)
    line = rows("order_line", order_id=order["id"])
    rows(
        "order_part",
        order_id=order["id"],
        cooperative_id=line["cooperative_id"],
        ship_by=AT - timedelta(days=14),
    )


def dead_order(rows: Rows) -> None:
    """I14: cancelled, its refund failed, and nobody sent it again."""
    order = rows("orders", status="cancelled")
    payment = rows("payment", order_id=order["id"], status="refund_due")
    rows("refund", payment_id=payment["id"], order_id=order["id"], status="failed")


def surplus_kept(rows: Rows) -> None:
    """I14: paid a second time, and only a part of it goes back."""
    payment = rows("payment", status="refund_due")
    rows("payment_history", payment_id=payment["id"], to_status="surplus")
    rows("refund", payment_id=payment["id"], order_id=payment["order_id"], amount_fen=5)


def called_refunded(rows: Rows) -> None:
    """I14-refunded: the refund is only on its way."""
    order = rows("orders", status="refunded")
    payment = rows("payment", order_id=order["id"], status="refund_due")
    rows("refund", payment_id=payment["id"], order_id=order["id"], amount_fen=1200)


def crossed_orders(rows: Rows) -> None:
    """I16: a posting that balances takes from one order what it gives another."""
    orders = [rows("orders")["id"] for _ in range(2)]
    for order_id, amount in zip(orders, (100, -100), strict=True):
        rows("ledger_entry", tx_id="cross", order_id=order_id, amount_fen=amount)
    rows("ledger_tx", id="cross", order_id=orders[0])


def income_of_nothing(rows: Rows) -> None:
    """I16-clearing: a refunded order still has income."""
    order = rows("orders", status="refunded")["id"]
    for kind, amount in (("clearing", 100), ("platform", -100)):
        rows("ledger_entry", tx_id="c", order_id=order, party_kind=kind, amount_fen=amount)
    rows("ledger_tx", id="c", order_id=order)


class Books:
    """Postings of one refund, all legs of one cooperative."""

    def __init__(self, rows: Rows) -> None:
        self.rows = rows
        self.refund = rows("refund")
        tables = ("village", "cooperative", "split_rule")
        self.own = {f"{table}_id": rows(table)["id"] for table in tables}

    def post(self, cause: str, *legs: tuple[str, int]) -> None:
        order_id, key = self.refund["order_id"], cause.format(self.refund["id"])
        for kind, amount in legs:
            self.rows(
                "ledger_entry",
                tx_id=key,
                order_id=order_id,
                party_kind=kind,
                amount_fen=amount,
                **self.own,
            )
        self.rows(
            "ledger_tx",
            id=key,
            cause_key=key,
            order_id=order_id,
            refund_id=self.refund["id"],
            kind="refund",
        )


def taken_back_twice(rows: Rows) -> None:
    """I19: under another key the same refund's posting is taken back once more."""
    books = Books(rows)
    books.post("refund:{}", ("clearing", -100), ("platform", 100))
    for key in ("refund-failed:{}", "refund-failed:{}b"):
        books.post(key, ("clearing", 100), ("platform", -100))


def taken_back_from_another(rows: Rows) -> None:
    """I19-mirror: what the platform gave is given back to the host."""
    books = Books(rows)
    books.post("refund:{}", ("clearing", -100), ("platform", 100))
    books.post("refund-failed:{}", ("clearing", 100), ("host", -100))


BREAKS: list[tuple[str, int, Callable[[Rows], None]]] = [
    ("I13", 1, late_order),
    ("I14", 1, dead_order),
    ("I14", 1, surplus_kept),
    ("I14-refunded", 1, called_refunded),
    ("I16", 2, crossed_orders),
    ("I16-clearing", 1, income_of_nothing),
    ("I19", 1, taken_back_twice),
    ("I19-mirror", 2, taken_back_from_another),
]
"""With how many rows each shows."""


def found(run: FlaskCliRunner) -> dict[str, int]:
    """Rows of each broken rule, as the command prints them."""
    done = run.invoke(args=["audit"])
    said = re.findall(r"^(I[0-9a-z-]+): .*: broken by (\d+) row", done.output, re.MULTILINE)
    assert done.exit_code == (1 if said else 0)
    return {name: int(rows) for name, rows in said}


def test_each_broken_rule_of_money_is_printed_with_its_rows_and_ends_with_1(house: Flask) -> None:
    run, rows = house.test_cli_runner(), None
    before = found(run)
    assert before == {}
    for name, broken_rows, spoil in BREAKS:
        with house.app_context(), db.engine.begin() as line:
            rows = rows or Rows(line)
            rows.connection = line
            spoil(rows)
        after = found(run)
        assert after.get(name, 0) == before.get(name, 0) + broken_rows, spoil
        before = after


@pytest.mark.settings(ship_grace_days=20)
def test_how_long_an_order_may_wait_is_a_setting(house: Flask) -> None:
    with house.app_context(), db.engine.begin() as line:
        late_order(Rows(line))
    assert "I13" not in found(house.test_cli_runner())
