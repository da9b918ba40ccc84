"""What the database itself refuses: one list, installed after every migration.

A SQLite batch migration recreates its table and drops the triggers silently, so they are not part
of any migration: ``migrations/env.py`` calls ``install`` when it has finished.
"""

from sqlalchemy import Connection, MetaData, Table, text

REFUSE = """
CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'append-only: %', TG_TABLE_NAME USING ERRCODE = '23514'; END $$
"""

NO_TRUNCATE = (
    "CREATE OR REPLACE TRIGGER {0}_no_truncate BEFORE TRUNCATE ON {0} "
    "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
)


def wanted(metadata: MetaData, dialect: str) -> dict[str, list[str]]:
    """Trigger name to the statements that make it, for ``sqlite`` or ``postgresql``."""
    found: dict[str, list[str]] = {}
    for table in metadata.sorted_tables:
        found |= of_table(table, dialect)
    return found


def of_table(table: Table, dialect: str) -> dict[str, list[str]]:
    """One table's triggers: append-only, and those its ``info["triggers"]`` names."""
    found = _append_only(table, dialect) if table.info.get("append_only") else {}
    own: dict[str, dict[str, list[str]]] = table.info.get("triggers", {})
    return found | own.get(dialect, {})


def _append_only(table: Table, dialect: str) -> dict[str, list[str]]:
    name = table.name
    if dialect == "sqlite":
        return {
            f"{name}_no_{verb.lower()}": [
                f"CREATE TRIGGER {name}_no_{verb.lower()} BEFORE {verb} ON {name} "
                f"BEGIN SELECT RAISE(ABORT, 'append-only: {name}'); END"
            ]
            for verb in ("UPDATE", "DELETE")
        }
    return {
        f"{name}_no_change": [
            f"CREATE TRIGGER {name}_no_change BEFORE UPDATE OR DELETE ON {name} "
            "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
        ],
        f"{name}_no_truncate": [NO_TRUNCATE.format(name)],
    }


def present(connection: Connection) -> dict[str, str]:
    """Trigger name to table name, as the catalogue has them now; partitions have their table's."""
    query = (
        "SELECT name, tbl_name FROM sqlite_master WHERE type = 'trigger'"
        if connection.dialect.name == "sqlite"
        else "SELECT t.tgname, c.relname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid "
        "JOIN pg_namespace n ON n.oid = c.relnamespace "
        "WHERE NOT t.tgisinternal AND NOT c.relispartition AND n.nspname = current_schema()"
    )
    return {row[0]: row[1] for row in connection.execute(text(query))}


def install(connection: Connection, metadata: MetaData) -> None:
    """Make the catalogue's triggers equal to the list, whatever was there before."""
    postgres = connection.dialect.name == "postgresql"
    for name, on in present(connection).items():
        drop = f"DROP TRIGGER {name} ON {on}" if postgres else f"DROP TRIGGER {name}"
        connection.execute(text(drop))
    if postgres:
        connection.execute(text(REFUSE))
    tables = present_tables(connection)
    months = partitions(connection)
    for table in metadata.sorted_tables:
        if table.name not in tables:
            continue
        for statements in of_table(table, connection.dialect.name).values():
            for statement in statements:
                connection.execute(text(statement))
    append_only = [name for name, table in metadata.tables.items() if table.info.get("append_only")]
    for name in (month for month, table in months.items() if table in append_only):
        connection.execute(text(NO_TRUNCATE.format(name)))


def partitions(connection: Connection) -> dict[str, str]:
    """Partition to the table that it is part of.

    Whatever a table refuses row by row its partitions refuse, too; emptying one is a matter of its
    own.
    """
    if connection.dialect.name == "sqlite":
        return {}
    query = (
        "SELECT c.relname, p.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid "
        "JOIN pg_class p ON p.oid = i.inhparent JOIN pg_namespace n ON n.oid = c.relnamespace "
        "WHERE c.relispartition AND c.relkind = 'r' AND n.nspname = current_schema()"
    )
    return {row[0]: row[1] for row in connection.execute(text(query))}


def present_tables(connection: Connection) -> set[str]:
    """Names of the tables that exist at this revision."""
    return set(connection.dialect.get_table_names(connection))
