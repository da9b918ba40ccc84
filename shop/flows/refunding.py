"""Asking for money back: whose goods and whose freight, as a manager or the operator may."""

from collections.abc import Mapping
from datetime import datetime

from shop.db import transactional
from shop.domain.orders import queries as order_queries
from shop.domain.orders import service as orders
from shop.domain.orders.models import Order, OrderLine
from shop.domain.payments import queries as payment_queries
from shop.domain.payments.errors import RefundExceedsCaptured
from shop.domain.payments.models import Refund
from shop.domain.payments.states import RefundCause
from shop.flows import withdrawing
from shop.flows.owing import goods_left, owe
from shop.kernel.actor import Actor
from shop.kernel.errors import Invalid, NotFound


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
    ``amount_fen`` all that is left is owed or, with ``freight``, the freight alone. An amount
    above the goods left draws on the freight in reach. Raises ``NotFound``,
    ``RefundExceedsCaptured``, ``AlreadyRefunded``, ``Invalid``.
    """
    order = orders.locked(order_queries.by_number(number).id)
    key = f"ask:{order.id}:{actor.user_id}:{request_key}"
    if known := payment_queries.refund_by_key(key):
        return known
    reach = _reach(order, actor)
    if amount_fen is not None and amount_fen <= 0:
        raise Invalid.at("/amount_fen", "an amount is above zero")
    units = _asked_units(reach, lines, by_amount=amount_fen is not None)
    chosen = [line for line in reach if line.id in units]
    unnamed = lines is None and amount_fen is None
    with_freight = freight or unnamed
    draws_freight = with_freight or (amount_fen or 0) > goods_left(chosen)
    refund = owe(
        order,
        lines={} if freight and unnamed else units,
        amount_fen=amount_fen,
        freight=with_freight,
        cooperative_id=_one_seller(order, chosen, with_freight=draws_freight),
        cause=RefundCause.GOODWILL,
        reason=reason,
        actor=actor,
        now=now,
        dedupe_key=key,
    )
    withdrawing.units_given_back(order, actor=actor, now=now)
    return refund


def _reach(order: Order, actor: Actor) -> list[OrderLine]:
    own = actor.cooperatives("manager")
    reach = [line for line in order.lines if actor.is_operator or line.cooperative_id in own]
    if not reach:
        raise NotFound
    return reach


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
