"""A village's month is published: one person freezes the figures, a second one countersigns them.

A new table only: the running release does not know it, so deploy order is free.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = '0003'
down_revision = '0002'
branch_labels = None
depends_on = None


def upgrade() -> None:
    number = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')
    op.create_table(
        'board_sheet',
        sa.Column('id', number, nullable=False),
        sa.Column('village_id', number, nullable=False),
        sa.Column('period', sa.String(length=7), nullable=False),
        sa.Column('version', number, nullable=False),
        sa.Column('status', sa.String(length=32), nullable=False),
        sa.Column('figures', sa.JSON().with_variant(postgresql.JSONB(), 'postgresql'), nullable=False),
        sa.Column('last_entry_id', number, nullable=False),
        sa.Column('note', sa.String(length=400), nullable=True),
        sa.Column('drafted_by', number, nullable=False),
        sa.Column('drafted_at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('decided_by', number, nullable=True),
        sa.Column('decided_at', sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(status = 'draft') = (decided_at IS NULL) "
            "AND (decided_at IS NULL) = (decided_by IS NULL)",
            name=op.f('ck_board_sheet_decided_by_somebody'),
        ),
        sa.CheckConstraint(
            "status <> 'published' OR decided_by <> drafted_by",
            name=op.f('ck_board_sheet_second_person_publishes'),
        ),
        sa.CheckConstraint(
            "status IN ('draft', 'published', 'withdrawn')",
            name=op.f('ck_board_sheet_status_known'),
        ),
        sa.ForeignKeyConstraint(
            ['decided_by'], ['users.id'], name=op.f('fk_board_sheet_decided_by')
        ),
        sa.ForeignKeyConstraint(
            ['drafted_by'], ['users.id'], name=op.f('fk_board_sheet_drafted_by')
        ),
        sa.ForeignKeyConstraint(
            ['village_id'], ['village.id'], name=op.f('fk_board_sheet_village_id')
        ),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_board_sheet')),
        sa.UniqueConstraint(
            'village_id', 'period', 'version', name=op.f('uq_board_sheet_village_id_period_version')
        ),
    )
    op.create_index(
        'uq_board_sheet_open',
        'board_sheet',
        ['village_id', 'period'],
        unique=True,
        postgresql_where=sa.text("status = 'draft'"),
        sqlite_where=sa.text("status = 'draft'"),
    )


def downgrade() -> None:
    op.drop_index('uq_board_sheet_open', table_name='board_sheet')
    op.drop_table('board_sheet')
