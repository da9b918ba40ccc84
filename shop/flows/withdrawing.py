"""What follows a refund: goods paid back before they leave stay on the shelf, and nobody waits."""

from datetime import datetime

from shop.db import db
from shop.domain.compliance import service as tasks
from shop.domain.orders import service as orders
from shop.domain.orders.models import Order, OrderLine
from shop.domain.orders.states import OrderStatus
from shop.domain.payments import queries as payment_queries
from shop.domain.payments.states import RefundCause
from shop.flows import following, holding, owing
from shop.flows.shipping import late_key
from shop.kernel.actor import Actor
from shop.reads.parcels import remaining

OPEN = frozenset(
    {
        OrderStatus.PAID,
        OrderStatus.PARTIALLY_SHIPPED,
        OrderStatus.SHIPPED,
        OrderStatus.DELIVERED,
    }
)
REASON = "nothing is left to send"


def units_given_back(order: Order, *, actor: Actor, now: datetime) -> None:
    """Let goods, freight and order follow the refund just owed; inside its transaction.

    Units given back before they were handed over are cancelled and return to their lots and to
    the buyer's quota, each once; when all that was paid goes back, so does whatever is left. A
    cooperative that sends nothing of its part keeps no freight. With nothing left to send, a
    partly sent order counts as sent; a wholly unsent one stays paid until its money is back.
    """
    if order.status not in OPEN:
        return
    for row in (*order.lines, *order.parts):
        db.session.refresh(row)
    withdrawn = _withdraw(order)
    if withdrawn:
        holding.put_back(order, withdrawn, actor_id=actor.user_id, now=now)
        for line, _ in withdrawn:
            db.session.refresh(line)
        _nothing_more_to_send(order, actor=actor, now=now)
    following.returns_given_back(order, actor=actor, now=now)
    following.parcels_moved(order, actor=actor, now=now)


def _withdraw(order: Order) -> list[tuple[OrderLine, int]]:
    """Cancel what will not be sent; gives lines with how many units of each are new."""
    payment = payment_queries.that_paid(order.id)
    whole = payment is not None and payment.refunded_fen == payment.amount_fen
    cancel = orders.cancel_rest if whole else orders.cancel_refunded
    units = [(line, cancel(line)) for line in order.lines]
    return [(line, count) for line, count in units if count > 0]


def _nothing_more_to_send(order: Order, *, actor: Actor, now: datetime) -> None:
    """Close what waited for the parts that are through, and give their unused freight back."""
    unsent = owing.parts_with_nothing_sent(order)
    for part in order.parts:
        own = [line for line in order.lines if line.cooperative_id == part.cooperative_id]
        if any(remaining(line) for line in own):
            continue
        late = late_key(order.id, part.cooperative_id)
        tasks.close_task(late, actor=actor, note=REASON, now=now)
        if part in unsent and owing.freight_left(part) > 0:
            owing.owe(
                order,
                lines={},
                freight=True,
                cooperative_id=part.cooperative_id,
                cause=RefundCause.CANCELLED,
                reason=REASON,
                actor=actor,
                dedupe_key=f"unsent-freight:{order.id}:{part.cooperative_id}",
                now=now,
            )
    if order.status is OrderStatus.PARTIALLY_SHIPPED and not any(map(remaining, order.lines)):
        orders.move(order, OrderStatus.SHIPPED, actor=actor, now=now, reason=REASON)
