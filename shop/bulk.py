"""Many rows or values in one statement whose text does not change with their number.

PostgreSQL then plans it once a connection, and neither side reads a long text for each call.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

import orjson
from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Text,
    any_,
    bindparam,
    cast,
    column,
    func,
    select,
    tuple_,
)
from sqlalchemy.dialects.postgresql import JSON

from shop.db import Base, db, insert_into

ROWS = "rows"


def insert_rows(
    model: type[Base],
    rows: Sequence[Mapping[str, Any]],
    *,
    returning: Sequence[str] = (),
    unless_there: bool = False,
) -> Sequence[Any]:
    """Insert rows that name the same columns; gives the ``returning`` columns of those written.

    They come in no promised order, so ``returning`` holds a key of the rows. With ``unless_there``
    a row that is there already is left out.
    """
    if not rows:
        return ()
    if _on_sqlite():
        statement = _plain(model, tuple(returning), unless_there)
        given: Any = [dict(row) for row in rows]
    else:
        statement = _from_json(model, tuple(rows[0]), tuple(returning), unless_there)
        given = {ROWS: orjson.dumps(rows).decode()}
    written = db.session.execute(statement, given)
    return written.all() if returning else ()


def among(one: Any, values: Iterable[Any]) -> ColumnElement[bool]:
    """``one IN (values)``, as one array on PostgreSQL."""
    listed = list(values)
    if _on_sqlite():
        found: ColumnElement[bool] = one.in_(listed)
        return found
    return one == any_(bindparam(None, listed, type_=ARRAY(one.type)))  # type: ignore[no-any-return]


def among_pairs(first: Any, second: Any, values: Iterable[tuple[Any, Any]]) -> ColumnElement[bool]:
    """``(first, second) IN (values)``, as two arrays on PostgreSQL."""
    listed = list(values)
    if _on_sqlite():
        return tuple_(first, second).in_(listed)
    arrays = (
        bindparam(None, [pair[place] for pair in listed], type_=ARRAY(one.type))
        for place, one in enumerate((first, second))
    )
    pairs = func.unnest(*arrays).table_valued("one", "other").render_derived(name="pairs")
    return tuple_(first, second).in_(select(pairs))


def _on_sqlite() -> bool:
    return db.session.get_bind().dialect.name == "sqlite"


@lru_cache(maxsize=64)
def _plain(model: type[Base], returning: tuple[str, ...], unless_there: bool) -> Any:
    return _ending(insert_into(model.__table__), model, returning, unless_there)


@lru_cache(maxsize=64)
def _from_json(
    model: type[Base], names: tuple[str, ...], returning: tuple[str, ...], unless_there: bool
) -> Any:
    """``INSERT ... SELECT`` out of one JSON text, typed as the table's columns are."""
    types = model.__table__.columns
    given = (
        func.json_to_recordset(cast(bindparam(ROWS, type_=Text), JSON))
        .table_valued(*(column(name, types[name].type) for name in names))
        .render_derived(name="given", with_types=True)
    )
    statement = insert_into(model.__table__).from_select(names, select(*given.c))
    return _ending(statement, model, returning, unless_there)


def _ending(
    statement: Any, model: type[Base], returning: tuple[str, ...], unless_there: bool
) -> Any:
    if unless_there:
        statement = statement.on_conflict_do_nothing()
    if returning:
        statement = statement.returning(*(model.__table__.columns[name] for name in returning))
    return statement
