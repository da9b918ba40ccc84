"""What must hold at any time, as queries that find no row; ``flask audit`` runs them all.

The numbers are those of the project's list of invariants: stock I1 to I6, orders and payments I7
to I14, books I15 to I21, inbox I25, parcels I26, tenancy I27, keys I28, states I31, orphans I32.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import text

from shop.db import db
from shop.domain.aftersales.states import CLAIM_LIFE
from shop.domain.catalog.states import PRODUCT_LIFE
from shop.domain.live.states import SESSION_LIFE
from shop.domain.orders.states import ORDER_LIFE, PAID_STATES
from shop.kernel.lifecycle import Lifecycle

SLOW = timedelta(seconds=60)
"""How long workers may take to settle what is due (Q)."""


@dataclass(frozen=True, kw_only=True)
class Violation:
    """One invariant that does not hold, with the rows that break it."""

    name: str
    statement: str
    rows: tuple[Mapping[str, Any], ...]


def _listed(words: Any) -> str:
    return ", ".join(f"'{word}'" for word in sorted(words))


PAID = _listed(PAID_STATES)

QUERIES: Mapping[str, tuple[str, str]] = {
    "I1": (
        "no negative stock, and promises stay within on hand",
        "SELECT sku, on_hand, held, allotted FROM stock WHERE on_hand < 0 OR held < 0 "
        "OR allotted < 0 OR held + allotted > on_hand",
    ),
    "I1-live": (
        "a live item promises and sells within its allotment",
        "SELECT id, held, sold, allotment FROM live_item WHERE held < 0 OR sold < 0 "
        "OR (allotment IS NOT NULL AND held + sold > allotment)",
    ),
    "I2": (
        "on hand equals the sum of its moves",
        "SELECT s.sku, s.on_hand FROM stock s WHERE s.on_hand <> "
        "(SELECT coalesce(sum(m.on_hand_delta), 0) FROM stock_move m WHERE m.sku = s.sku)",
    ),
    "I2-allotted": (
        "allotted equals the sum of its moves",
        "SELECT s.sku, s.allotted FROM stock s WHERE s.allotted <> "
        "(SELECT coalesce(sum(m.allotted_delta), 0) FROM stock_move m WHERE m.sku = s.sku)",
    ),
    "I2-lots": (
        "a SKU's lots add up to its on hand",
        "SELECT s.sku, s.on_hand FROM stock s WHERE s.on_hand <> "
        "(SELECT coalesce(sum(l.on_hand), 0) FROM lot l WHERE l.sku = s.sku)",
    ),
    "I2-lot": (
        "a lot's on hand equals the sum of its moves",
        "SELECT l.code, l.on_hand FROM lot l WHERE l.on_hand <> "
        "(SELECT coalesce(sum(m.on_hand_delta), 0) FROM stock_move m WHERE m.lot_id = l.id)",
    ),
    "I3": (
        "the shelf's held equals its open holds and the sum of its moves",
        "SELECT s.sku, s.held FROM stock s WHERE s.held <> "
        "(SELECT coalesce(sum(h.quantity), 0) FROM stock_hold h "
        "WHERE h.sku = s.sku AND h.state = 'held' AND h.live_item_id IS NULL) OR s.held <> "
        "(SELECT coalesce(sum(m.held_delta), 0) FROM stock_move m "
        "WHERE m.sku = s.sku AND m.live_item_id IS NULL)",
    ),
    "I3-live": (
        "a live item's held equals its open holds",
        "SELECT i.id, i.held FROM live_item i WHERE i.held <> "
        "(SELECT coalesce(sum(h.quantity), 0) FROM stock_hold h "
        "WHERE h.live_item_id = i.id AND h.state = 'held')",
    ),
    "I4": (
        "a hold is consumed or released at most once",
        "SELECT hold_id, count(*) AS times FROM stock_move WHERE kind IN ('consume', 'release') "
        "AND hold_id IS NOT NULL GROUP BY hold_id HAVING count(*) > 1",
    ),
    "I5": (
        "no buyer has more of a live item than one buyer may",
        "SELECT q.live_item_id, q.buyer_id, q.taken FROM buyer_quota q "
        "JOIN live_item i ON i.id = q.live_item_id "
        "WHERE i.per_buyer_max IS NOT NULL AND q.taken > i.per_buyer_max",
    ),
    "I6": (
        "no hold outlives its time",
        "SELECT id, sku, expires_at FROM stock_hold WHERE state = 'held' AND expires_at < :slow",
    ),
    "I7": (
        "an order's goods are the sum of its lines, its freight of its parts",
        "SELECT o.number FROM orders o WHERE o.goods_fen <> "
        "(SELECT coalesce(sum(l.total_fen), 0) FROM order_line l WHERE l.order_id = o.id) "
        "OR o.freight_fen <> "
        "(SELECT coalesce(sum(p.freight_fen), 0) FROM order_part p WHERE p.order_id = o.id)",
    ),
    "I8": (
        "no order is paid twice",
        "SELECT order_id, count(*) AS times FROM payment WHERE status = 'captured' "
        "GROUP BY order_id HAVING count(*) > 1",
    ),
    "I9": (
        "a provider's id is used once",
        "SELECT gateway, provider_id FROM payment WHERE provider_id IS NOT NULL "
        "GROUP BY gateway, provider_id HAVING count(*) > 1",
    ),
    "I10": (
        "what was captured is what the order costs",
        "SELECT p.id FROM payment p JOIN orders o ON o.id = p.order_id "
        "WHERE p.status = 'captured' AND (p.amount_fen <> o.total_fen OR p.currency <> o.currency)",
    ),
    "I11": (
        "a paid order has a captured payment",
        f"SELECT o.number, o.status FROM orders o WHERE o.status IN ({PAID}) AND NOT EXISTS "
        "(SELECT 1 FROM payment p WHERE p.order_id = o.id "
        "AND p.status IN ('captured', 'refund_due', 'refunded'))",
    ),
    "I12": (
        "refunds stay within what was captured, and are counted right",
        "SELECT p.id, p.refunded_fen FROM payment p WHERE p.refunded_fen > p.amount_fen "
        "OR p.refunded_fen <> (SELECT coalesce(sum(r.amount_fen), 0) FROM refund r "
        "WHERE r.payment_id = p.id AND r.status <> 'failed')",
    ),
    "I14": (
        "money for dead orders goes back",
        "SELECT p.id, o.number FROM payment p JOIN orders o ON o.id = p.order_id "
        "WHERE (p.status = 'surplus' OR (p.status = 'captured' AND o.status = 'cancelled')) "
        "AND p.amount_fen > p.refunded_fen",
    ),
    "I15": (
        "every posting balances",
        "SELECT tx_id, sum(amount_fen) AS off_by FROM ledger_entry GROUP BY tx_id "
        "HAVING sum(amount_fen) <> 0",
    ),
    "I15-header": (
        "every leg has its header",
        "SELECT e.id FROM ledger_entry e LEFT JOIN ledger_tx t ON t.id = e.tx_id "
        "WHERE t.id IS NULL",
    ),
    "I17": (
        "the whole book sums to zero",
        "SELECT sum(amount_fen) AS off_by FROM ledger_entry HAVING sum(amount_fen) <> 0",
    ),
    "I18": (
        "the shares of a completed order are what was paid less what went back",
        "SELECT o.number FROM orders o JOIN ledger_tx t ON t.order_id = o.id "
        "AND t.kind = 'completion' WHERE "
        "(SELECT -sum(e.amount_fen) FROM ledger_entry e WHERE e.order_id = o.id "
        "AND e.party_kind <> 'clearing') <> o.total_fen - "
        "(SELECT coalesce(sum(r.amount_fen), 0) FROM refund r JOIN payment p "
        "ON p.id = r.payment_id WHERE r.order_id = o.id AND r.cause NOT IN "
        "('late_payment', 'double_payment', 'no_stock') AND ((r.after_completion AND "
        "r.status = 'succeeded') OR (NOT r.after_completion AND r.status <> 'failed')))",
    ),
    "I21": (
        "a completed order is posted once, and nothing else is",
        "SELECT o.number, o.status FROM orders o LEFT JOIN ledger_tx t ON t.order_id = o.id "
        "AND t.kind = 'completion' WHERE (o.completed_at IS NULL AND t.id IS NOT NULL) "
        "OR (o.completed_at IS NOT NULL AND t.id IS NULL AND o.total_fen > "
        "(SELECT coalesce(sum(r.amount_fen), 0) FROM refund r WHERE r.order_id = o.id))",
    ),
    "I24": (
        "nothing that must leave waits long past its time",
        "SELECT id, kind, attempts FROM outbox_message WHERE status = 'waiting' "
        "AND attempts = 0 AND due_at < :slow",
    ),
    "I25": (
        "an event is heard once",
        "SELECT source, event_id FROM inbox_event GROUP BY source, event_id HAVING count(*) > 1",
    ),
    "I26": (
        "parcels and refunds never exceed what was bought",
        "SELECT id, sku FROM order_line WHERE shipped + cancelled > quantity "
        "OR refunded > quantity OR refunded_fen > total_fen",
    ),
    "I26-parcels": (
        "a line's shipped units are those in its parcels",
        "SELECT l.id, l.shipped FROM order_line l WHERE l.shipped <> "
        "(SELECT coalesce(sum(s.quantity), 0) FROM shipment_line s WHERE s.order_line_id = l.id)",
    ),
    "I26-lots": (
        "a paid line's lots are its quantity",
        f"SELECT l.id, l.sku FROM order_line l JOIN orders o ON o.id = l.order_id "
        f"WHERE o.status IN ({PAID}) AND l.quantity <> "
        "(SELECT coalesce(sum(s.quantity), 0) FROM lot_sale s WHERE s.order_line_id = l.id)",
    ),
    "I27": (
        "no row mixes cooperatives",
        "SELECT l.id, l.sku FROM order_line l JOIN product p ON p.id = l.product_id "
        "WHERE l.cooperative_id <> p.cooperative_id UNION ALL "
        "SELECT l.id, l.sku FROM lot l JOIN variant v ON v.sku = l.sku "
        "JOIN product p ON p.id = v.product_id WHERE l.cooperative_id <> p.cooperative_id "
        "UNION ALL SELECT s.shipment_id, s.sku FROM shipment_line s "
        "JOIN shipment h ON h.id = s.shipment_id JOIN order_line l ON l.id = s.order_line_id "
        "WHERE h.cooperative_id <> l.cooperative_id OR h.order_id <> l.order_id",
    ),
    "I28": (
        "a key has one answer",
        "SELECT actor, route, key FROM kept_answer GROUP BY actor, route, key HAVING count(*) > 1",
    ),
    "I32": (
        "every live event stands in an unbroken row",
        "SELECT s.id, s.seq FROM live_session s WHERE s.seq <> "
        "(SELECT count(*) FROM live_event e WHERE e.session_id = s.id)",
    ),
}

HISTORIES: Mapping[str, Lifecycle[Any]] = {
    "order_history": ORDER_LIFE,
    "product_history": PRODUCT_LIFE,
    "live_history": SESSION_LIFE,
    "claim_history": CLAIM_LIFE,
}


def violations(now: datetime) -> list[Violation]:
    """Run every invariant; an empty list is the only good answer."""
    slow = (now - SLOW).replace(tzinfo=None if _on_sqlite() else now.tzinfo)
    found = []
    for name, (statement, query) in QUERIES.items():
        bound = {"slow": slow} if ":slow" in query else {}
        rows = db.session.execute(text(query), bound).mappings().all()
        if rows:
            found.append(Violation(name=name, statement=statement, rows=tuple(map(dict, rows))))
    found += [v for table, life in HISTORIES.items() if (v := _illegal_steps(table, life))]
    if _on_sqlite() and (
        rows := db.session.execute(text("PRAGMA foreign_key_check")).mappings().all()
    ):
        found.append(
            Violation(name="I32-keys", statement="no orphans", rows=tuple(map(dict, rows)))
        )
    return found


def _on_sqlite() -> bool:
    return db.session.get_bind().dialect.name == "sqlite"


def _illegal_steps(table: str, life: Lifecycle[Any]) -> Violation | None:
    """I31: a history step that is not in the transition table (notes keep the state)."""
    rows = (
        db.session.execute(
            text(
                f"SELECT from_status, to_status, count(*) AS times FROM {table} "
                "WHERE from_status IS NOT NULL AND from_status <> to_status "
                "GROUP BY from_status, to_status"
            )
        )
        .mappings()
        .all()
    )
    states = {str(state): state for state in life.table}
    wrong = [
        dict(row)
        for row in rows
        if row["from_status"] not in states
        or row["to_status"] not in states
        or not life.allows(states[row["from_status"]], states[row["to_status"]])
    ]
    if not wrong:
        return None
    return Violation(name=f"I31-{table}", statement="every step is in the table", rows=tuple(wrong))
