"""What the migrations make is what the models say, on both databases, with every trigger."""

import re

import pytest
import sqlalchemy as sa
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask import Flask
from flask_migrate import check, downgrade, upgrade

from shop import triggers
from shop.db import Base, db
from tests.structure.code import ROOT

VERSIONS = sorted(path.name for path in (ROOT / "migrations/versions").glob("*.py"))


def test_migrations_are_numbered_without_gaps() -> None:
    assert [name[:4] for name in VERSIONS] == [f"{n + 1:04}" for n in range(len(VERSIONS))]
    assert all(re.fullmatch(r"\d{4}_[a-z0-9_]+\.py", name) for name in VERSIONS)


def test_each_migration_follows_the_one_before_and_gives_its_reason() -> None:
    script = ScriptDirectory(str(ROOT / "migrations"))
    revisions = list(script.walk_revisions())[::-1]
    assert [revision.revision for revision in revisions] == [name[:4] for name in VERSIONS]
    below = [None, *[revision.revision for revision in revisions[:-1]]]
    assert [revision.down_revision for revision in revisions] == below
    assert all(len(revision.longdoc or "") > 40 for revision in revisions)


def test_migrations_name_no_type_of_ours() -> None:
    for path in (ROOT / "migrations/versions").glob("*.py"):
        assert "import shop" not in path.read_text()
        assert "from shop" not in path.read_text()


def test_migrations_make_what_the_models_say(ctx: Flask) -> None:
    check()


def test_every_check_of_the_models_is_in_the_database(ctx: Flask) -> None:
    """Autogenerate does not compare CHECK constraints, so they are compared here by name."""
    inspector = sa.inspect(db.engine)
    for table in Base.metadata.sorted_tables:
        wanted = {
            str(constraint.name)
            for constraint in table.constraints
            if isinstance(constraint, sa.CheckConstraint)
        }
        found = {str(one["name"]) for one in inspector.get_check_constraints(table.name)}
        assert found == wanted, table.name


def test_indexes_with_a_condition_keep_it(ctx: Flask) -> None:
    dialect = db.engine.dialect.name
    inspector = sa.inspect(db.engine)
    for table in Base.metadata.sorted_tables:
        wanted = {
            index.name
            for index in table.indexes
            if index.dialect_options[dialect]["where"] is not None
        }
        found = {
            one["name"]
            for one in inspector.get_indexes(table.name)
            if one.get("dialect_options", {}).get(f"{dialect}_where") is not None
        }
        assert found == wanted, table.name


@pytest.mark.spoils
def test_the_triggers_are_the_list_at_head_and_after_down_and_up(ctx: Flask) -> None:
    def missing_and_extra() -> set[str]:
        wanted = set(triggers.wanted(Base.metadata, db.engine.dialect.name))
        with db.engine.connect() as connection:
            return wanted ^ set(triggers.present(connection))

    assert missing_and_extra() == set()
    downgrade()
    upgrade()
    assert missing_and_extra() == set()
    assert len(triggers.wanted(Base.metadata, db.engine.dialect.name)) > 10


@pytest.mark.spoils
def test_migrations_go_all_the_way_down_and_up_again(ctx: Flask) -> None:
    downgrade(revision="base")
    assert set(sa.inspect(db.engine).get_table_names()) <= {"alembic_version"}
    upgrade()
    with db.engine.connect() as connection:
        assert MigrationContext.configure(connection).get_current_revision() == VERSIONS[-1][:4]


def test_a_migrated_database_is_empty(ctx: Flask) -> None:
    for table in Base.metadata.sorted_tables:
        assert db.session.scalar(sa.select(sa.func.count()).select_from(table)) == 0, table.name


def test_money_and_weights_are_whole_numbers(ctx: Flask) -> None:
    for table in Base.metadata.sorted_tables:
        for column in table.columns:
            assert not isinstance(column.type, sa.Float | sa.Numeric), f"{table.name}.{column.name}"
            if column.name.endswith(("_fen", "_bp", "_grams")) or column.name == "quantity":
                assert isinstance(column.type, sa.Integer), f"{table.name}.{column.name}"


def test_every_time_is_an_instant(ctx: Flask) -> None:
    for table in Base.metadata.sorted_tables:
        for column in table.columns:
            if column.name.endswith(("_at", "_until")):
                kind = column.type
                assert getattr(kind, "timezone", None) or type(kind).__name__ == "UtcDateTime"
