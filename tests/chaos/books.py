"""The model: what was acknowledged, and whether the database has it, once."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from flask import Flask
from sqlalchemy import text

from shop.db import db
from tests.chaos.caller import Answer
from tests.invariants import broken

FOUND_BY = {
    "lot": "SELECT count(*) FROM lot WHERE label = :mark",
    "correction": "SELECT count(*) FROM stock_move WHERE kind = 'adjust' AND note = :mark",
    "shipment": "SELECT count(*) FROM shipment WHERE waybill_no = :mark",
    "refund": "SELECT count(*) FROM refund WHERE reason = :mark",
    "claim": "SELECT count(*) FROM claim WHERE note = :mark",
    "comment": "SELECT count(*) FROM live_comment WHERE text = :mark",
    "user": "SELECT count(*) FROM users WHERE name = :mark",
    "address": "SELECT count(*) FROM address WHERE street = :mark",
    "farmer": "SELECT count(*) FROM farmer WHERE name = :mark",
    "product": "SELECT count(*) FROM variant WHERE sku = :mark",
    "notice": "SELECT count(*) FROM live_event WHERE type = 'notice' "
    "AND CAST(data AS TEXT) LIKE '%\"' || :mark || '\"%'",
    "captured": "SELECT count(*) FROM payment p JOIN orders o ON o.id = p.order_id "
    "WHERE o.number = :mark AND p.captured_at IS NOT NULL",
}
"""How each kind of thing is found by its mark, which no other thing bears."""

MAY_BE = {"pending_payment": {"pending_payment", "cancelled"}}
"""A status that the clock alone may change."""


@dataclass
class OrderPage:
    """One order as its buyer knows it."""

    number: str
    total_fen: int
    sku: str
    quantity: int
    status: str
    in_doubt: set[str] = field(default_factory=set)
    seen: set[str] = field(default_factory=set)
    refunds: int = 0
    claimed: bool = False

    def became(self, status: str) -> None:
        """An answer said so."""
        self.status = status
        self.seen.add(status)
        self.in_doubt.clear()


class Books:
    """All pages; one actor writes a page, the supervisor reads them while nobody acts."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        self.orders: dict[str, OrderPage] = {}
        self.buyers: set[int] = set()
        self._marks: list[tuple[str, str, set[int]]] = []
        self._checked = 0

    def note(self, kind: str, mark: str, answer: Answer) -> bool:
        """A thing was asked for: it is there once, or not at all, or we cannot know."""
        counts = {1} if answer.done else {0, 1} if answer.doubt else {0}
        self._marks.append((kind, mark, counts))
        return answer.done

    def check(self, *, everything: bool = False) -> list[str]:
        """All that is not as it was acknowledged; only what is new, unless ``everything``."""
        with self.app.app_context():
            try:
                marks = self._marks if everything else self._marks[self._checked :]
                self._checked = len(self._marks)
                return [
                    *self._miscounted(marks),
                    *self._misplaced(),
                    *(f"{rule}: {rows}" for rule, rows in broken().items()),
                    *self._audit(),
                ]
            finally:
                db.session.remove()

    def _miscounted(self, marks: Iterable[tuple[str, str, set[int]]]) -> list[str]:
        found = []
        for kind, mark, counts in marks:
            there = db.session.execute(text(FOUND_BY[kind]), {"mark": mark}).scalar_one()
            if there not in counts:
                found.append(f"{kind} {mark}: {there} in the database, not {sorted(counts)}")
        return found

    def _misplaced(self) -> list[str]:
        """Orders lost, doubled, or in a status that nobody was told of."""
        rows = {row.number: row for row in self._ask(
            "SELECT number, status, total_fen FROM orders WHERE buyer_id IN :buyers"
        )}  # fmt: skip
        steps: dict[str, set[str]] = {}
        for row in self._ask(
            "SELECT o.number, h.to_status FROM order_history h JOIN orders o ON o.id = h.order_id "
            "WHERE o.buyer_id IN :buyers"
        ):
            steps.setdefault(row.number, set()).add(row.to_status)
        found = [f"order {number} was placed twice" for number in rows.keys() - self.orders.keys()]
        for number, page in self.orders.items():
            row = rows.get(number)
            allowed = MAY_BE.get(page.status, {page.status}) | page.in_doubt
            if row is None or row.total_fen != page.total_fen:
                found.append(f"order {number} was acknowledged and is {row}")
            elif row.status not in allowed or not page.seen <= steps[number]:
                found.append(f"order {page} is {row.status}, by way of {steps[number]}")
        return found

    def _ask(self, sql: str) -> list[Any]:
        if not self.buyers:
            return []
        listed = ", ".join(str(int(one)) for one in sorted(self.buyers))
        return list(db.session.execute(text(sql.replace(":buyers", f"({listed})"))))

    def _audit(self) -> list[str]:
        db.session.rollback()
        done = self.app.test_cli_runner().invoke(args=["audit"])
        return [] if done.exit_code == 0 else [f"flask audit: {done.output}{done.exception or ''}"]
