"""A fresh, migrated database for each test, copied from a template of the session."""

import itertools
import os
import shutil
import threading
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from queue import Queue
from typing import Any

import psycopg
import sqlalchemy as sa

from shop.app import create_app
from shop.config import Settings
from shop.db import db
from tests.servers.ground import ROOT, Ground

TEMPLATE = "shop_template"


def settings_for(database_url: str, data_dir: Path, **more: Any) -> Settings:
    """Settings of a test shop: nothing is read from the environment."""
    facts = {
        "env": "test",
        "base_url": "http://127.0.0.1:8000",
        "secret_key": "only-for-tests-0123456789abcdefghij",
        "sandbox_secrets": ("only-for-tests-sandbox",),
        "limits": False,
        "operator_name": "演示县域运营公司",
        "operator_licence": "演示执照",
        "icp_number": "演示备案号",
        "complaint_phone": "0353-0000000",
        "pictures_url": f"file://{data_dir}/pictures",
    }
    return Settings(**(facts | {"database_url": database_url, "data_dir": data_dir} | more))


def migrate(database_url: str, data_dir: Path) -> None:
    """Bring an empty database to head, in this process."""
    from flask_migrate import upgrade

    app = create_app(settings_for(database_url, data_dir))
    with app.app_context():
        try:
            upgrade(directory=str(ROOT / "migrations"))
        finally:
            for engine in db.engines.values():
                engine.dispose()


def sqlite_template(ground: Ground) -> Path:
    """The migrated file that every SQLite test copies."""

    def make() -> dict[str, Any]:
        path = ground.folder / "template.db"
        migrate(f"sqlite:///{path}", ground.folder / "template-data")
        return {"path": str(path)}

    return Path(ground.once("template-sqlite", make)["path"])


def fresh_sqlite(ground: Ground, folder: Path) -> str:
    """The address of a copy in ``folder``."""
    copy = folder / "shop.db"
    shutil.copyfile(sqlite_template(ground), copy)
    return f"sqlite:///{copy}"


def turn(engine: sa.Engine, database_url: str) -> None:
    """Let an engine open its next connections elsewhere, and forget those it has.

    A new engine would compile every statement anew, which takes longer than most tests. A thread
    that still listened for the test before may have opened one meanwhile.
    """
    if not hasattr(engine, "turned_to"):
        sa.event.listen(engine, "do_connect", _elsewhere(engine))
    engine.turned_to = sa.make_url(database_url)  # type: ignore[attr-defined]
    engine.dispose()


def _elsewhere(engine: sa.Engine) -> Callable[..., None]:
    def connect(dialect: sa.Dialect, _record: object, args: list[Any], words: Any) -> None:
        given, named = dialect.create_connect_args(engine.turned_to)  # type: ignore[attr-defined]
        args[:] = given
        words.update(named)

    return connect


class Postgres:
    """One process's hands on the session's PostgreSQL: cleans and copies databases ahead of need.

    Copying the template takes 90 ms, cleaning a used database 10; as the owner of the server the
    cleaner may switch off the triggers that refuse it.
    """

    AHEAD = 2
    USES = 100

    def __init__(self, ground: Ground) -> None:
        self.where = ground.server("postgresql")
        ground.once("template-postgresql", lambda: self._template(ground))
        self._names = (f"t_{os.getpid()}_{number}" for number in itertools.count())
        self._ready: Queue[str | BaseException] = Queue()
        self._used: Queue[str | None] = Queue()
        self._uses: Counter[str] = Counter()
        self._hand = threading.Thread(target=self._serve, daemon=True)
        self._hand.start()

    def url(self, name: str) -> str:
        """The address of a database on this server."""
        return f"postgresql+psycopg://shop@{self.where['host']}:{self.where['port']}/{name}"

    def connect(self, name: str = "postgres") -> "psycopg.Connection[Any]":
        """A plain connection of a superuser, for what no application does."""
        return psycopg.connect(
            host=self.where["host"], port=self.where["port"], user="shop", dbname=name,
            autocommit=True,
        )  # fmt: skip

    def take(self) -> str:
        """The name of a fresh migrated database."""
        made = self._ready.get(timeout=60)
        if isinstance(made, BaseException):
            raise made
        return made

    def give_back(self, name: str, *, spoilt: bool = False) -> None:
        """Have a used database cleaned; a spoilt one, whose tables were changed, is dropped."""
        if spoilt:
            self._uses[name] = self.USES
        self._used.put(name)

    def close(self) -> None:
        """Stop making databases; the session's server goes with the session."""
        self._used.put(None)
        self._hand.join(10)

    def _template(self, ground: Ground) -> dict[str, Any]:
        with self.connect() as line:
            line.execute(f"CREATE DATABASE {TEMPLATE}")
        migrate(self.url(TEMPLATE), ground.folder / "template-data")
        return {"name": TEMPLATE}

    def _serve(self) -> None:
        try:
            with self.connect() as line:
                for _ in range(self.AHEAD):
                    self._ready.put(self._copy(line))
                while (used := self._used.get()) is not None:
                    self._ready.put(self._again(line, used))
        except BaseException as error:
            self._ready.put(error)

    def _copy(self, line: "psycopg.Connection[Any]") -> str:
        name = next(self._names)
        line.execute(f"CREATE DATABASE {name} TEMPLATE {TEMPLATE} STRATEGY FILE_COPY")
        return name

    def _again(self, line: "psycopg.Connection[Any]", used: str) -> str:
        self._uses[used] += 1
        if self._uses[used] < self.USES:
            try:
                with self.connect(used) as inside:
                    inside.execute(CLEAN)
                return used
            except psycopg.Error:
                pass
        line.execute(f"DROP DATABASE {used} WITH (FORCE)")
        return self._copy(line)


CLEAN = """
SET session_replication_role = replica;
SET lock_timeout = '2s';
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid();
DO $$ DECLARE name text; filled boolean; BEGIN
  FOR name IN SELECT tablename FROM pg_tables
    WHERE schemaname = 'public' AND tablename <> 'alembic_version' LOOP
    EXECUTE format('SELECT EXISTS (SELECT 1 FROM %I)', name) INTO filled;
    IF filled THEN EXECUTE format('DELETE FROM %I', name); END IF;
  END LOOP;
  PERFORM setval(format('%I', sequencename)::regclass, 1, false)
    FROM pg_sequences WHERE last_value IS NOT NULL;
END $$
"""
"""Ends whoever a test left connected, empties every filled table, counts ids from 1 again."""
