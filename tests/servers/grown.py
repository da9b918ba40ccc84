"""A database as years would leave it: every row there is, copied many times as history.

A copy keeps its references: what grows with it points to its own copy, the rest to what is there.
Rows that wait for something end in the copies, so that queues stay short while tables grow. For
PostgreSQL only, past triggers and foreign keys.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import psycopg
import sqlalchemy as sa

from shop.columns import UtcDateTime
from shop.db import Base
from shop.models import known

GROUPS: Mapping[str, tuple[str, ...]] = {
    "users": ("access_token", "address", "agreement_acceptance", "sms_code"),
    "product": (
        "picture", "product_picture", "variant", "certificate", "product_revision",
        "product_history", "price_change", "strike_evidence", "product_term", "stock", "lot",
        "lot_contribution", "intake", "packing_run", "packing_input",
    ),
    "live_session": (
        "live_item", "live_pin", "live_event", "live_comment", "live_mute", "live_history",
        "live_checklist_tick", "buyer_quota",
    ),
    "orders": (
        "order_part", "order_line", "order_history", "stock_hold", "stock_move", "lot_sale",
        "payment", "payment_history", "refund", "refund_line", "shipment", "shipment_line",
        "shipment_event", "claim", "claim_line", "claim_history", "ledger_tx", "ledger_entry",
        "outbox_message", "inbox_event", "message", "kept_answer", "task", "task_history",
        "cart_item",
    ),
}  # fmt: skip
"""What grows together: the table that is counted, and those whose rows come with its rows."""

ENDED: dict[str, str] = {
    "claim.status": "'approved'",
    "inbox_event.status": "'applied'",
    "intake.left_grams": "CASE n % 50 WHEN 0 THEN t.left_grams ELSE 0 END",
    "ledger_tx.cause_key": "t.cause_key || ':' || n",
    "ledger_entry.period": "to_char({then}, 'YYYY-MM')",
    "ledger_tx.period": "to_char({then}, 'YYYY-MM')",
    "live_item.status": "'off'",
    "live_pin.unpinned_at": "coalesce(t.unpinned_at, t.pinned_at) - {ago}",
    "live_session.status": "'ended'",
    "lot.on_hand": "CASE n % 50 WHEN 0 THEN t.on_hand ELSE 0 END",
    "message.phone": "t.phone || n % 1000",
    "orders.status": "'completed'",
    "outbox_message.status": "'done'",
    "payment.status": "CASE t.status WHEN 'captured' THEN t.status ELSE 'failed' END",
    "product.status": "'on_sale'",
    "product_revision.status": "'approved'",
    "refund.status": "CASE t.status WHEN 'failed' THEN t.status ELSE 'succeeded' END",
    "shipment.delivered_at": "coalesce(t.delivered_at, t.status_at) - {ago}",
    "shipment.status": "'delivered'",
    "stock_hold.state": "CASE t.state WHEN 'held' THEN 'consumed' ELSE t.state END",
    "task.status": "'done'",
}
"""What a copy says where its original may still wait."""


@dataclass(frozen=True, kw_only=True)
class Growth:
    """How many rows the counted table of a group comes to, and how far apart in time they are.

    ``only`` says which rows of a table are copied, ``words`` what a column of a copy says: SQL of
    the row ``t`` and the number ``n`` of its copy.
    """

    rows: Mapping[str, int]
    minutes_apart: int = 1
    only: Mapping[str, str] = field(default_factory=dict)
    words: Mapping[str, str] = field(default_factory=dict)


class _Copier:
    """Writes the statements; ``step`` lies between the ids of one row's copies."""

    def __init__(self, line: "psycopg.Connection[Any]", growth: Growth) -> None:
        known()
        self.line, self.growth = line, growth
        self.tables = Base.metadata.tables
        self.group = {name: head for head, names in GROUPS.items() for name in (head, *names)}
        self.step = 1 + max(self._one(f"SELECT max(id) FROM {name}") for name in self.with_ids())
        self.copies = {head: self._copies(head) for head in GROUPS}

    def with_ids(self) -> list[str]:
        return [name for name in self.group if "id" in self.tables[name].c and name != "ledger_tx"]

    def _one(self, query: str) -> int:
        row = self.line.execute(query).fetchone()  # type: ignore[call-overload]
        return int(row[0] or 0) if row else 0

    def _copies(self, head: str) -> int:
        there = self._one(f"SELECT count(*) FROM {head}")
        return -(-self.growth.rows.get(head, 0) // there) if there else 0

    def grow(self, name: str) -> None:
        """Copy every row of one table as often as its group asks."""
        table, count = self.tables[name], self.copies[self.group[name]]
        columns = [column.name for column in table.columns]
        values = ", ".join(self._value(column, count) for column in table.columns)
        which = self.growth.only.get(name, "true")
        self.line.execute(
            f"INSERT INTO {name} ({', '.join(columns)}) "  # type: ignore[arg-type]
            f"SELECT {values} FROM generate_series(1, {count}) n, {name} t WHERE {which} ORDER BY n"
        )

    def _value(self, column: "sa.Column[Any]", count: int) -> str:
        name, table = column.name, column.table.name
        ago = f"({count} + 1 - n) * interval '{self.growth.minutes_apart} minutes'"
        if (ended := (ENDED | dict(self.growth.words)).get(f"{table}.{name}")) is not None:
            return ended.format(ago=ago, then=f"(SELECT max(at) FROM order_history) - {ago}")
        if column.foreign_keys:
            target = next(iter(column.foreign_keys)).column
            return self._reference(name, target, table)
        if name == "id":
            return "md5(t.id || n)" if table == "ledger_tx" else f"t.id + n * {self.step}"
        if isinstance(column.type, sa.String) and _unique(column):
            if table == "variant":
                return "t.sku || '.' || n"
            return f"CASE WHEN t.{name} IS NOT NULL THEN 'x' || (t.id + n * {self.step}) END"
        if isinstance(column.type, UtcDateTime):
            return f"t.{name} - {ago}"
        return f"t.{name}"

    def _reference(self, name: str, target: "sa.Column[Any]", table: str) -> str:
        """To the copy of the same number, or to one copy after the other of another group."""
        there = self.group.get(target.table.name)
        if there is None or not self.copies[there]:
            return f"t.{name}"
        n = "n" if there == self.group[table] else f"(n % {self.copies[there] + 1})"
        if target.name == "sku":
            return f"CASE {n} WHEN 0 THEN t.{name} ELSE t.{name} || '.' || {n} END"
        if target.table.name == "ledger_tx":
            return f"md5(t.{name} || n)"
        return f"t.{name} + {n} * {self.step}"


def _unique(column: "sa.Column[Any]") -> bool:
    """Whether a text is part of what makes its row the only one of its kind."""
    table = column.table
    if "id" not in table.c:
        return False
    alone = [set(index.columns.keys()) for index in table.indexes if index.unique]
    alone += [
        set(constraint.columns.keys())
        for constraint in table.constraints
        if isinstance(constraint, sa.UniqueConstraint)
    ]
    return any(
        column.name in names and not any(table.c[other].foreign_keys for other in names)
        for names in alone
    ) and column.name not in {"source", "gateway", "actor", "route", "carrier"}


def grow(line: "psycopg.Connection[Any]", growth: Growth) -> None:
    """Fill the tables of a database whose every kind of row is there at least once."""
    line.execute("SET session_replication_role = replica")
    line.execute("SET synchronize_seqscans = off")
    copier = _Copier(line, growth)
    for name in copier.group:
        if copier.copies[copier.group[name]]:
            copier.grow(name)
    for name in copier.with_ids():
        line.execute(
            f"SELECT setval(pg_get_serial_sequence('{name}', 'id'), "  # type: ignore[arg-type]
            f"(SELECT coalesce(max(id), 1) FROM {name}))"
        )
    line.execute(f"ANALYZE {', '.join(copier.group)}")  # type: ignore[arg-type]
    line.execute("VACUUM product")
    line.execute("RESET session_replication_role")


def crowd(line: "psycopg.Connection[Any]", session_id: int, *, events: int) -> None:
    """Let a room have said much: as many comments, each with its event."""
    line.execute("SET session_replication_role = replica")
    line.execute(
        "INSERT INTO live_comment (session_id, user_id, name, text, at) "
        "SELECT s.id, s.host_id, '*', '*', s.created_at "
        "FROM generate_series(1, %s) n, live_session s WHERE s.id = %s",
        (events, session_id),
    )
    line.execute(
        "INSERT INTO live_event (session_id, seq, type, data, at) "
        "SELECT s.id, s.seq + n, 'notice', '{}', s.created_at "
        "FROM generate_series(1, %s) n, live_session s WHERE s.id = %s",
        (events, session_id),
    )
    line.execute("UPDATE live_session SET seq = seq + %s WHERE id = %s", (events, session_id))
    line.execute("ANALYZE live_comment, live_event, live_session")
    line.execute("RESET session_replication_role")
