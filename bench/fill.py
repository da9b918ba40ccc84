"""What a benchmark sells: stock without end, or a counted number, written past the shop."""

import sqlite3
from contextlib import closing
from pathlib import Path

import psycopg

SKUS = """
INSERT INTO variant ({columns}, product_id, sku)
SELECT {columns}, product_id, 'BENCH-' || i FROM variant, generate_series(1, %(count)s) i
WHERE sku = %(like)s
"""


def endless(database_url: str, skus: list[str], *, units: int = 100_000_000) -> None:
    """Raise the stock of these SKUs without a lot behind it: enough for placing, not for paying."""
    with psycopg.connect(database_url, autocommit=True) as line:
        line.execute("SET session_replication_role = replica")
        line.execute("UPDATE stock SET on_hand = on_hand + %s WHERE sku = ANY(%s)", (units, skus))


def endless_on_sqlite(path: Path, sku: str, *, units: int = 100_000_000) -> None:
    """The same for the embedded engine."""
    with closing(sqlite3.connect(path)) as line, line:
        line.execute("UPDATE stock SET on_hand = on_hand + ? WHERE sku = ?", (units, sku))


def many(database_url: str, like: str, count: int) -> list[str]:
    """``count`` more variants like one that is on sale, each with stock."""
    with psycopg.connect(database_url, autocommit=True) as line:
        found = line.execute(
            "SELECT column_name FROM information_schema.columns WHERE table_name = 'variant'"
            " AND column_name NOT IN ('id', 'sku', 'product_id')"
        ).fetchall()
        columns = ", ".join(name for (name,) in found)
        line.execute(SKUS.format(columns=columns), {"count": count, "like": like})
        line.execute(
            "INSERT INTO stock (sku, cooperative_id, on_hand, held, allotted)"
            " SELECT 'BENCH-' || i, s.cooperative_id, 100000000, 0, 0"
            " FROM stock s, generate_series(1, %s) i WHERE s.sku = %s",
            (count, like),
        )
    return [f"BENCH-{number}" for number in range(1, count + 1)]


def exactly(database_url: str, sku: str, units: int) -> None:
    """Leave just this many units to be promised."""
    with psycopg.connect(database_url, autocommit=True) as line:
        line.execute("SET session_replication_role = replica")
        line.execute("UPDATE stock SET on_hand = held + allotted + %s WHERE sku = %s", (units, sku))


def promised(database_url: str, sku: str) -> int:
    """Units of a SKU that open promises hold."""
    with psycopg.connect(database_url) as line:
        found = line.execute(
            "SELECT coalesce(sum(quantity), 0) FROM stock_hold WHERE sku = %s AND state = 'held'",
            (sku,),
        ).fetchone()
    return int(found[0]) if found else 0
