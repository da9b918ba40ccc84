"""Orders that arrive while others are being placed go together in the next transaction.

Who comes to an idle shop places its own order at once. Who comes while a transaction is under way
waits for its end; then the youngest of those who wait places the orders of all, in the order they
came. So a commit is shared by as many as came during the one before, and nobody waits for company.
"""

import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from flask import Flask, current_app

from shop.domain.audit.service import Kept, KeyedRequest
from shop.domain.inventory.errors import OutOfStock
from shop.flows import answering, checkout
from shop.flows.checkout import Asked, Verdict
from shop.flows.drafting import OrderRequest, Placed
from shop.kernel.errors import Unavailable
from shop.tools import tools
from shop.web.admission import Overloaded
from shop.web.sold_out import SoldOut
from shop.web.terms import order_terms
from shop.web.who import me

MOST_TOGETHER = 64
MOST_WAITING = 512
PATIENCE_S = 4.0


@dataclass(eq=False)
class _Ticket:
    """One order in the queue; ``turn`` comes with its verdict, or with the lead."""

    asked: Asked
    turn: threading.Event = field(default_factory=threading.Event)
    verdict: Verdict | None = None
    leads: bool = False


class Gathering:
    """One process's queue of orders; ``place`` puts several into one transaction."""

    def __init__(self, place: Callable[[Sequence[Asked]], list[Verdict]]) -> None:
        self._place = place
        self._lock = threading.Lock()
        self._waiting: deque[_Ticket] = deque()
        self._busy = False

    def submit(self, asked: Asked) -> Verdict:
        """The verdict on one order.

        Raises ``Overloaded`` at once when too many wait, ``Unavailable`` when its turn does not
        come within four seconds.
        """
        ticket = _Ticket(asked)
        with self._lock:
            if len(self._waiting) >= MOST_WAITING:
                raise Overloaded("too many orders at this moment", retry_after=1)
            self._waiting.append(ticket)
            ticket.leads, self._busy = not self._busy, True
        try:
            if not ticket.leads and not self._has_turn(ticket):
                raise Unavailable("the orders before this one take too long")
            return ticket.verdict or self._lead(ticket)
        except BaseException:
            self._leave(ticket)
            raise

    def _has_turn(self, ticket: _Ticket) -> bool:
        if ticket.turn.wait(PATIENCE_S):
            return True
        with self._lock:
            in_queue = ticket in self._waiting
        return ticket.turn.is_set() or (not in_queue and ticket.turn.wait(PATIENCE_S))

    def _lead(self, leader: _Ticket) -> Verdict:
        """Place the orders of all who wait, then hand over to the youngest who came meanwhile."""
        with self._lock:
            count = min(len(self._waiting), MOST_TOGETHER)
            together = [self._waiting.popleft() for _ in range(count)]
        verdicts: list[Verdict] = [Unavailable("the order could not be placed")] * count
        try:
            verdicts = self._place([ticket.asked for ticket in together])
        finally:
            for ticket, verdict in zip(together, verdicts, strict=True):
                ticket.verdict = verdict
                ticket.turn.set()
            leader.leads = False
            self._hand_over()
        return verdicts[together.index(leader)]

    def _leave(self, ticket: _Ticket) -> None:
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
                youngest = self._waiting[min(len(self._waiting), MOST_TOGETHER) - 1]
                youngest.leads = True
                youngest.turn.set()


def install(app: Flask) -> None:
    """Open the queue of this process."""
    app.extensions["shop_gathering"] = Gathering(_place)
    app.extensions["shop_sold_out"] = SoldOut()


def place(
    request: OrderRequest, *, key: KeyedRequest | None, answer: Callable[[Placed], Kept]
) -> Placed | Kept:
    """Place the caller's order together with others'; raises what ``checkout.place_order`` does."""
    queue: Gathering = current_app.extensions["shop_gathering"]
    gone: SoldOut = current_app.extensions["shop_sold_out"]
    if refusal := gone.refusal(request.wishes):
        if key and (told := answering.told(key, now=tools().clock())):
            return told
        raise refusal
    verdict = queue.submit(Asked(request=request, actor=me(), key=key, answer=answer))
    if isinstance(verdict, OutOfStock):
        gone.note(request.wishes, verdict)
    if isinstance(verdict, Exception):
        raise verdict
    return verdict


def _place(asked: Sequence[Asked]) -> list[Verdict]:
    return checkout.place_orders(asked, terms=order_terms(tools().settings), now=tools().clock())
