"""Money that was held back because it fits no order: sent back, or set aside with a reason."""

from datetime import datetime

from sqlalchemy import select

from shop.db import db, transactional
from shop.domain.compliance import service as tasks
from shop.domain.compliance.models import Task
from shop.domain.orders import service as orders
from shop.domain.orders.states import OrderStatus
from shop.domain.outbox.models import InboxEvent
from shop.domain.outbox.states import InboxStatus
from shop.domain.payments import service as payments
from shop.domain.payments.models import Payment, Refund
from shop.domain.payments.states import PaymentStatus, RefundCause
from shop.flows import owing, working
from shop.kernel.actor import Actor
from shop.kernel.errors import IllegalMove, NotFound
from shop.kernel.money import yuan
from shop.reads.held_back import returnable


@transactional
def send_back(*, actor: Actor, task_id: int, now: datetime) -> Refund:
    """Owe money that pays nothing back whole, and finish its task; the order may be paid anew.

    The payment then says what really came. Raises ``NotFound`` for a task about something else
    and ``IllegalMove`` where nothing came that could go back from here.
    """
    task, event = _held(task_id, actor)
    found = returnable(event)
    if found is None:
        raise IllegalMove("this money cannot be sent back from here")
    payment_id, fen = found
    order = orders.locked(db.session.get_one(Payment, payment_id).order_id)
    payment = payments.locked(payment_id)
    if payment.provider_id is None:
        payments.note_provider(payment, event.payload["provider_id"], next_action=None)
    came = payments.move(
        payment, PaymentStatus.SURPLUS, source="shop", captured_at=now, amount_fen=fen, now=now
    )
    if not came:
        raise IllegalMove("this payment has moved on", current=str(payment.status))
    late = order.status is OrderStatus.CANCELLED and order.paid_at is None
    cause = RefundCause.LATE_PAYMENT if late else RefundCause.DOUBLE_PAYMENT
    refund = owing.owe_surplus(payment, cause=cause, now=now)
    event.status, event.applied_at = InboxStatus.APPLIED, now
    note = f"{order.number} {yuan(fen)}"
    tasks.close_task(f"standing:{payment.id}", actor=actor, note=note, now=now)
    tasks.finish(task.id, actor=actor, note=note, now=now)
    return refund


@transactional
def dismiss(*, actor: Actor, task_id: int, reason: str, now: datetime) -> None:
    """Set a report aside for good, with the reason a person gives.

    Raises ``NotFound`` and ``IllegalMove`` as ``send_back`` does.
    """
    task, event = _held(task_id, actor)
    event.status = InboxStatus.IGNORED
    tasks.finish(task.id, actor=actor, note=reason, now=now)


def _held(task_id: int, actor: Actor) -> tuple[Task, InboxEvent]:
    """The operator's task and the report it names, ours until the transaction ends."""
    if not actor.is_operator:
        raise NotFound
    task = working.in_reach(actor, task_id)
    event = db.session.scalar(
        select(InboxEvent)
        .where(InboxEvent.id == working.id_in(task, "inbox"))
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if event is None:
        raise NotFound
    if event.status is not InboxStatus.QUARANTINED:
        raise IllegalMove("this report is not held back", current=str(event.status))
    return task, event
