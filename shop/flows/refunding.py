"""Owing money back: counted on the lines, bounded by the database, queued for the worker."""

from collections.abc import Mapping
from datetime import datetime

from shop.db import transactional
from shop.domain.orders import queries as order_queries
from shop.domain.orders import service as orders
from shop.domain.orders.models import Order, OrderLine, OrderPart
from shop.domain.outbox import service as outbox
from shop.domain.payments import queries as payment_queries
from shop.domain.payments import service as payments
from shop.domain.payments.errors import AlreadyRefunded, RefundExceedsCaptured
from shop.domain.payments.models import Payment, Refund
from shop.domain.payments.states import PaymentStatus, RefundCause
from shop.kernel.actor import Actor
from shop.kernel.errors import Invalid, NotFound
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
    """Write what is owed back for units of a paid order; inside a transaction.

    ``lines`` maps order line ids to units (0 where only money is given); without ``amount_fen``
    the units' price is owed. ``freight`` adds what is left of the freight of ``cooperative_id``,
    or of every part. Raises ``RefundExceedsCaptured``, ``AlreadyRefunded``.
    """
    known = payment_queries.refund_by_key(dedupe_key)
    if known is not None:
        return known
    payment = payment_queries.that_paid(order.id)
    if payment is None:
        raise RefundExceedsCaptured("nothing was paid", left_fen=0)
    if payment.refunded_fen >= payment.amount_fen:
        raise AlreadyRefunded("everything was given back")
    shares = _shares(order, lines, amount_fen)
    fee = _give_freight(order, cooperative_id) if freight else 0
    total = sum(fen for _, fen in shares.values()) + fee
    if total <= 0:
        raise AlreadyRefunded("nothing is left to give back")
    refund = _write(
        payment,
        total,
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


def _shares(
    order: Order, lines: Mapping[int, int], amount_fen: int | None
) -> dict[int, tuple[int, int]]:
    """(units, fen) a line; counts them on the order's lines, which refuse too much."""
    chosen = {line.id: line for line in order.lines if line.id in lines}
    if len(chosen) != len(lines):
        raise NotFound
    units = {line_id: lines[line_id] for line_id in chosen}
    if amount_fen is None:
        fens = {i: _value(chosen[i], units[i]) for i in chosen}
    else:
        left = {i: line.total_fen - line.refunded_fen for i, line in chosen.items()}
        if amount_fen > sum(left.values()):
            raise RefundExceedsCaptured("more than is left", left_fen=sum(left.values()))
        parts = allocate(amount_fen, list(left.values())) if amount_fen else [0] * len(left)
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


def _give_freight(order: Order, cooperative_id: int | None) -> int:
    given = 0
    for part in order.parts:
        if cooperative_id is not None and part.cooperative_id != cooperative_id:
            continue
        fee = part.freight_fen - part.freight_refunded_fen
        if fee > 0 and orders.count_freight_refund(part, fee):
            given += fee
    return given


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
    """Money that pays nothing goes back whole; inside a transaction."""
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


@transactional
def ask_refund(
    *,
    actor: Actor,
    number: str,
    lines: Mapping[str, int] | None,
    amount_fen: int | None,
    freight: bool,
    reason: str,
    request_key: str,
    now: datetime,
) -> Refund:
    """A manager, of own lines, or the operator gives money back.

    ``lines`` maps SKUs to units; without it every line in reach counts. Without ``lines`` and
    ``amount_fen`` all that is left is owed. Raises ``NotFound``, ``RefundExceedsCaptured``,
    ``AlreadyRefunded``, ``Invalid``.
    """
    order = orders.locked(order_queries.by_number(number).id)
    key = f"ask:{order.id}:{actor.user_id}:{request_key}"
    if known := payment_queries.refund_by_key(key):
        return known
    reach = [
        line
        for line in order.lines
        if actor.is_operator or line.cooperative_id in actor.cooperatives("manager")
    ]
    if not reach:
        raise NotFound
    if amount_fen is not None and amount_fen <= 0:
        raise Invalid.at("/amount_fen", "an amount is above zero")
    chosen = [line for line in reach if lines is None or line.sku in lines]
    with_freight = freight or (lines is None and amount_fen is None)
    return owe(
        order,
        lines=_asked_units(reach, lines, by_amount=amount_fen is not None),
        amount_fen=amount_fen,
        freight=with_freight,
        cooperative_id=_one_seller(order, chosen, with_freight=with_freight),
        cause=RefundCause.GOODWILL,
        reason=reason,
        actor=actor,
        now=now,
        dedupe_key=key,
    )


def _one_seller(order: Order, chosen: list[OrderLine], *, with_freight: bool) -> int | None:
    """The cooperative whose goods and freight are given back; ``None``: every one's."""
    sellers = {line.cooperative_id for line in chosen}
    if len(sellers) == 1:
        return sellers.pop()
    if with_freight and len(sellers) < len(order.parts):
        raise Invalid.at("/lines", "name goods of one cooperative, or of all")
    return None


def _asked_units(
    reach: list[OrderLine], lines: Mapping[str, int] | None, *, by_amount: bool
) -> dict[int, int]:
    if lines is None:
        return {line.id: 0 if by_amount else line.quantity - line.refunded for line in reach}
    by_sku = {line.sku: line for line in reach}
    for sku, units in lines.items():
        if sku not in by_sku:
            raise NotFound
        if units < 1:
            raise Invalid.at("/lines", "at least one unit", code="too-few")
        if units > by_sku[sku].quantity - by_sku[sku].refunded:
            raise RefundExceedsCaptured("more units than were bought", sku=sku)
    return {by_sku[sku].id: 0 if by_amount else units for sku, units in lines.items()}


def parts_with_nothing_sent(order: Order) -> list[OrderPart]:
    """Parts of which no unit has been handed over: their freight goes back too."""
    sent = {line.cooperative_id for line in order.lines if line.shipped > 0}
    return [part for part in order.parts if part.cooperative_id not in sent]
