"""How connections are opened on each database, and through PgBouncer."""

from typing import Any

from shop.engine import engine_options

POSTGRES = "postgresql+psycopg://shop@db.example/shop"


def connecting(**more: Any) -> dict[str, Any]:
    found: dict[str, Any] = engine_options(POSTGRES, pool_size=3, **more)["connect_args"]
    return found


def test_a_direct_connection_brings_its_time_outs_along() -> None:
    asked = connecting()
    for limit in ("statement_timeout=4000", "lock_timeout=2000", "timezone=UTC"):
        assert limit in asked["options"]


def test_pgbouncer_gets_no_options_and_no_prepared_statements() -> None:
    asked = connecting(pgbouncer=True)
    assert "options" not in asked
    assert asked["prepare_threshold"] is None
    assert asked["connect_timeout"] == 2
