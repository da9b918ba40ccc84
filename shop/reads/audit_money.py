"""What must hold of orders, payments and books, as queries that find no row (I7 to I21)."""

from collections.abc import Mapping
from typing import Any

from shop.domain.orders.states import PAID_STATES


def listed(words: Any) -> str:
    """The words of an SQL list."""
    return ", ".join(f"'{word}'" for word in sorted(words))


PAID = listed(PAID_STATES)

MONEY: Mapping[str, tuple[str, str]] = {
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
    "I13": (
        "what was paid is sent or given back within its time",
        f"SELECT o.number, p.cooperative_id, p.ship_by FROM orders o "
        f"JOIN order_part p ON p.order_id = o.id WHERE o.status IN ({PAID}) "
        "AND p.ship_by < :promised AND EXISTS (SELECT 1 FROM order_line l "
        "WHERE l.order_id = o.id AND l.cooperative_id = p.cooperative_id "
        "AND l.shipped + l.cancelled < l.quantity)",
    ),
    "I14": (
        "money for dead orders is on its way back",
        "SELECT p.id, o.number FROM payment p JOIN orders o ON o.id = p.order_id "
        "WHERE p.amount_fen > p.refunded_fen AND (p.status = 'surplus' "
        "OR (p.status IN ('captured', 'refund_due') AND o.status = 'cancelled') "
        "OR (p.status = 'refund_due' AND EXISTS (SELECT 1 FROM payment_history h "
        "WHERE h.payment_id = p.id AND h.refund_id IS NULL AND h.to_status = 'surplus')))",
    ),
    "I14-refunded": (
        "an order is refunded only while all its money is back",
        "SELECT o.number FROM orders o WHERE o.status = 'refunded' AND NOT EXISTS "
        "(SELECT 1 FROM payment p WHERE p.order_id = o.id AND p.amount_fen = "
        "(SELECT coalesce(sum(r.amount_fen), 0) FROM refund r WHERE r.payment_id = p.id "
        "AND r.status = 'succeeded'))",
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
    "I16": (
        "every order's books balance",
        "SELECT order_id, currency, sum(amount_fen) AS off_by FROM ledger_entry "
        "GROUP BY order_id, currency HAVING sum(amount_fen) <> 0",
    ),
    "I16-clearing": (
        "an order whose money went back leaves nothing in the books",
        "SELECT o.number, sum(e.amount_fen) AS left_fen FROM ledger_entry e "
        "JOIN orders o ON o.id = e.order_id WHERE e.party_kind = 'clearing' "
        "AND o.status IN ('cancelled', 'refunded') GROUP BY o.number "
        "HAVING sum(e.amount_fen) <> 0",
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
    "I19": (
        "a posting is taken back at most once",
        "SELECT refund_id, count(*) AS times FROM ledger_tx "
        "WHERE cause_key LIKE 'refund-failed:%' GROUP BY refund_id HAVING count(*) > 1",
    ),
    "I19-mirror": (
        "what is taken back is exactly what was posted",
        "SELECT back.refund_id, e.party_kind, e.party_id, sum(e.amount_fen) AS off_by "
        "FROM ledger_tx back JOIN ledger_tx t ON t.id = back.id "
        "OR t.cause_key = 'refund:' || substr(back.cause_key, 15) "
        "JOIN ledger_entry e ON e.tx_id = t.id WHERE back.cause_key LIKE 'refund-failed:%' "
        "GROUP BY back.refund_id, e.party_kind, e.party_id, e.order_line_id, e.lot_id, "
        "e.village_id HAVING sum(e.amount_fen) <> 0 OR sum(e.quantity) <> 0",
    ),
    "I21": (
        "a completed order is posted once, and nothing else is",
        "SELECT o.number, o.status FROM orders o LEFT JOIN ledger_tx t ON t.order_id = o.id "
        "AND t.kind = 'completion' WHERE (o.completed_at IS NULL AND t.id IS NOT NULL) "
        "OR (o.completed_at IS NOT NULL AND t.id IS NULL AND o.total_fen > "
        "(SELECT coalesce(sum(r.amount_fen), 0) FROM refund r WHERE r.order_id = o.id))",
    ),
}
