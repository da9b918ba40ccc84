"""Who arrives while work is under way shares the next round of it.

Who comes to an idle queue is served at once. Who comes while a round is under way waits for its
end; then the youngest of those who wait does the work of all, in the order they came. So one
transaction, or one query, serves as many as came during the one before, and nobody waits for
company but for those whose requests have already been read.
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from shop.kernel.errors import Overloaded, Unavailable

MOST_TOGETHER = 64
MOST_WAITING = 512
PATIENCE_S = 4.0

A = TypeVar("A")
V = TypeVar("V")


@dataclass(eq=False)
class _Ticket(Generic[A, V]):
    """One in the queue; ``turn`` comes with its answer, or with the lead."""

    asked: A
    turn: threading.Event = field(default_factory=threading.Event)
    answers: Sequence[V] = ()
    leads: bool = False


class Together(Generic[A, V]):
    """One process's queue; ``work`` answers several askings, one answer for each.

    At most ``together`` share a round, and ``waiting`` wait for one.
    """

    def __init__(
        self,
        work: Callable[[Sequence[A]], Sequence[V]],
        *,
        together: int = MOST_TOGETHER,
        waiting: int = MOST_WAITING,
    ) -> None:
        self._work, self._together, self._most_waiting = work, together, waiting
        self._lock = threading.Lock()
        self._waiting: deque[_Ticket[A, V]] = deque()
        self._busy = False

    def submit(self, asked: A) -> V:
        """The answer to one.

        Raises ``Overloaded`` at once when too many wait, ``Unavailable`` when its turn does not
        come within four seconds or the round it was in has failed; who leads a round gets what
        ``work`` raises.
        """
        ticket: _Ticket[A, V] = _Ticket(asked)
        with self._lock:
            if len(self._waiting) >= self._most_waiting:
                raise Overloaded("too much at this moment", retry_after=1)
            self._waiting.append(ticket)
            ticket.leads, self._busy = not self._busy, True
        try:
            if not ticket.leads and not self._has_turn(ticket):
                raise Unavailable("what came before takes too long")
            if ticket.leads:
                self._lead(ticket)
        except BaseException:
            self._leave(ticket)
            raise
        if not ticket.answers:
            raise Unavailable("what came with this has failed")
        return ticket.answers[0]

    def _has_turn(self, ticket: _Ticket[A, V]) -> bool:
        if ticket.turn.wait(PATIENCE_S):
            return True
        with self._lock:
            in_queue = ticket in self._waiting
        return ticket.turn.is_set() or (not in_queue and ticket.turn.wait(PATIENCE_S))

    def _lead(self, leader: _Ticket[A, V]) -> None:
        """Serve all who wait, then hand over to the youngest who came meanwhile.

        Giving up the processor for a moment lets every request that has already been read come in.
        """
        time.sleep(0)
        with self._lock:
            count = min(len(self._waiting), self._together)
            together = [self._waiting.popleft() for _ in range(count)]
        try:
            found = self._work([ticket.asked for ticket in together])
            for ticket, answer in zip(together, found, strict=True):
                ticket.answers = (answer,)
        finally:
            for ticket in together:
                ticket.turn.set()
            leader.leads = False
            self._hand_over()

    def _leave(self, ticket: _Ticket[A, V]) -> None:
        """Somebody gives up waiting; a lead that was given meanwhile goes on to another."""
        with self._lock:
            if ticket in self._waiting:
                self._waiting.remove(ticket)
        if ticket.leads:
            ticket.leads = False
            self._hand_over()

    def _hand_over(self) -> None:
        with self._lock:
            self._busy = bool(self._waiting)
            if self._busy:
                youngest = self._waiting[min(len(self._waiting), self._together) - 1]
                youngest.leads = True
                youngest.turn.set()
