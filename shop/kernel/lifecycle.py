"""States are tables: a move that is not written down does not exist."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Generic, TypeVar

from shop.kernel.errors import IllegalMove

S = TypeVar("S", bound=StrEnum)


class Lifecycle(Generic[S]):
    """One subject's transition table."""

    def __init__(self, subject: str, table: Mapping[S, frozenset[S]]) -> None:
        self.subject = subject
        self.table = table

    def allows(self, current: S, target: S) -> bool:
        """Whether ``target`` follows ``current`` in the table."""
        return target in self.table[current]

    def check(self, current: S, target: S) -> S:
        """Give ``target`` back, or raise ``IllegalMove`` naming both states."""
        if not self.allows(current, target):
            raise IllegalMove(
                f"{self.subject}: {current} cannot become {target}",
                current=str(current),
                target=str(target),
            )
        return target

    def sources(self, target: S) -> tuple[S, ...]:
        """Every state from which ``target`` may be reached: the WHERE of a guarded UPDATE."""
        return tuple(state for state, targets in self.table.items() if target in targets)
