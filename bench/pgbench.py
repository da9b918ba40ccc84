"""(d): PostgreSQL's own load client with the minimal transaction of an order, no Python at all."""

import re
import subprocess

from bench.ground import Bench
from tests.servers import postgres

ORDER = r"""
\set buyer random(1, 1000)
\set key random(1, 9000000000000000000)
BEGIN;
INSERT INTO b_order (key, buyer, counter, qty, body) VALUES (:key, :buyer, 1, 1, '{}')
  ON CONFLICT DO NOTHING;
INSERT INTO b_quota VALUES (1, :buyer, 1) ON CONFLICT (counter, buyer)
  DO UPDATE SET n = b_quota.n + 1 WHERE b_quota.n < 1000000;
INSERT INTO b_outbox (order_id, kind) VALUES (1, 'placed');
UPDATE b_counter SET free = free - 1 WHERE id = 1 AND free >= 1;
COMMIT;
"""


def rate(bench: Bench, database_url: str, *, clients: int, seconds: float) -> float | None:
    """Transactions a second on one hot counter, or ``None`` where this server has no pgbench."""
    program = postgres.find() / "pgbench"
    if not program.exists():
        return None
    script = bench.folder / "order.pgbench"
    script.write_text(ORDER)
    said = subprocess.run(
        [str(program), "-n", "-M", "prepared", "-c", str(clients), "-j", "1",
         "-T", str(max(int(seconds), 1)), "-f", str(script), database_url],
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    found = re.search(r"^tps = ([0-9.]+)", said, re.MULTILINE)
    assert found, said
    return float(found[1])
