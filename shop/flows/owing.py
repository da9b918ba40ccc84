"""Owing money back: counted on lines and freight, bounded by the database, left to the worker.

Every function runs inside a transaction that holds the order.
"""

from collections.abc import Mapping
from datetime import datetime

from shop.domain.orders import service as orders
from shop.domain.orders.models import Order, OrderLine, OrderPart
from shop.domain.outbox import service as outbox
from shop.domain.payments import freight as freights
from shop.domain.payments import queries as payment_queries
from shop.domain.payments import service as payments
from shop.domain.payments.errors import AlreadyRefunded, RefundExceedsCaptured
from shop.domain.payments.models import Payment, Refund
from shop.domain.payments.states import PaymentStatus, RefundCause
from shop.kernel.actor import Actor
from shop.kernel.errors import NotFound
from shop.kernel.money import allocate


def owe(
    order: Order,
    *,
    lines: Mapping[int, int],
    cause: RefundCause,
    reason: str,
    actor: Actor,
    now: datetime,
    dedupe_key: str,
    amount_fen: int | None = None,
    freight: bool = False,
    cooperative_id: int | None = None,
    claim_id: int | None = None,
) -> Refund:
    """Write what is owed back for units of a paid order.

    ``lines`` maps order line ids to units (0 where only money is given); without ``amount_fen``
    the units' price is owed. ``freight`` adds what is left of the freight of ``cooperative_id``,
    or of every part; an amount above the goods left draws on that freight too. Raises
    ``RefundExceedsCaptured``, ``AlreadyRefunded``.
    """
    known = payment_queries.refund_by_key(dedupe_key)
    if known is not None:
        return known
    payment = payment_queries.that_paid(order.id)
    if payment is None:
        raise RefundExceedsCaptured("nothing was paid", left_fen=0)
    if payment.refunded_fen >= payment.amount_fen and amount_fen is None:
        raise AlreadyRefunded("everything was given back")
    shares = _shares(order, lines, amount_fen)
    goods_fen = sum(fen for _, fen in shares.values())
    fee = _freight(order, cooperative_id, whole=freight, goods_fen=goods_fen, amount_fen=amount_fen)
    if goods_fen + fee <= 0:
        raise AlreadyRefunded("nothing is left to give back")
    refund = _write(
        payment,
        goods_fen + fee,
        fee,
        shares,
        cause=cause,
        reason=reason,
        dedupe_key=dedupe_key,
        cooperative_id=cooperative_id,
        claim_id=claim_id,
        actor=actor,
        now=now,
        after_completion=order.completed_at is not None,
    )
    if payment.refunded_fen == payment.amount_fen:
        payments.move(payment, PaymentStatus.REFUND_DUE, source="shop", now=now)
    return refund


def goods_left(lines: list[OrderLine]) -> int:
    """Fen of the goods of lines that have not been given back."""
    return sum(line.total_fen - line.refunded_fen for line in lines)


def _shares(
    order: Order, lines: Mapping[int, int], amount_fen: int | None
) -> dict[int, tuple[int, int]]:
    """(units, fen) a line; counts them on the order's lines, which refuse too much.

    Of an amount, the goods give what they can.
    """
    chosen = {line.id: line for line in order.lines if line.id in lines}
    if len(chosen) != len(lines):
        raise NotFound
    units = {line_id: lines[line_id] for line_id in chosen}
    if amount_fen is None:
        fens = {i: _value(chosen[i], units[i]) for i in chosen}
    else:
        left = {i: line.total_fen - line.refunded_fen for i, line in chosen.items()}
        taken = min(amount_fen, sum(left.values()))
        parts = allocate(taken, list(left.values())) if taken else [0] * len(left)
        fens = dict(zip(left, parts, strict=True))
    for line_id, line in chosen.items():
        if not orders.count_refund(line, quantity=units[line_id], amount_fen=fens[line_id]):
            raise RefundExceedsCaptured(
                "more than was bought", left_fen=line.total_fen - line.refunded_fen
            )
    return {i: (units[i], fens[i]) for i in chosen if units[i] or fens[i]}


def _value(line: OrderLine, units: int) -> int:
    """The price of units; what was given for the line already is never paid twice."""
    return min(units * line.unit_price_fen, line.total_fen - line.refunded_fen)


def _freight(
    order: Order,
    cooperative_id: int | None,
    *,
    whole: bool,
    goods_fen: int,
    amount_fen: int | None,
) -> int:
    """Count freight as given back: all that is left, or what an amount asks beyond the goods."""
    left = {
        part.cooperative_id: freight_left(part)
        for part in order.parts
        if cooperative_id in {None, part.cooperative_id}
    }
    free = 0 if whole else sum(left.values())
    beyond_fen = max((amount_fen or 0) - goods_fen, 0)
    if beyond_fen > free:
        raise RefundExceedsCaptured("more than is left", left_fen=goods_fen + free)
    given = left if whole else freights.drawn(left, beyond_fen)
    for part in order.parts:
        fen = given.get(part.cooperative_id, 0)
        if fen and not orders.count_freight_refund(part, fen):
            raise RefundExceedsCaptured("more than is left", left_fen=goods_fen)
    return sum(given.values())


def freight_left(part: OrderPart) -> int:
    """Fen of a cooperative's freight that have not been given back."""
    return part.freight_fen - part.freight_refunded_fen


def _write(
    payment: Payment,
    total: int,
    fee: int,
    shares: Mapping[int, tuple[int, int]],
    *,
    cause: RefundCause,
    reason: str,
    dedupe_key: str,
    cooperative_id: int | None,
    claim_id: int | None,
    actor: Actor,
    now: datetime,
    after_completion: bool,
) -> Refund:
    if total > payment.amount_fen - payment.refunded_fen:
        raise RefundExceedsCaptured(
            "more than is left", left_fen=payment.amount_fen - payment.refunded_fen
        )
    refund = payments.owe_refund(
        payment,
        amount_fen=total,
        freight_fen=fee,
        cause=cause,
        reason=reason,
        dedupe_key=dedupe_key,
        cooperative_id=cooperative_id,
        claim_id=claim_id,
        lines=shares,
        asked_by=actor.user_id,
        now=now,
        after_completion=after_completion,
    )
    queue(refund, now=now)
    return refund


def owe_surplus(payment: Payment, *, cause: RefundCause, now: datetime) -> Refund:
    """Money that pays nothing goes back whole."""
    refund = payments.owe_refund(
        payment,
        amount_fen=payment.amount_fen,
        freight_fen=0,
        cause=cause,
        reason=str(cause),
        dedupe_key=f"surplus:{payment.id}",
        cooperative_id=None,
        claim_id=None,
        lines={},
        asked_by=None,
        now=now,
    )
    payments.move(payment, PaymentStatus.REFUND_DUE, source="shop", now=now)
    queue(refund, now=now)
    return refund


def queue(refund: Refund, *, now: datetime) -> None:
    """Let the worker send it."""
    outbox.put(
        "refund.send",
        dedupe_key=f"refund.send:{refund.id}",
        payload={"refund_id": refund.id},
        now=now,
    )


def parts_with_nothing_sent(order: Order) -> list[OrderPart]:
    """Parts of which no unit has been handed over: their freight goes back too."""
    sent = {line.cooperative_id for line in order.lines if line.shipped > 0}
    return [part for part in order.parts if part.cooperative_id not in sent]
