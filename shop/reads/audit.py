"""What must hold at any time, as queries that find no row; ``flask audit`` runs them all.

The numbers are those of the project's list of invariants: stock I1 to I6, orders, payments and
books I7 to I21 (in ``audit_money``), outbox I24, inbox I25, parcels I26, tenancy I27, keys I28,
states I31, orphans I32.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import text

from shop.db import db
from shop.domain.logistics.states import ShipmentStatus
from shop.kernel.actor import COOPERATIVE_ROLES, VILLAGE_ROLES
from shop.reads import audit_whole
from shop.reads.audit_money import MONEY, PAID, listed

SLOW = timedelta(seconds=60)
"""How long workers may take to settle what is due (Q)."""
SHIP_GRACE = timedelta(days=7)


@dataclass(frozen=True, kw_only=True)
class Violation:
    """One invariant that does not hold, with the rows that break it."""

    name: str
    statement: str
    rows: tuple[Mapping[str, Any], ...]


SETTLED = listed({ShipmentStatus.DELIVERED, ShipmentStatus.RETURNING, ShipmentStatus.RETURNED})

TAKEN = (
    "SELECT l.live_item_id, o.buyer_id, sum(l.quantity - l.cancelled) AS units "
    "FROM order_line l JOIN orders o ON o.id = l.order_id WHERE l.live_item_id IS NOT NULL "
    "AND (o.paid_at IS NOT NULL OR EXISTS (SELECT 1 FROM stock_hold h "
    "WHERE h.order_line_id = l.id AND h.state = 'held')) GROUP BY l.live_item_id, o.buyer_id"
)
"""What each buyer has of each live item, counted from the orders themselves."""

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
        f"SELECT t.live_item_id, t.buyer_id, t.units FROM ({TAKEN}) t "
        "JOIN live_item i ON i.id = t.live_item_id WHERE t.units > i.per_buyer_max",
    ),
    "I5-count": (
        "a buyer's count is what their paid and waiting orders took",
        "SELECT q.live_item_id, q.buyer_id, q.taken FROM buyer_quota q "
        f"LEFT JOIN ({TAKEN}) t ON t.live_item_id = q.live_item_id AND t.buyer_id = q.buyer_id "
        "WHERE q.taken <> coalesce(t.units, 0)",
    ),
    "I6": (
        "no hold outlives its time",
        "SELECT id, sku, expires_at FROM stock_hold WHERE state = 'held' AND expires_at < :slow",
    ),
    **MONEY,
    "I24": (
        "nothing that must leave waits long past its time",
        "SELECT id, kind, attempts, last_error FROM outbox_message WHERE status = 'waiting' "
        "AND (leased_until IS NULL OR leased_until < :slow) "
        "AND (due_at < :slow OR (attempts > 0 AND created_at < :slow))",
    ),
    "I24-dead": (
        "what was given up is shown to a person",
        "SELECT id, kind, last_error FROM outbox_message m WHERE status = 'dead' "
        "AND NOT EXISTS (SELECT 1 FROM task t WHERE t.ref = 'outbox:' || m.id)",
    ),
    "I24-inbox": (
        "what was heard is applied, or shown to a person",
        "SELECT id, source, type, status, reason FROM inbox_event e "
        "WHERE status IN ('received', 'parked', 'dead') AND received_at < :slow "
        "AND NOT EXISTS (SELECT 1 FROM task t WHERE t.ref = 'inbox:' || e.id "
        "OR t.dedupe_key = 'parked:' || e.source || ':' || e.type)",
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
        "a line's shipped units are those in its parcels, undone hand-overs left out",
        "SELECT l.id, l.shipped FROM order_line l WHERE l.shipped <> "
        "(SELECT coalesce(sum(s.quantity), 0) FROM shipment_line s WHERE s.order_line_id = l.id "
        "AND NOT EXISTS (SELECT 1 FROM shipment_event e WHERE e.shipment_id = s.shipment_id "
        "AND e.source = 'undo'))",
    ),
    "I26-lots": (
        "a paid line's lots are its quantity",
        f"SELECT l.id, l.sku FROM order_line l JOIN orders o ON o.id = l.order_id "
        f"WHERE o.status IN ({PAID}) AND l.quantity <> "
        "(SELECT coalesce(sum(s.quantity), 0) FROM lot_sale s WHERE s.order_line_id = l.id)",
    ),
    "I26-returned": (
        "units given back before they left are on their lots again",
        "SELECT l.id, l.sku, l.cancelled FROM order_line l JOIN orders o ON o.id = l.order_id "
        "WHERE o.paid_at IS NOT NULL AND l.cancelled <> "
        "(SELECT coalesce(sum(s.returned), 0) FROM lot_sale s WHERE s.order_line_id = l.id)",
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
    "I31-shipment": (
        "a parcel that arrived or came back is nowhere else any more",
        "SELECT s.id, s.status FROM shipment s JOIN shipment_event e ON e.shipment_id = s.id "
        f"WHERE (e.status IN ({SETTLED}) AND s.status NOT IN ({SETTLED})) "
        "OR (e.status = 'returned' AND s.status <> 'returned')",
    ),
    "I32": (
        "every live event stands in an unbroken row",
        "SELECT s.id, s.seq FROM live_session s WHERE s.seq <> "
        "(SELECT count(*) FROM live_event e WHERE e.session_id = s.id)",
    ),
    "I32-places": (
        "every seat names its place, and only that",
        f"SELECT id, user_id, role FROM role_grant WHERE place <> coalesce('c' || cooperative_id, "
        f"'v' || village_id, '') OR (role IN ({listed(COOPERATIVE_ROLES)})) <> "
        f"(cooperative_id IS NOT NULL) OR (role IN ({listed(VILLAGE_ROLES)})) <> "
        "(village_id IS NOT NULL)",
    ),
}


def violations(now: datetime, *, ship_grace: timedelta = SHIP_GRACE) -> list[Violation]:
    """Run every invariant; an empty list is the only good answer.

    ``ship_grace`` is how long after the promised day a paid order may still wait (I13).
    """
    zone = None if _on_sqlite() else now.tzinfo
    moments = {
        "slow": (now - SLOW).replace(tzinfo=zone),
        "promised": (now - ship_grace).replace(tzinfo=zone),
    }
    found = []
    for name, (statement, query) in QUERIES.items():
        bound = {key: at for key, at in moments.items() if f":{key}" in query}
        rows = db.session.execute(text(query), bound).mappings().all()
        if rows:
            found.append(Violation(name=name, statement=statement, rows=tuple(map(dict, rows))))
    found += [
        Violation(name=name, statement=statement, rows=rows)
        for name, statement, rows in audit_whole.faults()
    ]
    return found


def _on_sqlite() -> bool:
    return db.session.get_bind().dialect.name == "sqlite"
