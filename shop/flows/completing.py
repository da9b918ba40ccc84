"""Completing an order: its income is posted in the same breath."""

import logging
from datetime import datetime, timedelta

from sqlalchemy import select

from shop.db import db, transactional
from shop.domain.inventory.models import Lot
from shop.domain.inventory.queries import lot_sales
from shop.domain.orders import queries as order_queries
from shop.domain.orders import service as orders
from shop.domain.orders.models import Order, OrderLine
from shop.domain.orders.states import OrderStatus
from shop.domain.settlement import queries as books
from shop.domain.settlement import service as ledger
from shop.domain.settlement.models import SplitRule
from shop.domain.settlement.split import Grower, LotShare, SoldLine, legs_of
from shop.domain.settlement.states import TxKind
from shop.kernel.actor import SYSTEM, Actor
from shop.kernel.money import allocate

log = logging.getLogger(__name__)


@transactional
def confirm_receipt(*, actor: Actor, number: str, now: datetime) -> Order:
    """The buyer has the goods; a second press changes nothing. Raises ``OrderStateConflict``."""
    order = orders.locked(order_queries.of_buyer(number, actor.user_id).id)
    if order.status is not OrderStatus.COMPLETED:
        _complete(order, actor=actor.wearing("buyer"), now=now)
    return order


@transactional
def complete_order(order_id: int, *, now: datetime) -> bool:
    """Complete a delivered order nobody confirmed; ``False``: it has moved on."""
    order = orders.locked(order_id)
    if order.status is not OrderStatus.DELIVERED:
        return False
    _complete(order, actor=SYSTEM, now=now)
    return True


def complete_due(now: datetime, *, after_days: int) -> int:
    """Complete what was delivered ``after_days`` ago, one transaction each; one stops no other."""
    done = 0
    for order_id in order_queries.delivered_before(now - timedelta(days=after_days)):
        try:
            done += complete_order(order_id, now=now)
        except Exception:
            log.exception("could not complete order %s", order_id)
    return done


def _complete(order: Order, *, actor: Actor, now: datetime) -> None:
    orders.move(order, OrderStatus.COMPLETED, actor=actor, now=now)
    legs = [leg for line in _sold_lines(order) for leg in legs_of(line)]
    ledger.post(
        TxKind.COMPLETION, legs, cause_key=f"completion:{order.id}", order_id=order.id, now=now
    )


def _sold_lines(order: Order) -> list[SoldLine]:
    """Each line's income after the refunds owed so far, with the lots it was taken from."""
    rules = books.rules([part.split_rule_id for part in order.parts])
    rule_of = {part.cooperative_id: rules[part.split_rule_id] for part in order.parts}
    freight_of = {
        part.cooperative_id: part.freight_fen - part.freight_refunded_fen for part in order.parts
    }
    lots = _lots(order.id)
    sold = []
    for seller in sorted(rule_of):
        own = [line for line in order.lines if line.cooperative_id == seller and lots.get(line.id)]
        gross = [line.total_fen - line.refunded_fen for line in own]
        if not own:
            continue
        weights = gross if sum(gross) else [1] * len(own)
        freight = allocate(freight_of[seller], weights)
        sold += [
            _sold_line(line, rule_of[seller], fen, fee, lots[line.id])
            for line, fen, fee in zip(own, gross, freight, strict=True)
        ]
    return sold


def _sold_line(
    line: OrderLine, rule: SplitRule, gross_fen: int, freight_fen: int, lots: list[LotShare]
) -> SoldLine:
    return SoldLine(
        order_line_id=line.id,
        cooperative_id=line.cooperative_id,
        host_id=line.host_id,
        commission_bp=line.commission_bp,
        rule=rule,
        gross_fen=gross_fen,
        freight_fen=freight_fen,
        lots=tuple(lots),
    )


def _lots(order_id: int) -> dict[int, list[LotShare]]:
    """Lots of each line, by the units that stayed sold; by all units where none did."""
    found: dict[int, list[LotShare]] = {}
    sales = lot_sales(order_id)
    lots = {
        lot.id: lot
        for lot in db.session.scalars(select(Lot).where(Lot.id.in_([s.lot_id for s in sales])))
    }
    for sale in sales:
        growers = tuple(
            Grower(farmer_id=c.farmer_id, village_id=c.village_id, grams=c.grams)
            for c in lots[sale.lot_id].contributions
        )
        share = LotShare(lot_id=sale.lot_id, units=sale.quantity - sale.returned, growers=growers)
        if share.units > 0:
            found.setdefault(sale.order_line_id, []).append(share)
    return found
