"""How PostgreSQL carries out what a request asks: each statement caught, explained and judged."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import psycopg
import sqlalchemy as sa

MOST_ROWS = 1500
"""A page or a step of work looks at no more rows of one large table.

A search whose every word is common passes over products that have only some of them.
"""
LARGE = 5000
"""From here a table is large."""


@dataclass(frozen=True, kw_only=True)
class Caught:
    """One statement as it was sent, and what it was sent for."""

    asked: str
    statement: str
    parameters: Any


@dataclass
class Judge:
    """Catches what an engine sends and explains it on a connection of its own.

    The plan is that for these very values, as PostgreSQL makes it for the first five runs of a
    statement; later it takes a general one only where that costs no more. Reading here and there
    is priced as in a table that is much larger, where nobody would read all of it instead.
    """

    line: "psycopg.Connection[Any]"
    large: set[str] = field(default_factory=set)
    caught: dict[str, Caught] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.line.execute("SET random_page_cost = 1.1")
        rows = self.line.execute(
            "SELECT relname FROM pg_class WHERE relkind = 'r' AND reltuples >= %s", (LARGE,)
        )
        self.large = {name for (name,) in rows}

    @contextmanager
    def watching(self, engine: sa.Engine, asked: str) -> Iterator[None]:
        """Keep what is sent within; the first of several equal statements is enough."""

        def note(_c: Any, _cursor: Any, statement: str, given: Any, _x: Any, many: bool) -> None:
            verb = statement.lstrip().partition(" ")[0].upper()
            if verb in {"SELECT", "UPDATE", "DELETE", "WITH"}:
                one = given[0] if many else given
                caught = Caught(asked=asked, statement=statement, parameters=one)
                self.caught.setdefault(statement, caught)

        sa.event.listen(engine, "before_cursor_execute", note)
        try:
            yield
        finally:
            sa.event.remove(engine, "before_cursor_execute", note)

    def faults(self) -> list[str]:
        """What was caught and reads a large table in a way that grows with it."""
        found = []
        for caught in self.caught.values():
            why = sorted(set(self._faults(self.plan(caught))))
            if why:
                found.append(f"{caught.asked}: {'; '.join(why)}\n    {caught.statement[:1500]}")
        return found

    def plan(self, caught: Caught) -> dict[str, Any]:
        """The plan as it runs; of what writes, as it would run: twice may be once too often."""
        reads = caught.statement.lstrip().upper().startswith(("SELECT", "WITH"))
        how = "ANALYZE, TIMING OFF, FORMAT JSON" if reads else "FORMAT JSON"
        with self.line.transaction(force_rollback=True):
            row = self.line.execute(
                f"EXPLAIN ({how}) {caught.statement}",  # type: ignore[arg-type]
                caught.parameters,
            ).fetchone()
        assert row is not None
        explained = row[0] if not isinstance(row[0], str) else json.loads(row[0])
        plan: dict[str, Any] = explained[0]["Plan"]
        return plan

    def rows_read(self, caught: Caught) -> int:
        """Rows of large tables that a statement looked at."""
        found = self._reads(self.plan(caught))
        return sum(read for node, read in found if node["Relation Name"] in self.large)

    def _faults(self, plan: dict[str, Any]) -> Iterator[str]:
        for node, read in self._reads(plan):
            table = node["Relation Name"]
            if table not in self.large:
                continue
            if node["Node Type"] == "Seq Scan" and node.get("Actual Loops", 1):
                yield f"reads the whole of {table}"
            elif read > MOST_ROWS:
                yield f"reads {read} rows of {table} ({node['Node Type']})"

    def _reads(self, node: dict[str, Any]) -> Iterator[tuple[dict[str, Any], int]]:
        if "Relation Name" in node and node["Node Type"] != "ModifyTable":
            passed = ("Rows Removed by Filter", "Rows Removed by Index Recheck")
            seen = node.get("Actual Rows", node["Plan Rows"])
            seen += sum(node.get(key, 0) for key in passed)
            yield node, round(seen * node.get("Actual Loops", 1))
        for below in node.get("Plans", ()):
            yield from self._reads(below)
