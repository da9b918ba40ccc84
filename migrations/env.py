"""Runs migrations on either database, then installs the triggers from their one list."""

from alembic import context
from alembic.autogenerate.api import AutogenContext
from flask import current_app
from sqlalchemy import JSON, Connection, text

from shop import triggers
from shop.columns import UtcDateTime, Word
from shop.db import Base, db


def render_item(kind: str, item: object, autogen: AutogenContext) -> str | bool:
    """Keep our own column types out of migrations, which must run long after those changed."""
    if kind == "type" and isinstance(item, Word):
        return "sa.String(length=32)"
    if kind == "type" and isinstance(item, UtcDateTime):
        return "sa.DateTime(timezone=True)"
    if kind == "type" and isinstance(item, JSON):
        autogen.imports.add("from sqlalchemy.dialects import postgresql")
        return "sa.JSON().with_variant(postgresql.JSONB(), 'postgresql')"
    return False


def run(connection: Connection) -> None:
    """Migrate on one connection, for as long as it takes: an index of a million rows takes seconds.

    Waiting for a lock keeps its short end, so that requests never queue behind a migration.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(text("SET statement_timeout = 0"))
        connection.commit()
    months = triggers.partitions(connection)
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        render_item=render_item,
        include_name=lambda name, kind, _: kind != "table" or name not in months,
        render_as_batch=True,
        compare_type=True,
        transaction_per_migration=True,
    )
    with context.begin_transaction():
        context.run_migrations()


with current_app.app_context(), db.engine.connect() as connection:
    run(connection)
    connection.commit()
    triggers.install(connection, Base.metadata)
    if connection.dialect.name == "postgresql":
        connection.execute(text("RESET statement_timeout"))
    connection.commit()
