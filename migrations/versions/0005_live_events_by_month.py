"""Live events stand in a partition a month on PostgreSQL, so that old ones can leave without a scan.

A UNIQUE of a partitioned table has to hold the partition's key, so ``live_event`` itself has none:
each partition has the primary key (session_id, seq) of its own, and across a midnight between two
months no number comes twice because it comes from the row of its session, raised and kept locked by
the transaction that writes the event. Rows of a month without a partition go to the default one, so
an event is never refused; the worker makes the months ahead by ``make_live_event_month``, which
leaves a month to the default where rows of it are there already.

SQLite keeps one table. Rows are copied while the table is locked, so it is done in a quiet hour;
the running release reads and writes as before.
"""

from alembic import op

revision = '0005'
down_revision = '0004'
branch_labels = None
depends_on = None

MAKE_MONTH = """
CREATE FUNCTION make_live_event_month(first date) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
  name text := 'live_event_' || to_char(first, 'YYYY_MM');
  since timestamptz := first::timestamp AT TIME ZONE 'UTC';
  until timestamptz := (first + interval '1 month')::timestamp AT TIME ZONE 'UTC';
BEGIN
  IF to_regclass(name) IS NOT NULL
    OR EXISTS (SELECT 1 FROM live_event_default WHERE at >= since AND at < until)
  THEN RETURN false; END IF;
  EXECUTE format('CREATE TABLE %I (LIKE live_event INCLUDING DEFAULTS INCLUDING CONSTRAINTS)', name);
  EXECUTE format('ALTER TABLE %I ADD CONSTRAINT %I PRIMARY KEY (session_id, seq)', name, 'pk_' || name);
  EXECUTE format('ALTER TABLE live_event ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', name, since, until);
  IF to_regproc('refuse_change') IS NOT NULL THEN
    EXECUTE format('CREATE TRIGGER %I BEFORE TRUNCATE ON %I FOR EACH STATEMENT '
      'EXECUTE FUNCTION refuse_change()', name || '_no_truncate', name);
  END IF;
  RETURN true;
END $$
"""

MONTHS = """
SELECT make_live_event_month(month::date) FROM generate_series(
  date_trunc('month', least((SELECT min(at) FROM live_event_old), now()) AT TIME ZONE 'UTC'),
  date_trunc('month', now() AT TIME ZONE 'UTC') + interval '3 months', interval '1 month') month
"""

COPY = 'INSERT INTO {} (session_id, seq, type, data, at) SELECT session_id, seq, type, data, at FROM {}'
SESSION = (
    'ALTER TABLE live_event ADD CONSTRAINT fk_live_event_session_id '
    'FOREIGN KEY (session_id) REFERENCES live_session (id)'
)


def upgrade() -> None:
    if op.get_bind().dialect.name != 'postgresql':
        return
    op.execute('ALTER TABLE live_event RENAME TO live_event_old')
    op.execute(
        'CREATE TABLE live_event (LIKE live_event_old INCLUDING DEFAULTS INCLUDING CONSTRAINTS) '
        'PARTITION BY RANGE (at)'
    )
    op.execute(SESSION)
    op.execute('CREATE TABLE live_event_default PARTITION OF live_event DEFAULT')
    op.execute(
        'ALTER TABLE live_event_default '
        'ADD CONSTRAINT pk_live_event_default PRIMARY KEY (session_id, seq)'
    )
    op.execute(MAKE_MONTH)
    op.execute(MONTHS)
    op.execute(COPY.format('live_event', 'live_event_old'))
    op.execute('DROP TABLE live_event_old')


def downgrade() -> None:
    if op.get_bind().dialect.name != 'postgresql':
        return
    op.execute('ALTER TABLE live_event RENAME TO live_event_months')
    op.execute('CREATE TABLE live_event (LIKE live_event_months INCLUDING DEFAULTS INCLUDING CONSTRAINTS)')
    op.execute(COPY.format('live_event', 'live_event_months'))
    op.execute('DROP TABLE live_event_months')
    op.execute('DROP FUNCTION make_live_event_month')
    op.execute('ALTER TABLE live_event ADD CONSTRAINT pk_live_event PRIMARY KEY (session_id, seq)')
    op.execute(SESSION)
