"""Pages of a SELECT that stay right while rows come and go: by the keys of the last row seen."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import ColumnElement, Select, and_, literal, or_, tuple_
from sqlalchemy.orm import InstrumentedAttribute

from shop.db import db

DEFAULT_LIMIT = 24
MAX_LIMIT = 100

Column = ColumnElement[Any] | InstrumentedAttribute[Any]
Key = tuple[Column, Literal["asc", "desc"]]


@dataclass(frozen=True)
class Keyset:
    """Some rows, and the keys after which the next page begins (``None`` at the end)."""

    rows: list[Any]
    next: tuple[Any, ...] | None = None


def keyset(
    query: Select[Any],
    *,
    keys: Sequence[Key],
    limit: int = DEFAULT_LIMIT,
    after: Sequence[Any] | None = None,
) -> Keyset:
    """Run one page of ``query``; the last of ``keys`` is unique and none is ever NULL.

    A query of one entity gives entities, any other its rows. ``after`` is a former ``next``.
    """
    limit = max(1, min(limit, MAX_LIMIT))
    width = len(query.column_descriptions)
    if after is not None:
        query = query.where(_beyond(keys, after))
    query = query.order_by(None).order_by(
        *(column.asc() if way == "asc" else column.desc() for column, way in keys)
    )
    query = query.add_columns(*(column.label(f"key_{i}") for i, (column, _) in enumerate(keys)))
    found = db.session.execute(query.limit(limit + 1)).all()
    rows = [row[0] if width == 1 else row[:width] for row in found[:limit]]
    more = len(found) > limit
    return Keyset(rows=rows, next=tuple(found[limit - 1][width:]) if more else None)


def _beyond(keys: Sequence[Key], after: Sequence[Any]) -> ColumnElement[bool]:
    """``(a, b) > (x, y)``: one place in an index to begin at, however far that is.

    Keys of different directions or of several tables have no such place, so the first alone
    bounds them, too.
    """
    columns = [column for column, _ in keys]
    values = [literal(value, column.type) for value, column in zip(after, columns, strict=True)]
    ways = [way for _, way in keys]
    if len(keys) == 1:
        return _further(columns[0], values[0], ways[0])
    bound = columns[0] >= values[0] if ways[0] == "asc" else columns[0] <= values[0]
    if len(set(ways)) == 1:
        beyond = _further(tuple_(*columns), tuple_(*values), ways[0])
        return beyond if _of_one_table(columns) else and_(bound, beyond)
    steps = [
        and_(
            *(columns[i] == values[i] for i in range(place)),
            _further(columns[place], values[place], ways[place]),
        )
        for place in range(len(keys))
    ]
    return and_(bound, or_(*steps))


def _of_one_table(columns: Sequence[Column]) -> bool:
    return len({getattr(column, "class_", column) for column in columns}) == 1


def _further(column: Any, value: Any, way: str) -> ColumnElement[bool]:
    further: ColumnElement[bool] = column > value if way == "asc" else column < value
    return further
