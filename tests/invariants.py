"""What must hold in the database at any moment (FAULTS section 3), asked in plain SQL.

Written apart from the shop's own audit, so that neither can hide the other's mistake.
"""

from sqlalchemy import text

from shop.db import db

RULES = {
    "I1 counters are never negative nor above what is on hand": """
        SELECT sku FROM stock WHERE on_hand < 0 OR held < 0 OR allotted < 0
        OR held + allotted > on_hand""",
    "I2 on hand is the sum of its moves": """
        SELECT sku FROM stock s WHERE on_hand <> (SELECT coalesce(sum(on_hand_delta), 0)
        FROM stock_move m WHERE m.sku = s.sku)""",
    "I2 on hand is the sum of its lots": """
        SELECT sku FROM stock s WHERE on_hand <> (SELECT coalesce(sum(on_hand), 0)
        FROM lot WHERE lot.sku = s.sku)""",
    "I2 a lot is the sum of its moves": """
        SELECT code FROM lot WHERE on_hand <> (SELECT coalesce(sum(on_hand_delta), 0)
        FROM stock_move m WHERE m.lot_id = lot.id)""",
    "I2 allotted is the sum of its moves": """
        SELECT sku FROM stock s WHERE allotted <> (SELECT coalesce(sum(allotted_delta), 0)
        FROM stock_move m WHERE m.sku = s.sku)""",
    "I3 held on the shelf is its open holds": """
        SELECT sku FROM stock s WHERE held <> (SELECT coalesce(sum(quantity), 0) FROM stock_hold h
        WHERE h.sku = s.sku AND h.state = 'held' AND h.live_item_id IS NULL)""",
    "I3 held on the shelf is the sum of its moves": """
        SELECT sku FROM stock s WHERE held <> (SELECT coalesce(sum(held_delta), 0)
        FROM stock_move m WHERE m.sku = s.sku AND m.live_item_id IS NULL)""",
    "I3 held in a room is its open holds": """
        SELECT id FROM live_item i WHERE held <> (SELECT coalesce(sum(quantity), 0)
        FROM stock_hold h WHERE h.live_item_id = i.id AND h.state = 'held')""",
    "I4 a hold ends at most once": """
        SELECT hold_id FROM stock_move WHERE kind IN ('consume', 'release')
        AND hold_id IS NOT NULL GROUP BY hold_id HAVING count(*) > 1""",
    "I5 a buyer's quota is what live orders took": """
        SELECT q.live_item_id, q.buyer_id FROM buyer_quota q WHERE q.taken <> (
        SELECT coalesce(sum(l.quantity - l.cancelled), 0) FROM order_line l
        JOIN orders o ON o.id = l.order_id LEFT JOIN stock_hold h ON h.order_line_id = l.id
        AND h.state = 'held' WHERE l.live_item_id = q.live_item_id AND o.buyer_id = q.buyer_id
        AND (o.paid_at IS NOT NULL OR h.id IS NOT NULL))""",
    "I5 nobody has more than one buyer may": """
        SELECT q.buyer_id FROM buyer_quota q JOIN live_item i ON i.id = q.live_item_id
        WHERE i.per_buyer_max IS NOT NULL AND q.taken > i.per_buyer_max""",
    "I7 a total is the sum of its lines and freight": """
        SELECT number FROM orders o WHERE goods_fen <> (SELECT sum(total_fen) FROM order_line l
        WHERE l.order_id = o.id) OR freight_fen <> (SELECT sum(freight_fen) FROM order_part p
        WHERE p.order_id = o.id)""",
    "I8 no order is paid twice": """
        SELECT order_id FROM payment WHERE status = 'captured'
        GROUP BY order_id HAVING count(*) > 1""",
    "I10 what was captured is what the order costs": """
        SELECT p.id FROM payment p JOIN orders o ON o.id = p.order_id
        WHERE p.captured_at IS NOT NULL AND p.amount_fen <> o.total_fen""",
    "I11 a paid order was paid": """
        SELECT number FROM orders o WHERE paid_at IS NOT NULL AND NOT EXISTS (SELECT 1
        FROM payment p WHERE p.order_id = o.id AND p.captured_at IS NOT NULL)""",
    "I12 refunds stay within what was captured": """
        SELECT p.id FROM payment p WHERE refunded_fen > amount_fen OR refunded_fen <>
        (SELECT coalesce(sum(amount_fen), 0) FROM refund r WHERE r.payment_id = p.id
        AND r.status <> 'failed')""",
    "I14 money for dead orders is owed back": """
        SELECT p.id FROM payment p JOIN orders o ON o.id = p.order_id
        WHERE p.captured_at IS NOT NULL AND (o.paid_at IS NULL OR o.status = 'cancelled')
        AND p.refunded_fen < p.amount_fen AND NOT EXISTS (SELECT 1 FROM refund r
        WHERE r.payment_id = p.id AND r.status = 'failed')""",
    "I15 every posting balances": """
        SELECT tx_id FROM ledger_entry GROUP BY tx_id HAVING sum(amount_fen) <> 0""",
    "I26 shipped and cancelled units were bought": """
        SELECT id FROM order_line WHERE shipped + cancelled > quantity OR refunded > quantity""",
    "a paid line names the lots it came from": """
        SELECT l.id FROM order_line l JOIN orders o ON o.id = l.order_id WHERE l.quantity <>
        (SELECT coalesce(sum(quantity), 0) FROM lot_sale s WHERE s.order_line_id = l.id)
        AND o.paid_at IS NOT NULL""",
    "what was paid for and did not leave is back on its lots, each unit once": """
        SELECT l.id FROM order_line l JOIN orders o ON o.id = l.order_id WHERE l.cancelled <>
        (SELECT coalesce(sum(returned), 0) FROM lot_sale s WHERE s.order_line_id = l.id)
        AND o.paid_at IS NOT NULL""",
    "an unpaid line took no lot": """
        SELECT s.id FROM lot_sale s JOIN orders o ON o.id = s.order_id WHERE o.paid_at IS NULL""",
    "the last row of history is the state": """
        SELECT number FROM orders o WHERE status <> (SELECT to_status FROM order_history h
        WHERE h.order_id = o.id ORDER BY h.id DESC LIMIT 1)""",
}


def broken() -> dict[str, list[object]]:
    """Each broken rule with the rows that break it."""
    db.session.rollback()
    found = {
        rule: [tuple(row) for row in db.session.execute(text(sql))] for rule, sql in RULES.items()
    }
    db.session.rollback()
    return {rule: list(rows) for rule, rows in found.items() if rows}


def assert_sound() -> None:
    """Every rule holds."""
    assert broken() == {}
