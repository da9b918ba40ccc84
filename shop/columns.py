"""Column types of both databases."""

from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    ColumnElement,
    DateTime,
    Dialect,
    Integer,
    String,
    TypeDecorator,
    literal_column,
)
from sqlalchemy.dialects.postgresql import JSONB

BigInt = BigInteger().with_variant(Integer, "sqlite")
Json = JSON().with_variant(JSONB(), "postgresql")


class UtcDateTime(TypeDecorator[datetime]):
    """An aware UTC instant; SQLite keeps it as naive text of one width, so it sorts."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a naive time reached the database")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class _WordComparator(TypeDecorator.Comparator[StrEnum]):
    """Compares with the word written out in the statement instead of sent beside it.

    Only so may a plan that serves every call, and SQLite at all, use an index of the rows in one
    state: behind a parameter they cannot know which state is meant.
    """

    def operate(self, op: Any, *other: Any, **words: Any) -> ColumnElement[Any]:
        return super().operate(op, *(self._written(one) for one in other), **words)

    def _written(self, one: Any) -> Any:
        if isinstance(one, StrEnum):
            return literal_column(f"'{self.type.words(one)}'", self.type)  # type: ignore[attr-defined]
        if isinstance(one, list | tuple | set | frozenset):
            return [self._written(each) for each in sorted(one, key=str)]
        return one


class Word(TypeDecorator[StrEnum]):
    """A StrEnum stored by its value; pair it with ``one_of`` for the CHECK."""

    impl = String(32)
    cache_ok = True
    comparator_factory = _WordComparator

    def __init__(self, words: type[StrEnum]) -> None:
        super().__init__()
        self.words = words

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        return None if value is None else str(self.words(value))

    def process_result_value(self, value: Any, dialect: Dialect) -> StrEnum | None:
        return None if value is None else self.words(value)


def one_of(column: str, words: type[StrEnum]) -> CheckConstraint:
    """The CHECK that keeps a ``Word`` column inside its enum."""
    listed = ", ".join(f"'{word.value}'" for word in words)
    return CheckConstraint(f"{column} IN ({listed})", name=f"{column}_known")
