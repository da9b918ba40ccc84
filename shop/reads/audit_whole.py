"""Invariants that are no single query: boards (I30), lives (I31), tenants and the file (I32)."""

from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import select, text

from shop.db import db
from shop.domain.aftersales.states import CLAIM_LIFE
from shop.domain.catalog.states import PRODUCT_LIFE
from shop.domain.live.states import SESSION_LIFE
from shop.domain.orders.states import EVERY_STEP
from shop.domain.payments.states import PAYMENT_LIFE, REFUND_LIFE
from shop.domain.settlement.models import BoardSheet
from shop.kernel.lifecycle import Lifecycle
from shop.reads import board

Fault = tuple[str, str, tuple[Mapping[str, Any], ...]]
"""Number, what should hold, and the rows that break it."""

HISTORIES: Mapping[str, Lifecycle[Any]] = {
    "order_history WHERE": EVERY_STEP,
    "product_history WHERE": PRODUCT_LIFE,
    "live_history WHERE": SESSION_LIFE,
    "claim_history WHERE": CLAIM_LIFE,
    "payment_history WHERE refund_id IS NULL AND": PAYMENT_LIFE,
    "payment_history WHERE refund_id IS NOT NULL AND": REFUND_LIFE,
}
"""Where the steps of each life stand."""


def faults() -> Iterator[Fault]:
    """Whatever does not hold."""
    for steps, life in HISTORIES.items():
        if wrong := _illegal(steps, life):
            yield f"I31-{life.subject}", "every step is in the table", wrong
    yield from _boards()
    yield from _nobodys()
    if db.session.get_bind().dialect.name == "sqlite":
        yield from _file()


def _illegal(steps: str, life: Lifecycle[Any]) -> tuple[Mapping[str, Any], ...]:
    """Steps that are not in the transition table; notes keep the state."""
    rows = db.session.execute(
        text(
            f"SELECT from_status, to_status, count(*) AS times FROM {steps} "
            "from_status IS NOT NULL AND from_status <> to_status GROUP BY from_status, to_status"
        )
    ).mappings()
    states = {str(state): state for state in life.table}
    return tuple(
        dict(row)
        for row in rows.all()
        if not {row["from_status"], row["to_status"]} <= states.keys()
        or not life.allows(states[row["from_status"]], states[row["to_status"]])
    )


def _boards() -> Iterator[Fault]:
    """Whatever was published is what the ledger said up to its cut-off."""
    found = db.session.scalars(select(BoardSheet).where(BoardSheet.decided_at.is_not(None)))
    wrong = []
    for sheet in found.all():
        then = board.figures(sheet.village_id, sheet.period, until=sheet.last_entry_id)
        if board.compared(board.Figures(**sheet.figures)) != board.compared(then):
            wrong.append({"sheet": sheet.id, "village": sheet.village_id, "period": sheet.period})
    if wrong:
        yield "I30", "a published month is the ledger's of its cut-off", tuple(wrong)


def _nobodys() -> Iterator[Fault]:
    """Whatever belongs to a cooperative says to which."""
    for table in db.metadata.sorted_tables:
        column = table.columns.get("cooperative_id")
        if column is None or column.nullable:
            continue
        query = f"SELECT count(*) FROM {table.name} WHERE cooperative_id IS NULL"
        if times := db.session.scalar(text(query)):
            yield f"I32-{table.name}", "each row is some cooperative's", ({"times": times},)


def _file() -> Iterator[Fault]:
    """SQLite's own checks; PostgreSQL lets no orphan in."""
    for name, statement in (("foreign_key", "no orphans"), ("integrity", "the file is sound")):
        rows = db.session.execute(text(f"PRAGMA {name}_check")).mappings().all()
        wrong = tuple(dict(row) for row in rows if dict(row) != {"integrity_check": "ok"})
        if wrong:
            yield f"I32-{name}", statement, wrong
