"""Any row of any table by plain SQL, its parents made on the way: for what no flow would do."""

from datetime import UTC, date, datetime
from itertools import count
from typing import Any

import sqlalchemy as sa

from shop.columns import UtcDateTime, Word
from shop.db import Base

AT = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)

NEEDS: dict[str, dict[str, Any]] = {
    "orders": {"goods_fen": 1000, "freight_fen": 200, "total_fen": 1200, "consents": []},
    "order_line": {"quantity": 2, "unit_price_fen": 500, "total_fen": 1000},
    "order_part": {"goods_fen": 1000, "freight_fen": 200},
    "payment": {"amount_fen": 1200, "status": "captured"},
    "refund": {"amount_fen": 100},
    "packing_run": {"input_grams": 3, "output_grams": 2, "loss_grams": 1},
    "lot": {"quantity": 5, "on_hand": 5},
    "stock": {"on_hand": 5},
    "variant": {"price_fen": 500, "weight_grams": 500},
    "product": {"ship_within_hours": 48},
    "intake": {"gross_grams": 3, "tare_grams": 1, "net_grams": 2, "left_grams": 2},
}
"""What a table's CHECK constraints ask beyond a 1, a word or a time."""


class Rows:
    """Makes rows on one connection; ``rows("refund", amount_fen=5)`` gives the row's values."""

    def __init__(self, connection: sa.Connection, prefix: str = "w") -> None:
        self.connection = connection
        self.prefix = prefix
        self._numbers = count(1)

    def __call__(self, name: str, **values: Any) -> dict[str, Any]:
        table = Base.metadata.tables[name]
        given = NEEDS.get(name, {}) | values
        row = {
            column.name: given[column.name] if column.name in given else self._value(column)
            for column in table.columns
            if column.name in given or self._needed(column)
        }
        made = self.connection.execute(table.insert().values(row).returning(*table.columns))
        return dict(made.mappings().one())

    def balanced(self, **header: Any) -> dict[str, Any]:
        """A ledger transaction of two legs, legs first."""
        order, tx_id = self("orders"), f"tx{next(self._numbers)}"
        for amount in (100, -100):
            self("ledger_entry", tx_id=tx_id, order_id=order["id"], amount_fen=amount)
        return self("ledger_tx", id=tx_id, order_id=order["id"], **header)

    def _needed(self, column: "sa.Column[Any]") -> bool:
        if column.primary_key and column.autoincrement and not column.foreign_keys:
            return not isinstance(column.type, sa.Integer)
        return not column.nullable

    def _value(self, column: "sa.Column[Any]") -> Any:
        if column.foreign_keys:
            target = next(iter(column.foreign_keys)).column
            return self(target.table.name)[target.name]
        if column.default is not None and column.default.is_scalar:
            return column.default.arg
        return self._plain(column.type)

    def _plain(self, kind: Any) -> Any:
        if isinstance(kind, Word):
            return next(iter(kind.words))
        if isinstance(kind, UtcDateTime):
            return AT
        for type_, value in ((sa.Date, date(2026, 3, 2)), (sa.Boolean, False), (sa.JSON, {})):
            if isinstance(kind, type_):
                return value
        if isinstance(kind, sa.String):
            return f"{self.prefix}{next(self._numbers)}"[-(kind.length or 40) :]
        return 1


def refused(connection: sa.Connection, statement: str, **values: Any) -> str:
    """Run a statement that must fail, up to its commit; gives what the database said."""
    try:
        connection.execute(sa.text(statement), values)
        connection.commit()
    except sa.exc.DBAPIError as error:
        connection.rollback()
        return str(error.orig)
    raise AssertionError(f"the database allowed: {statement}")
