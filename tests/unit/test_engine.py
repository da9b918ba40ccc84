"""How connections are opened on each database, and through PgBouncer."""

from types import SimpleNamespace
from typing import Any

import psycopg
import pytest

from shop.engine import _know_a_lost_session, engine_options

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


@pytest.mark.parametrize(
    ("error", "lost"),
    [
        (psycopg.errors.AdminShutdown("the primary ends"), True),
        (psycopg.errors.ProtocolViolation("server conn crashed?"), True),
        (psycopg.errors.IdleInTransactionSessionTimeout("too long"), True),
        (psycopg.InternalError("received 2 results from command 'ROLLBACK'"), True),
        (psycopg.errors.InternalError_("the server's own"), False),
        (psycopg.errors.QueryCanceled("statement timeout"), False),
        (psycopg.errors.UniqueViolation("twice"), False),
    ],
)
def test_a_session_that_ended_is_known_by_what_it_said_last(error: Exception, lost: bool) -> None:
    context: Any = SimpleNamespace(original_exception=error, is_disconnect=False)
    _know_a_lost_session(context)
    assert context.is_disconnect is lost
