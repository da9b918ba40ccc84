"""What of an order is income: its lines after refunds, with the lots they were taken from."""

from sqlalchemy import select

from shop.db import db
from shop.domain.inventory.models import Lot
from shop.domain.inventory.queries import lot_sales
from shop.domain.orders.models import Order, OrderLine
from shop.domain.settlement import queries as books
from shop.domain.settlement.models import SplitRule
from shop.domain.settlement.split import Grower, LotShare, SoldLine
from shop.kernel.money import allocate


def sold_lines(order: Order) -> list[SoldLine]:
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
