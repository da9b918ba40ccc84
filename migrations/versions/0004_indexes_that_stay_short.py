"""What is read often costs the same at 100,000 products and 1,000,000 orders.

Queues (promises, unpaid and delivered orders, open payments and refunds, what waits to leave or to
be applied, parcels under way, lots and deliveries with something left) are indexed by the rows that
still wait, so that they stay as short as the queue. Lists are indexed in the order of their pages,
so that a page begins at its place. An index that another one begins with is dropped, so that an
order writes no more of them than before.

No column changes, so deploy order is free. Each index is built while its table refuses writes:
seconds at a million rows, so it is done in a quiet hour.
"""

import sqlalchemy as sa
from alembic import op

revision = '0004'
down_revision = '0003'
branch_labels = None
depends_on = None

OLD = (
    ('ix_hall_item_hall_id', 'hall_item', ['hall_id']),
    ('ix_inbox_event_status_received_at', 'inbox_event', ['status', 'received_at']),
    ('ix_intake_cooperative_id', 'intake', ['cooperative_id']),
    ('ix_live_item_session_id', 'live_item', ['session_id']),
    ('ix_lot_cooperative_id', 'lot', ['cooperative_id']),
    ('ix_order_line_order_id', 'order_line', ['order_id']),
    ('ix_order_part_cooperative_id', 'order_part', ['cooperative_id']),
    ('ix_orders_status_delivered_at', 'orders', ['status', 'delivered_at']),
    ('ix_orders_status_expires_at', 'orders', ['status', 'expires_at']),
    ('ix_outbox_message_status_due_at', 'outbox_message', ['status', 'due_at', 'id']),
    ('ix_payment_order_id', 'payment', ['order_id']),
    ('ix_payment_status_created_at', 'payment', ['status', 'created_at']),
    ('ix_product_category_id', 'product', ['category_id']),
    ('ix_product_cooperative_id', 'product', ['cooperative_id']),
    ('ix_product_village_id', 'product', ['village_id']),
    ('ix_product_term_product_id', 'product_term', ['product_id']),
    ('ix_refund_status_created_at', 'refund', ['status', 'created_at']),
    ('ix_shipment_event_shipment_id', 'shipment_event', ['shipment_id']),
    ('ix_shipment_status_status_at', 'shipment', ['status', 'status_at']),
    ('ix_stock_hold_sku_state', 'stock_hold', ['sku', 'state']),
    ('ix_stock_hold_state_expires_at', 'stock_hold', ['state', 'expires_at']),
    ('ix_stock_move_cooperative_id', 'stock_move', ['cooperative_id']),
)

LISTS = (
    ('ix_live_item_cooperative_id_session_id', 'live_item', ['cooperative_id', 'session_id']),
    ('ix_live_session_starts_at', 'live_session', ['starts_at', 'id']),
    ('ix_order_part_cooperative_id_order_id', 'order_part', ['cooperative_id', 'order_id']),
    (
        'ix_order_part_cooperative_id_ship_by',
        'order_part',
        ['cooperative_id', 'ship_by', 'order_id'],
    ),
    ('ix_orders_status_id', 'orders', ['status', 'id']),
    ('ix_product_cooperative_id_id', 'product', ['cooperative_id', 'id']),
    ('ix_product_village_id_counted', 'product', ['village_id', 'status', 'cooperative_id']),
    ('ix_product_term_product_id_term', 'product_term', ['product_id', 'term']),
    ('ix_refund_created_at', 'refund', ['created_at']),
    ('ix_stock_move_cooperative_id_id', 'stock_move', ['cooperative_id', 'id']),
    *(
        (f'ix_product_{whose}_{key}', 'product', [whose, 'status', key, 'id'])
        for whose in ('cooperative_id', 'village_id', 'category_id')
        for key in ('created_at', 'from_fen', 'sales')
    ),
)

QUEUES = (
    ('ix_inbox_event_dead', 'inbox_event', ['id'], "status = 'dead'"),
    (
        'ix_inbox_event_open',
        'inbox_event',
        ['source', 'received_at'],
        "status IN ('parked', 'received')",
    ),
    ('ix_intake_left', 'intake', ['cooperative_id', 'id'], 'left_grams > 0'),
    ('ix_lot_left', 'lot', ['cooperative_id', 'best_before', 'id'], 'on_hand > 0'),
    ('ix_lot_past_best', 'lot', ['best_before'], 'on_hand > 0'),
    ('ix_orders_delivered', 'orders', ['delivered_at'], "status = 'delivered'"),
    ('ix_orders_paid_at', 'orders', ['paid_at'], 'paid_at IS NOT NULL'),
    ('ix_orders_street_held', 'orders', ['id'], "ship_phone = '' AND ship_street <> ''"),
    ('ix_orders_unpaid', 'orders', ['expires_at'], "status = 'pending_payment'"),
    ('ix_outbox_message_dead', 'outbox_message', ['id'], "status = 'dead'"),
    ('ix_outbox_message_waiting', 'outbox_message', ['due_at', 'id'], "status = 'waiting'"),
    (
        'ix_payment_open',
        'payment',
        ['id'],
        "status IN ('created', 'processing', 'requires_action')",
    ),
    ('ix_refund_open', 'refund', ['id'], "status IN ('due', 'pending')"),
    ('ix_shipment_under_way', 'shipment', ['status_at', 'id'], 'delivered_at IS NULL'),
    ('ix_stock_hold_held', 'stock_hold', ['sku', 'expires_at'], "state = 'held'"),
)


def upgrade() -> None:
    for name, table, columns in LISTS:
        op.create_index(name, table, columns)
    for name, table, columns, where in QUEUES:
        kept = sa.text(where)
        op.create_index(name, table, columns, postgresql_where=kept, sqlite_where=kept)
    for name, table, _ in OLD:
        op.drop_index(name, table_name=table)


def downgrade() -> None:
    for name, table, columns in OLD:
        op.create_index(name, table, columns)
    for name, table, *_ in (*QUEUES, *LISTS):
        op.drop_index(name, table_name=table)
