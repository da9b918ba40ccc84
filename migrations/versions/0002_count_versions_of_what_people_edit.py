"""What people edit in forms and by PATCH counts its changes, so that two editors notice each other.

Each column comes with a default in the database: the running release, which does not know it, may
go on inserting, and ADD COLUMN rebuilds no table on SQLite.
"""

import sqlalchemy as sa
from alembic import op

revision = '0002'
down_revision = '0001'
branch_labels = None
depends_on = None

TABLES = ('address', 'category', 'cooperative', 'farmer', 'hall', 'village')


def upgrade() -> None:
    kind = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')
    for table in TABLES:
        op.add_column(table, sa.Column('version', kind, server_default='1', nullable=False))


def downgrade() -> None:
    for table in reversed(TABLES):
        op.drop_column(table, 'version')
